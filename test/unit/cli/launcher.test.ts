import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
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
