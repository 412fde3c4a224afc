// Brings the bpftrace of other releases of this machine's Debian beside it, for tests: their packages are fetched by apt with
// state of its own, and unpacked without being installed. A program of another release runs by that release's loader on
// that release's libraries, so it needs neither root nor a chroot. Nothing of the machine's own apt is touched.
//
//   node cli/setup/tracers.mjs      fetches what is missing; npm test does it. Removing the folder it names fetches anew.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Debian's releases and the bpftrace each brings: a later one is one line. */
export const releases = [
  { release: 'bookworm', series: '0.17' },
  { release: 'trixie', series: '0.23' },
  { release: 'sid', series: '0.27' },
]

/** Where they are kept, for all checkouts of a user; never where others may write, since they are run as root. */
export const tracersFolder = process.env.HOME
  ? join(process.env.XDG_CACHE_HOME || join(process.env.HOME, '.cache'), 'probe-test')
  : join(dirname(fileURLToPath(import.meta.url)), '../../node_modules/.cache/probe-test')

const limitMs = 4 * 60_000

/**
 * The programs that can be had, and why the others cannot. Fetches nothing.
 * @returns {{ release: string, series: string, path: string | null, reason: string }[]}
 */
export function fetchedTracers() {
  return releases.map(({ release, series }) => {
    const path = join(tracersFolder, release, 'bpftrace')
    const isThere = existsSync(path)
    return {
      release,
      series,
      path: isThere ? path : null,
      reason: isThere ? '' : `no bpftrace ${series} here (node cli/setup/tracers.mjs)`,
    }
  })
}

/** Fetches what is missing; says so in one line each. What cannot be had is said with the reason, and is no failure. */
export function fetchTracers(say) {
  const own = osRelease('VERSION_CODENAME')
  for (const { release, series } of releases) {
    if (release === own || existsSync(join(tracersFolder, release, 'bpftrace'))) continue
    const started = Date.now()
    say(`setup: bpftrace ${series} of ${release}, for tests … `)
    const problem = fetchOne(release)
    say(problem === null ? `${((Date.now() - started) / 1000).toFixed(1)} s\n` : `not here: ${problem}\n`)
  }
}

/** Null, or why not, in a line. */
function fetchOne(release) {
  const archive = ownArchive()
  if (archive === null) return 'this machine is no Debian with apt'
  const work = `${join(tracersFolder, release)}.${process.pid}`
  try {
    const apt = privateApt(work, `deb ${archive.options}${archive.uri} ${release} main`)
    const update = run('apt-get', [...apt, '-qq', 'update'])
    if (update !== null) return update
    const got = run('apt-get', [...apt, '-qq', '-y', '--download-only', 'install', 'bpftrace'])
    if (got !== null) return got
    const root = join(work, 'root')
    const unpacked = unpack(join(work, 'cache/archives'), root)
    if (unpacked !== null) return unpacked
    writeLauncher(work)
    const started = run(join(work, 'bpftrace'), ['--version'])
    if (started !== null) return started
    for (const file of readdirSync(work).filter((name) => name !== 'root' && name !== 'bpftrace'))
      rmSync(join(work, file), { recursive: true, force: true })
    renameSync(work, join(tracersFolder, release))
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** The archive that the machine's own release comes from; null where there is none. */
function ownArchive() {
  const own = osRelease('VERSION_CODENAME')
  if (osRelease('ID') !== 'debian' || own === '') return null
  const listed = spawnSync('apt-get', ['indextargets', '--format', '$(CODENAME) $(REPO_URI)', 'Created-By: Packages'], {
    encoding: 'utf8',
  })
  const uri = (listed.stdout ?? '')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([codename]) => codename === own)?.[1]
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  return uri ? { uri, options: existsSync(keyring) ? `[signed-by=${keyring}] ` : '' } : null
}

/** Options that give apt everything of its own but the machine's way to the network: nothing counts as installed. */
function privateApt(work, source) {
  for (const folder of ['state/lists/partial', 'cache/archives/partial', 'none'])
    mkdirSync(join(work, folder), { recursive: true })
  writeFileSync(join(work, 'status'), '')
  writeFileSync(join(work, 'sources.list'), `${source}\n`)
  const settings = {
    'Dir::State': join(work, 'state'),
    'Dir::State::status': join(work, 'status'),
    'Dir::Cache': join(work, 'cache'),
    'Dir::Etc::sourcelist': join(work, 'sources.list'),
    'Dir::Etc::sourceparts': join(work, 'none'),
    'Dir::Etc::preferencesparts': join(work, 'none'),
    'APT::Install-Recommends': 'false',
    // as root, apt fetches as a user who may not look into a home
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    'Acquire::http::Timeout': '30',
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
}

/** Every package's files into one folder; programs and libraries stand below usr there, as in a merged system. */
function unpack(archives, root) {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) mkdirSync(join(root, 'usr', name), { recursive: true })
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    const problem = run('dpkg-deb', ['-x', join(archives, file), root])
    if (problem !== null) return problem
  }
  return null
}

/** Relative to where it stands: the folder gets its name when everything is in it. */
function writeLauncher(work) {
  const found = (folders, pattern) =>
    folders
      .flatMap((folder) => {
        const path = join(work, folder)
        return existsSync(path) ? readdirSync(path).map((name) => join(folder, name)) : []
      })
      .filter((path) => pattern.test(path))
  const libraries = found(['root/lib', 'root/usr/lib'], /-linux-gnu$/)
  const programs = ['root/lib64', 'root/usr/lib64', 'root/lib', 'root/usr/lib', ...libraries]
  const loader = found(programs, /\/ld-linux-[\w-]+\.so\.\d$/)[0]
  if (!loader) throw new Error('no loader in the packages')
  const at = (path) => `"$here/${path}"`
  const path = libraries.map(at).join(':')
  writeFileSync(
    join(work, 'bpftrace'),
    `#!/bin/sh\nhere=\${0%/*}\nexec ${at(loader)} --library-path ${path} ${at('root/usr/bin/bpftrace')} "$@"\n`,
  )
  chmodSync(join(work, 'bpftrace'), 0o755)
}

function run(command, args) {
  const { status, error, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
  })
  if (status === 0) return null
  const said = (stderr ?? '').split('\n').find((line) => /^E:|error/i.test(line))
  return said ?? error?.message ?? `${command} ended with code ${status}`
}

function osRelease(key) {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  return new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? ''
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  fetchTracers((text) => process.stderr.write(text))
  for (const { series, path, reason } of fetchedTracers()) process.stdout.write(`${series}\t${path ?? reason}\n`)
}
