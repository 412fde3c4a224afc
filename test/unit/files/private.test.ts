import { execFileSync } from 'node:child_process'
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { runtimeFolder, temporaryFolder } from '../../../files/index.ts'
import { folderIn, isRoot, NOBODY, ownFolder } from './places.ts'

/** above the highest pid Linux can give */
const NO_PROCESS = 4194305
beforeEach(() => {
  vi.stubEnv('TMPDIR', '')
  vi.stubEnv('XDG_RUNTIME_DIR', '')
  return () => {
    vi.unstubAllEnvs()
  }
})

function made(options?: { isLarge: boolean }) {
  const folder = temporaryFolder('test', options)
  onTestFinished(folder.discard)
  return folder
}

test('working files are in a folder of ours alone, and are gone with it', async () => {
  vi.stubEnv('TMPDIR', ownFolder())
  const folder = made()
  expect(dirname(folder.path)).toBe(process.env['TMPDIR'])
  expect(statSync(folder.path).mode & 0o777).toBe(0o700)
  await folder.write('x', ['x'], 'new')
  folder.discard()
  expect(existsSync(folder.path)).toBe(false)
})

test.for<[what: string, make: (parent: string) => string]>([
  ['of another user', (parent) => folderIn(parent, 'tmp', { uid: NOBODY, mode: 0o700 })],
  ['in a folder of another user', (parent) => folderIn(folderIn(parent, 'theirs', { uid: NOBODY }), 'tmp')],
  ['that all may write to', (parent) => folderIn(parent, 'tmp', { mode: 0o777 })],
  ['that is relative', () => 'tmp'],
  ['that is not there', (parent) => join(parent, 'none')],
])('a TMPDIR %s is not used', ([, make], { skip }) => {
  skip(!isRoot, 'needs root')
  const given = make(ownFolder())
  vi.stubEnv('TMPDIR', given)
  vi.stubEnv('SUDO_UID', String(NOBODY))
  vi.stubEnv('SUDO_GID', String(NOBODY))
  const folder = made()
  expect(folder.path).not.toContain(given === 'tmp' ? process.cwd() : given)
  expect(statSync(folder.path)).toMatchObject({ uid: 0 })
  expect(existsSync('tmp')).toBe(false)
})

test('what may get large is not put into memory', () => {
  expect(dirname(made({ isLarge: true }).path)).toBe('/tmp')
})

test('folders of runs that were killed are tidied, those of runs that live and of others are not', ({ skip }) => {
  skip(!isRoot, 'needs root')
  const path = folderIn(ownFolder(), 'tmp', { mode: 0o1777 })
  vi.stubEnv('TMPDIR', path)
  const namespace = readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')
  const nameOf = (pid: number, ns = namespace) => `probe-test-${ns}-${pid}-1-0123456789ab`
  const [dead, foreign, elsewhere] = [nameOf(NO_PROCESS), nameOf(NO_PROCESS + 1), nameOf(NO_PROCESS, '1')]
  // Of this process's number, which another had before it.
  const reused = nameOf(process.pid)
  for (const name of [dead, foreign, elsewhere, reused]) {
    mkdirSync(join(path, name))
    writeFileSync(join(path, name, 'x'), '')
  }
  chownSync(join(path, foreign), NOBODY, NOBODY)
  symlinkSync('/etc', join(path, nameOf(NO_PROCESS + 2)))
  const living = made()
  const folder = made()
  expect(readdirSync(path).sort()).toEqual(
    [foreign, elsewhere, nameOf(NO_PROCESS + 2), basename(living.path), basename(folder.path)].sort(),
  )
})

test('they go with the process, however it leaves', () => {
  vi.stubEnv('TMPDIR', ownFolder())
  const script = `import { temporaryFolder } from ${JSON.stringify(join(import.meta.dirname, '../../../files/index.ts'))}
    const folder = temporaryFolder('test'); await folder.write('x', ['x'], 'new'); console.log(folder.path); process.exit(3)`
  const result = (() => {
    try {
      return execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
        env: process.env,
      })
    } catch (error) {
      return (error as { stdout: string }).stdout
    }
  })()
  expect(result).toContain(process.env['TMPDIR'])
  expect(readdirSync(String(process.env['TMPDIR']))).toEqual([])
})

test('sockets stand in XDG_RUNTIME_DIR where that is private and ours, for root else in /run', ({ skip }) => {
  skip(!isRoot, 'needs root')
  const pathOf = (given: string) => {
    vi.stubEnv('XDG_RUNTIME_DIR', given)
    const folder = runtimeFolder()
    folder.close()
    return folder.path
  }
  const parent = ownFolder()
  const ours = folderIn(parent, 'ours', { mode: 0o700 })
  expect(pathOf(ours)).toBe(join(ours, 'probe'))
  for (const given of [
    '',
    'relative',
    '/tmp',
    folderIn(parent, 'open'),
    folderIn(parent, 'theirs', { uid: NOBODY, mode: 0o700 }),
  ])
    expect(pathOf(given)).toMatch(/^\/(run\/probe|tmp\/probe-0)$/)
})
