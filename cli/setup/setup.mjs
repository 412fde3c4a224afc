// Brings a fresh checkout, on a machine with nothing but Node >= 18 and npm, to where `npm run demo|test|check|bench` can start.
// No dependencies: it runs before there are any. What cannot be installed is named with the command that does it, and the
// set-up goes on: the demo or the skipped test then says what it lacks.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sourceStamp, stampFile } from './stamp.mjs'
import { fetchTracers } from './tracers.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const minute = 60_000
const isRoot = process.getuid?.() === 0

/** Debian's package for each command (or file) that must be there. */
const tracer = [
  { needs: 'bpftrace', package: 'bpftrace' },
  // names of C++ and Rust functions
  { needs: 'c++filt', package: 'binutils' },
]
const testTools = [
  ...tracer,
  { needs: 'gcc', package: 'gcc' },
  { needs: '/usr/include/stdio.h', package: 'libc6-dev' },
  { needs: 'ip', package: 'iproute2' },
  { needs: 'nft', package: 'nftables' },
  { needs: 'bpftool', package: 'bpftool' },
  { needs: 'tmux', package: 'tmux' },
  { needs: 'ps', package: 'procps' },
  { needs: 'setsid', package: 'util-linux' },
  { needs: 'xmllint', package: 'libxml2-utils' },
  { needs: 'python3', package: 'python3' },
  { needs: 'javac', package: 'default-jdk-headless' },
  { needs: 'chromium', package: 'chromium' },
  { needs: 'jmeter', package: 'jmeter' },
  { needs: '/usr/share/jmeter/lib/ext/ApacheJMeter_http.jar', package: 'jmeter-http' },
]

const goals = {
  check: [installNodePackages],
  build: [installNodePackages, buildWhenStale],
  demo: [installNodePackages, buildWhenStale, () => installTools(tracer), mountTracefs],
  bench: [installNodePackages, buildWhenStale, () => installTools(tracer), mountTracefs],
  test: [installNodePackages, buildWhenStale, () => installTools(testTools), () => fetchTracers(say), mountTracefs],
}

const goal = process.argv[2] ?? ''
if (!Object.hasOwn(goals, goal)) fail(`usage: node cli/setup/setup.mjs ${Object.keys(goals).join('|')}`, 2)
for (const step of goals[goal]) step()

function installNodePackages() {
  if (packagesAreFresh()) return
  const npm = process.env.npm_execpath
  // Whatever the user's npm is set to leave out, the build and the bundled Node are needed.
  const all = ['--include=dev', '--include=optional', '--engine-strict=false']
  const args = ['ci', ...all, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  timed('npm packages', () =>
    npm?.endsWith('.js') ? run(process.execPath, [npm, ...args], 10 * minute) : run('npm', args, 10 * minute),
  ) || fail('npm ci failed\n  fix: npm ci', 1)
}

/** npm writes down what it installed; only packages of other platforms may be missing from that list. */
function packagesAreFresh() {
  const installed = readJson('node_modules/.package-lock.json')?.packages
  const wanted = readJson('package-lock.json')?.packages
  if (!installed || !wanted) return false
  return Object.entries(wanted).every(
    ([path, { version, optional, link }]) =>
      path === '' || link || (installed[path] ? installed[path].version === version : optional),
  )
}

function buildWhenStale() {
  const built = readText(stampFile)
  if (built !== undefined && built === sourceStamp(root) && existsSync(join(root, 'oclif.manifest.json'))) return
  timed('build', () => run(node(), ['cli/setup/build.mjs'], 5 * minute)) || fail('the build failed (see above)', 1)
}

/** The Node that came with the packages, else this one when it is new enough. */
function node() {
  const bundled = join(root, 'node_modules/.bin/node')
  if (existsSync(bundled) && spawnSync(bundled, ['-v']).status === 0) return bundled
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 15)) return process.execPath
  return fail(
    `Node.js ${process.versions.node} is too old and there is no bundled one for this machine\n  fix: install Node.js 22.15 or later`,
    3,
  )
}

function installTools(tools) {
  const missing = tools.filter(({ needs }) => !isThere(needs)).map((tool) => tool.package)
  if (missing.length === 0) return
  const command = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}`
  if (!isThere('apt-get'))
    return advise(`missing here: ${missing.join(', ')} (Debian's names)`, 'install them with your package manager')
  if (!isRoot) return advise(`missing here: ${missing.join(', ')}`, `sudo sh -c '${command}'`)
  timed('package lists', () => apt(['update'], 3 * minute))
  if (timed(missing.join(' '), () => aptInstall(missing, 8 * minute))) return
  // One package that cannot be had must not keep the others away.
  const lost = missing.filter((name) => !timed(name, () => aptInstall([name], 4 * minute)))
  if (lost.length > 0)
    advise(`could not install ${lost.join(', ')}`, `apt-get update && apt-get install ${lost.join(' ')}`)
}

function aptInstall(packages, limitMs) {
  return apt(['install', '-y', '--no-install-recommends', ...packages], limitMs)
}

function apt(args, limitMs) {
  const options = [
    '-qq',
    '-o',
    'Acquire::Retries=3',
    '-o',
    'Acquire::http::Timeout=30',
    '-o',
    'DPkg::Lock::Timeout=120',
  ]
  return run('apt-get', [...options, ...args], limitMs, { DEBIAN_FRONTEND: 'noninteractive' })
}

/** The tracer and our checks read tracepoints there; containers and small systems leave it unmounted. */
function mountTracefs() {
  if (/ tracefs /.test(readText('/proc/mounts') ?? '')) return
  const command = 'mount -t tracefs tracefs /sys/kernel/tracing'
  if (!isRoot) return advise('tracefs is not mounted', `sudo ${command}`)
  timed('mount tracefs', () => run('mount', ['-t', 'tracefs', 'tracefs', '/sys/kernel/tracing'], minute)) ||
    advise('tracefs could not be mounted', command)
}

/** True when it ended well. Output is shown only of what failed: progress lines say the rest. */
function run(command, args, limitMs, env = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    timeout: limitMs,
  })
  if (result.signal === 'SIGINT') process.exit(130)
  if (result.status === 0) return true
  const late =
    result.error?.code === 'ETIMEDOUT' ? `gave up after ${limitMs / 1000} s\n` : (result.error?.message ?? '')
  say(`\n${ends(`${result.stdout ?? ''}${result.stderr ?? ''}`)}${late}`)
  return false
}

function timed(what, work) {
  const started = Date.now()
  say(`setup: ${what} … `)
  const done = work()
  say(done ? `${((Date.now() - started) / 1000).toFixed(1)} s\n` : `setup: ${what} failed\n`)
  return done
}

function isThere(needs) {
  if (needs.startsWith('/')) return existsSync(needs)
  const path = `${process.env.PATH ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`
  return path.split(delimiter).some((folder) => existsSync(join(folder, needs)))
}

function readText(file) {
  try {
    return readFileSync(resolve(root, file), 'utf8')
  } catch {
    // Absent and unreadable mean the same to every caller: not there yet.
    return undefined
  }
}

function readJson(file) {
  const text = readText(file)
  return text === undefined ? undefined : JSON.parse(text)
}

/** The first lines name the error, the last ones the place. */
function ends(text) {
  const lines = text.trimEnd().split('\n')
  const shown = lines.length > 50 ? [...lines.slice(0, 20), '…', ...lines.slice(-20)] : lines
  return text ? `${shown.join('\n')}\n` : ''
}

function say(text) {
  process.stderr.write(text)
}

function advise(what, fix) {
  say(`setup: ${what}\n  fix: ${fix}\n`)
}

function fail(message, code) {
  say(`setup: ${message}\n`)
  process.exit(code)
}
