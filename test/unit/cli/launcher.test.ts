import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const bundled = `node-linux-${process.arch}/bin/node`
let folder = ''

/** The package as npm installs it: in node_modules, with its command as a symbolic link. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'probe-launcher-'))
  mkdirSync(join(folder, 'node_modules/probe/cli'), { recursive: true })
  mkdirSync(join(folder, 'node_modules/.bin'))
  cpSync(join(root, 'cli/bin.sh'), join(folder, 'node_modules/probe/cli/bin.sh'))
  symlinkSync('../probe/cli/bin.sh', join(folder, 'node_modules/.bin/probe'))
  write('node_modules/probe/dist/cli/bin.js', '')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
  chmodSync(join(folder, file), 0o755)
}

/** A stand-in for Node that tells its name, its environment, its arguments and whose process it is. */
const standIn = (name: string) =>
  `#!/bin/sh\nwhile case $1 in *.js) false ;; esac; do shift; done\nshift\necho "${name} $NODE_ENV $$ $*"\nexit 7\n`

function start(...args: string[]) {
  const path = `${join(folder, 'bin')}:/usr/bin:/bin`
  const result = spawnSync(join(folder, 'node_modules/.bin/probe'), args, {
    cwd: '/',
    env: { PATH: path },
    encoding: 'utf8',
  })
  return { ...result, words: result.stdout.trim().split(' ') }
}

test.each([
  ['nested in the package', `node_modules/probe/node_modules/${bundled}`],
  ['beside the package', `node_modules/${bundled}`],
])("prefers the Node %s to the machine's", (_where, file) => {
  write(file, standIn('bundled'))
  write('bin/node', standIn('machine'))
  expect(start('list', 'a b').words).toEqual(['bundled', 'production', expect.any(String), 'list', 'a', 'b'])
})

test.for<[what: string, prepare: () => void]>([
  [
    'in a folder that is not called node_modules',
    () => {
      renameSync(join(folder, 'node_modules'), join(folder, 'things'))
      mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true })
      symlinkSync('../../things/probe/cli/bin.sh', join(folder, 'node_modules/.bin/probe'))
      write(`things/${bundled}`, standIn('planted'))
    },
  ],
  [
    'of another user in the folder of packages',
    () => {
      write(`node_modules/${bundled}`, standIn('planted'))
      chownSync(join(folder, `node_modules/${bundled}`), 65534, 65534)
    },
  ],
  [
    'in a folder of packages of another user',
    () => {
      write(`node_modules/${bundled}`, standIn('planted'))
      chownSync(join(folder, 'node_modules'), 65534, 65534)
    },
  ],
])('does not take a Node for its own that stands %s', ([what, prepare], { skip }) => {
  skip(what.includes('another user') && process.getuid?.() !== 0, 'needs root')
  write('bin/node', standIn('machine'))
  prepare()
  expect(start('list').words[0]).toBe('machine')
})

test("takes the machine's Node where none is bundled", () => {
  write('bin/node', standIn('machine'))
  expect(start('list').words[0]).toBe('machine')
})

test('leaves no process in between, and the exit code is that of probe', () => {
  write('bin/node', standIn('machine'))
  const { pid, words, status } = start('list')
  expect(words[2]).toBe(String(pid))
  expect(status).toBe(7)
})

test('says what to do when nothing was built', () => {
  rmSync(join(folder, 'node_modules/probe/dist'), { recursive: true })
  const { status, stderr } = start('list')
  expect(status).toBe(3)
  expect(stderr).toMatch(/^error: probe is not built yet\n {2}fix: cd .* && npm ci && npm run build {3}\(exit 3\)\n$/)
})

test('a run with too few descriptors to be had is refused in plain words; other commands need none', () => {
  write('bin/node', standIn('machine'))
  const limited = (limit: string, command: string) =>
    spawnSync('/bin/sh', ['-c', `ulimit ${limit}; exec "$0" "$@"`, join(folder, 'node_modules/.bin/probe'), command], {
      env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` },
      encoding: 'utf8',
    })
  const { status, stderr } = limited('-n 40', 'attach')
  expect(status).toBe(3)
  expect(stderr).toBe(
    'error: at most 40 files may be open here, and a run needs 256\n  fix: ulimit -n 1024   (exit 3)\n',
  )
  expect(limited('-n 40', 'list').stdout).toMatch(/^machine/)
  // The soft limit is the user's to raise, and so it is.
  expect(limited('-S -n 40', 'audit').stdout).toMatch(/^machine/)
})

test.for<[what: string, env: Record<string, string>]>([
  ['neither HOME nor SHELL', {}],
  ['empty ones', { HOME: '', SHELL: '' }],
])('a user without an entry in /etc/passwd, with %s, has both', ([, env], { skip }) => {
  skip(process.getuid?.() !== 0, 'needs root')
  write('bin/node', '#!/bin/sh\necho "HOME=$HOME SHELL=$SHELL"\n')
  chmodSync(folder, 0o755)
  const { stdout } = spawnSync(
    'setpriv',
    [
      ...['--reuid', '4242', '--regid', '4242', '--clear-groups', '--', 'env', '-i'],
      ...Object.entries({ ...env, PATH: `${join(folder, 'bin')}:/usr/bin:/bin` }).map(
        ([key, value]) => `${key}=${value}`,
      ),
      ...['/bin/sh', join(folder, 'node_modules/.bin/probe'), '--version'],
    ],
    { encoding: 'utf8' },
  )
  expect(stdout).toBe('HOME=/ SHELL=/bin/sh\n')
})
