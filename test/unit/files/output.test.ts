import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { writeNamed } from '../../../files/index.ts'
import { folderIn, isRoot, NOBODY, ownFolder } from './places.ts'

test('an existing file is replaced: who has it open, or by another name, keeps the old one', async () => {
  const path = ownFolder()
  const [file, other] = [join(path, 'a.svg'), join(path, 'other')]
  writeFileSync(file, 'old', { mode: 0o666 })
  linkSync(file, other)
  await writeNamed(file, ['new'])
  expect(readFileSync(file, 'utf8')).toBe('new')
  expect(readFileSync(other, 'utf8')).toBe('old')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(path).sort()).toEqual(['a.svg', 'other'])
})

test('a file of another user in a folder for all becomes ours', async ({ skip }) => {
  skip(!isRoot, 'needs root')
  const path = folderIn(ownFolder(), 'tmp', { mode: 0o1777 })
  writeFileSync(join(path, 'a.svg'), 'theirs', { mode: 0o666 })
  chownSync(join(path, 'a.svg'), NOBODY, NOBODY)
  await writeNamed(join(path, 'a.svg'), ['ours'])
  expect(statSync(join(path, 'a.svg'))).toMatchObject({ uid: 0, size: 4 })
})

test('a link of ours leads to what it names, also when that is not there yet', async () => {
  const path = ownFolder()
  folderIn(path, 'results')
  symlinkSync('results/a.svg', join(path, 'latest.svg'))
  for (const content of ['first', 'second']) {
    await writeNamed(join(path, 'latest.svg'), [content])
    expect(readFileSync(join(path, 'results/a.svg'), 'utf8')).toBe(content)
  }
  expect(lstatSync(join(path, 'latest.svg')).isSymbolicLink()).toBe(true)
})

test('a link of another user is refused, in a folder for all as well', async ({ skip }) => {
  skip(!isRoot, 'needs root')
  const parent = ownFolder()
  const path = folderIn(parent, 'tmp', { mode: 0o1777 })
  const victim = join(parent, 'victim')
  writeFileSync(victim, 'precious')
  symlinkSync(victim, join(path, 'a.svg'))
  lchownSync(join(path, 'a.svg'), NOBODY, NOBODY)
  await expect(writeNamed(join(path, 'a.svg'), ['x'])).rejects.toMatchObject({ code: 'unsafe', exitCode: 2 })
  expect(readFileSync(victim, 'utf8')).toBe('precious')
})

test('a device stays what it is, and a full one is an error', async () => {
  await writeNamed('/dev/null', ['x'])
  expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
  await expect(writeNamed('/dev/full', ['x'])).rejects.toMatchObject({
    code: 'ENOSPC',
    exitCode: 3,
    message: 'cannot write /dev/full: no space left on the device',
  })
})

test('a named pipe of ours is written to', async () => {
  const fifo = join(ownFolder(), 'pipe')
  execFileSync('mkfifo', [fifo])
  const reader = spawn('cat', [fifo])
  const [got] = await Promise.all([text(reader.stdout), writeNamed(fifo, ['x'.repeat(300_000)])])
  expect(got.length).toBe(300_000)
  expect(lstatSync(fifo).isFIFO()).toBe(true)
})

test.for<[what: string, plant: (path: string) => void]>([
  [
    'a pipe of another user',
    (path: string) => {
      execFileSync('mkfifo', [path])
      chownSync(path, NOBODY, NOBODY)
    },
  ],
  ['a block device', (path: string) => execFileSync('mknod', [path, 'b', '7', '200'])],
])('%s is refused', async ([, plant], { skip }) => {
  skip(!isRoot, 'needs root')
  const path = join(ownFolder(), 'out')
  plant(path)
  await expect(writeNamed(path, ['x'])).rejects.toMatchObject({ code: 'unsafe', exitCode: 2 })
})

test('a socket and a folder are refused', async () => {
  const path = ownFolder()
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(join(path, 'socket'), resolve)
  })
  onTestFinished(() => {
    server.close()
  })
  await expect(writeNamed(join(path, 'socket'), ['x'])).rejects.toMatchObject({ exitCode: 2 })
  await expect(writeNamed(path, ['x'])).rejects.toMatchObject({ code: 'EISDIR', exitCode: 2 })
})

test('whoever keeps putting links in the place of a file in a folder for all gets nothing written through them', async ({
  skip,
}) => {
  skip(!isRoot, 'needs root')
  const parent = ownFolder()
  chmodSync(parent, 0o755)
  const path = folderIn(parent, 'tmp', { mode: 0o1777 })
  const [file, victim] = [join(path, 'a.svg'), join(parent, 'victim')]
  writeFileSync(victim, 'precious', { mode: 0o600 })
  const script = 'echo on; while :; do ln -s "$1" "$2"; rm -f "$2"; done 2>/dev/null'
  const other = spawn('/bin/sh', ['-c', script, 'sh', victim, file], {
    uid: NOBODY,
    gid: NOBODY,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void other.kill('SIGKILL'))
  await once(other.stdout, 'data')
  const outcomes = new Set<string>()
  for (let n = 0; n < 300; n++) {
    await writeNamed(file, ['x']).then(
      () => outcomes.add('written'),
      (error: { code: string }) => outcomes.add(error.code),
    )
    rmSync(file, { force: true })
  }
  expect(outcomes).toContain('written')
  outcomes.delete('written')
  outcomes.delete('unsafe')
  expect([...outcomes]).toEqual([])
  expect(readFileSync(victim, 'utf8')).toBe('precious')
})

test('no descriptor is written to that Node has for itself', () => {
  const module = join(import.meta.dirname, '../../../files/index.ts')
  const script = `import { writeNamed } from ${JSON.stringify(module)}
    for (let n = 3; n < 64; n++)
      await writeNamed('/dev/fd/' + n, ['x']).then(() => console.log(n, 'written'), (error) => error.code === 'EBADF' || console.log(n, error))
    console.log('done')`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(stdout).toBe('done\n')
})
