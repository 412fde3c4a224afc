import { execFileSync } from 'node:child_process'
import {
  chownSync,
  existsSync,
  lchownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { FileError, freshFolder, openFolder, openPlace, removeEmptyFolder } from '../../../files/index.ts'
import { folderIn, isRoot, NOBODY, ownFolder } from './places.ts'

const opened = (path: string, options?: Parameters<typeof openFolder>[1]) => {
  const folder = openFolder(path, options)
  onTestFinished(folder.close)
  return folder
}
const refusal = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error
  }
}
function asSudo(uid: number): void {
  vi.stubEnv('SUDO_UID', String(uid))
  vi.stubEnv('SUDO_GID', String(uid))
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
}

describe('a document in a folder', () => {
  test('is private and whole, and leaves nothing beside it', async () => {
    const path = ownFolder()
    await opened(path).write('a.svg', ['half ', Buffer.from('and half')], 'new')
    expect(readFileSync(join(path, 'a.svg'), 'utf8')).toBe('half and half')
    expect(statSync(join(path, 'a.svg')).mode & 0o777).toBe(0o600)
    expect(readdirSync(path)).toEqual(['a.svg'])
  })

  test.each(['over', 'new'] as const)('that fails half way (%s) leaves the old one, and no half', async (how) => {
    const path = ownFolder()
    if (how === 'over') writeFileSync(join(path, 'a.svg'), 'old')
    async function* pieces() {
      yield 'x'.repeat(200_000)
      throw new Error('no more')
    }
    await expect(opened(path).write('a.svg', pieces(), how)).rejects.toThrow('no more')
    expect(readdirSync(path)).toEqual(how === 'over' ? ['a.svg'] : [])
    if (how === 'over') expect(readFileSync(join(path, 'a.svg'), 'utf8')).toBe('old')
  })

  test('for which there is no room leaves the old one, no half, and says what to do', async ({ skip }) => {
    skip(!isRoot, 'needs root')
    const path = ownFolder()
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'probe-test', path])
    try {
      writeFileSync(join(path, 'a.svg'), 'old')
      const folder = openFolder(path)
      const error = await folder.write('a.svg', ['x'.repeat(200_000)], 'over').catch((thrown) => thrown)
      folder.close()
      expect(error).toMatchObject({ code: 'ENOSPC', exitCode: 3, fix: expect.stringMatching(/free some space/) })
      expect(String(error)).toContain(join(path, 'a.svg'))
      expect(readFileSync(join(path, 'a.svg'), 'utf8')).toBe('old')
      expect(readdirSync(path)).toEqual(['a.svg'])
    } finally {
      execFileSync('umount', [path])
    }
  })

  test.each<[what: string, plant: (path: string, victim: string) => void]>([
    ['a link', (path, victim) => symlinkSync(victim, path)],
    ['a link to nothing', (path, victim) => symlinkSync(`${victim}-none`, path)],
    ['a second name of another file', (path, victim) => linkSync(victim, path)],
  ])('takes the place of %s and writes through nothing', async (_, plant) => {
    const [path, elsewhere] = [ownFolder(), ownFolder()]
    const victim = join(elsewhere, 'victim')
    writeFileSync(victim, 'precious')
    plant(join(path, 'a.svg'), victim)
    const folder = opened(path)
    await expect(folder.write('a.svg', ['mine'], 'new')).rejects.toMatchObject({ code: 'EEXIST', exitCode: 2 })
    await expect(folder.create('a.svg')).rejects.toMatchObject({ code: 'EEXIST' })
    await folder.write('a.svg', ['mine'], 'over')
    expect(readFileSync(join(path, 'a.svg'), 'utf8')).toBe('mine')
    expect(readdirSync(elsewhere)).toEqual(['victim'])
    expect(readFileSync(victim, 'utf8')).toBe('precious')
  })

  test('goes where the folder is that was opened, whatever gets its name', async () => {
    const [path, elsewhere] = [ownFolder(), ownFolder()]
    const folder = opened(folderIn(path, 'out'))
    renameSync(join(path, 'out'), join(path, 'away'))
    symlinkSync(elsewhere, join(path, 'out'))
    await folder.write('a.svg', ['x'], 'over')
    expect(readdirSync(elsewhere)).toEqual([])
    expect(readdirSync(join(path, 'away'))).toEqual(['a.svg'])
  })

  test.each(['../x', 'a/b', '..', '.', '', 'a\0b'])('is never called %j', async (name) => {
    await expect(opened(ownFolder()).write(name, ['x'], 'new')).rejects.toThrow(/not a plain file name/)
  })

  test('belongs to the user who called sudo, and so does a folder that is made', async ({ skip }) => {
    skip(!isRoot, 'needs root')
    asSudo(NOBODY)
    const path = ownFolder()
    const folder = opened(join(path, 'a/b'), { make: true })
    await folder.write('x', ['x'], 'new')
    for (const made of ['a', 'a/b', 'a/b/x']) expect(statSync(join(path, made))).toMatchObject({ uid: NOBODY })
    expect(statSync(join(path, 'a/b')).mode & 0o777).toBe(0o700)
    expect(folder.isNew).toBe(true)
    // What they own already is theirs to write to, and links of theirs lead there.
    symlinkSync('a', join(path, 'link'))
    lchownSync(join(path, 'link'), NOBODY, NOBODY)
    expect(opened(join(path, 'link/b')).isNew).toBe(false)
  })
})

describe('a folder where another user could exchange what is written is refused', () => {
  test.for<[what: string, why: RegExp, make: (parent: string) => string]>([
    ['of another user', /belongs to another user \(uid 65534\)/, (parent) => folderIn(parent, 'o', { uid: NOBODY })],
    ['of another user, although sticky', /another user/, (p) => folderIn(p, 'o', { uid: NOBODY, mode: 0o1777 })],
    [
      'that everybody may write to',
      /every user may write to .*\/o and could exchange it/,
      (parent) => folderIn(parent, 'o', { mode: 0o777 }),
    ],
    [
      'that a group may write to',
      /all of group 65533 may write to/,
      (parent) => {
        const path = folderIn(parent, 'o', { mode: 0o775 })
        chownSync(path, 0, 65533)
        return path
      },
    ],
    [
      'to be made in one of another user',
      /another user/,
      (parent) => join(folderIn(parent, 'o', { uid: NOBODY }), 'new'),
    ],
    [
      'behind a link of another user',
      /symbolic link of another user/,
      (parent) => {
        folderIn(parent, 'real')
        symlinkSync('real', join(parent, 'o'))
        lchownSync(join(parent, 'o'), NOBODY, NOBODY)
        return join(parent, 'o')
      },
    ],
    [
      'behind a link of ours that another user could exchange',
      /another user/,
      (parent) => {
        const theirs = folderIn(parent, 'theirs', { uid: NOBODY })
        symlinkSync(folderIn(parent, 'real'), join(theirs, 'o'))
        return join(theirs, 'o')
      },
    ],
  ])('%s', ([, why, make], { skip }) => {
    skip(!isRoot, 'needs root')
    const path = make(ownFolder())
    const error = refusal(() => openFolder(path, { make: true }))
    expect(error).toBeInstanceOf(FileError)
    expect(error).toMatchObject({ code: 'unsafe', exitCode: 2, fix: expect.any(String) })
    expect(String(error)).toMatch(why)
    expect(String(error)).toContain(path)
    if (existsSync(path)) expect(refusal(() => openPlace(join(path, 'file')))).toMatchObject({ code: 'unsafe' })
  })

  test('a place for working files has to be safe all the way, and the user behind sudo is another one', ({ skip }) => {
    skip(!isRoot, 'needs root')
    const parent = ownFolder()
    const theirs = folderIn(parent, 'theirs', { uid: NOBODY })
    const ours = folderIn(theirs, 'ours')
    expect(refusal(() => openFolder(ours, { purpose: 'work' }))).toMatchObject({ code: 'unsafe' })
    asSudo(NOBODY)
    expect(opened(theirs).path).toBe(theirs)
    expect(refusal(() => openFolder(theirs, { purpose: 'work' }))).toMatchObject({ code: 'unsafe' })
  })
})

test.each<[what: string, make: (parent: string) => string]>([
  ['a folder for all that is sticky, as /tmp is', (parent) => folderIn(parent, 'o', { mode: 0o1777 })],
  ['the folder of a private group', (parent) => folderIn(parent, 'o', { mode: 0o775 })],
  [
    'a link of our own',
    (parent) => {
      symlinkSync(folderIn(parent, 'real'), join(parent, 'o'))
      return join(parent, 'o')
    },
  ],
  ['a path with dots', (parent) => `${folderIn(parent, 'o')}/./../o//`],
])('taken is %s', async (_, make) => {
  const path = make(ownFolder())
  await opened(path).write('x', ['x'], 'new')
  expect(readFileSync(join(path, 'x'), 'utf8')).toBe('x')
})

test.each<[path: string, code: string]>([
  ['none/x', 'ENOENT'],
  ['file/x', 'ENOTDIR'],
  ['folder/', 'EISDIR'],
  ['folder/..', 'EISDIR'],
  ['', 'unsafe'],
])('a file that cannot be at %j is refused with %s', (name, code) => {
  const path = ownFolder()
  writeFileSync(join(path, 'file'), '')
  mkdirSync(join(path, 'folder'))
  expect(refusal(() => openPlace(name === '' ? '' : join(path, '.').concat('/', name)))).toMatchObject({
    code,
    exitCode: 2,
  })
})

test('a link that leads to itself is refused', () => {
  const path = ownFolder()
  symlinkSync('b', join(path, 'a'))
  symlinkSync('a', join(path, 'b'))
  expect(refusal(() => openFolder(join(path, 'a')))).toMatchObject({ message: expect.stringMatching(/too many/) })
})

test('a fresh folder is one that was not there: what has its name is left alone', async () => {
  const path = ownFolder()
  symlinkSync('/etc', join(path, 'out'))
  mkdirSync(join(path, 'out-2'), { mode: 0o777 })
  const folder = freshFolder(join(path, 'out'))
  onTestFinished(folder.close)
  expect(folder.path).toBe(join(path, 'out-3'))
  expect(statSync(folder.path).mode & 0o777).toBe(0o700)
  await removeEmptyFolder(`${folder.path}/`)
  expect(existsSync(folder.path)).toBe(false)
})

test('a folder with something in it stays', async () => {
  const path = ownFolder()
  writeFileSync(join(path, 'x'), '')
  await removeEmptyFolder(path)
  expect(existsSync(path)).toBe(true)
  rmSync(join(path, 'x'))
})
