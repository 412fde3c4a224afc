import { randomBytes } from 'node:crypto'
import { closeSync, constants, linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs'
import { type FileHandle, link, lstat, open, readdir, rename, rmdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { aboutPath, FileError } from './error.ts'
import { invoker } from './owner.ts'
import { isOfDeadRun, RUN_MARK, runMark } from './run-mark.ts'
import { makeFolder, type WalkOptions, walk, within } from './walk.ts'
import { type Pieces, writeAll } from './write-all.ts'

/**
 * A folder that was opened once and in which nobody else can exchange what we write. All files of the product are made
 * through one: private (0600), of the user behind sudo, through no link. Names are plain: no slash, no dot-dot.
 */
export interface Folder {
  /** as it was named, for people */
  readonly path: string
  /** of the open folder, O_PATH */
  readonly descriptor: number
  /** it was made when it was opened */
  readonly isNew: boolean
  /** the path of a name in it, for people and for other programs of the same user */
  pathOf(name: string): string
  /** the path of a name in it through the open folder: for reading, and for sockets */
  placeOf(name: string): string
  /** A new file that grows under its name. Throws FileError EEXIST where there is anything of that name. */
  create(name: string): Promise<FileHandle>
  /** The same, but without its name until `show` gives it. Who is killed before leaves a part, which later runs remove. */
  createUnseen(name: string): Promise<UnseenFile>
  /**
   * A whole document: written beside and renamed, so that a failure leaves nothing new and the old file as it was.
   * `new` throws FileError EEXIST where there is anything of that name; `over` takes its place, and writes through nothing.
   */
  write(name: string, pieces: Pieces, how: 'new' | 'over'): Promise<void>
  /** Removes a file; that there is none is no error. */
  remove(name: string): Promise<void>
  /** the same at once, as far as it can be done: for who leaves without waiting */
  removeNow(name: string): void
  close(): void
}

export interface UnseenFile {
  handle: FileHandle
  /** Gives it its name, at once. Throws FileError EEXIST where there is anything of that name by now. */
  show(): void
  /** Removes one that was never shown; it is closed by who opened it. */
  drop(): void
}

/**
 * Opens the folder that a user named, or makes it.
 *
 * @throws FileError also where somebody else could exchange what is written there
 */
export function openFolder(path: string, options: Pick<WalkOptions, 'make' | 'purpose'> = {}): Folder {
  const { descriptor, isNew } = walk(path, options)
  return { ...folderOf(path, descriptor), isNew }
}

/** More of one name than this nobody wants. */
const MOST = 1000

/** Makes a folder that was not there before: of that path, or with a number behind it where there is anything of that name. */
export function freshFolder(path: string): Folder {
  for (let n = 1; n < MOST; n++) {
    const candidate = n === 1 ? path : `${path}-${n}`
    const { folder, name } = openPlace(candidate)
    try {
      return { ...folderOf(candidate, makeFolder(folder.descriptor, name, candidate, invoker())), isNew: true }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
        throw aboutPath(error, 'create', candidate)
    } finally {
      folder.close()
    }
  }
  throw taken(path)
}

/** Removes a folder that is empty; where something is in it, it stays. */
export async function removeEmptyFolder(path: string): Promise<void> {
  const { folder, name } = openPlace(path.replace(/\/+$/, ''))
  try {
    await rmdir(folder.placeOf(name)).catch(() => undefined)
  } finally {
    folder.close()
  }
}

/** A file that a user named: its folder, opened once, and its name in it. */
export interface FilePlace {
  folder: Folder
  name: string
}

/** @throws FileError also where somebody else could exchange what is written there */
export function openPlace(path: string, { followLast = false } = {}): FilePlace {
  const { descriptor, name } = walk(path, { forFile: true, followLast })
  const slash = path.lastIndexOf('/')
  return { folder: folderOf(slash < 0 ? '.' : path.slice(0, slash) || '/', descriptor, followLast ? path : null), name }
}

/** @param file what people know the only file in it by, where that is not its folder and name */
export function folderOf(path: string, descriptor: number, file: string | null = null): Folder {
  const pathOf = (name: string) => file ?? join(path, plain(name))
  const placeOf = (name: string) => within(descriptor, plain(name))
  const create = async (name: string): Promise<FileHandle> => {
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
    const handle = await open(placeOf(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
    const user = invoker()
    if (user) await handle.chown(user.uid, user.gid)
    return handle
  }
  const told = async <T>(verb: string, name: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw aboutPath(error, verb, pathOf(name))
    }
  }
  let isOpen = true
  let tidy: Promise<void> | null = null
  const removeNow = (name: string): void => {
    try {
      unlinkSync(placeOf(name))
    } catch {
      // It is not there, or may not be removed: nobody is left to be told.
    }
  }
  const createPart = async (): Promise<{ part: string; handle: FileHandle }> => {
    tidy ??= removeLeftOver(descriptor)
    await tidy
    const part = `.probe-${runMark()}-${randomBytes(6).toString('hex')}.part`
    const handle = await create(part)
    unfinished.add(placeOf(part))
    return { part, handle }
  }
  return {
    path,
    descriptor,
    isNew: false,
    pathOf,
    placeOf,
    create: (name) => told('create', name, () => create(name)),
    createUnseen: (name) =>
      told('create', name, async () => {
        if (await exists(placeOf(name))) throw taken(pathOf(name))
        const { part, handle } = await createPart()
        return {
          handle,
          show: () => {
            try {
              renameNewNow(placeOf(part), placeOf(name))
            } catch (error) {
              throw aboutPath(error, 'create', pathOf(name))
            }
            unfinished.delete(placeOf(part))
          },
          drop: () => {
            removeNow(part)
            unfinished.delete(placeOf(part))
          },
        }
      }),
    write: (name, pieces, how) =>
      told('write', name, async () => {
        if (how === 'new' && (await exists(placeOf(name)))) throw taken(pathOf(name))
        const { part, handle } = await createPart()
        try {
          try {
            await writeAll(handle.fd, pieces)
          } finally {
            await handle.close()
          }
          if (how === 'over') await rename(placeOf(part), placeOf(name))
          else await renameNew(placeOf(part), placeOf(name))
        } catch (error) {
          await unlink(placeOf(part)).catch(() => undefined) // its name has gone with a rename that came to its end
          throw error
        } finally {
          unfinished.delete(placeOf(part))
        }
      }),
    remove: (name) =>
      told('remove', name, async () => {
        await unlink(placeOf(name)).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error
        })
      }),
    removeNow,
    close: () => {
      if (isOpen) closeSync(descriptor)
      isOpen = false
    },
  }
}

const PART = new RegExp(`^\\.probe-${RUN_MARK}-[0-9a-f]{12}\\.part$`)

/** Halves of documents whose writers were killed. */
async function removeLeftOver(descriptor: number): Promise<void> {
  const names = await readdir(within(descriptor)).catch(() => []) // a folder may be written and not read
  for (const name of names) {
    const [, ...mark] = PART.exec(name) ?? []
    if (isOfDeadRun(mark)) await unlink(within(descriptor, name)).catch(() => undefined) // it is somebody else's
  }
}

/** Who leaves at once (a second Ctrl-C) leaves no half of a document. */
const unfinished = new Set<string>()
process.once('exit', () => {
  for (const place of unfinished)
    try {
      unlinkSync(place)
    } catch {
      // it had just got its name
    }
})

/** A rename that never takes the place of anything: as a second name, or where the file system has none, after a look. */
async function renameNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || (await exists(to))) throw error
    await rename(from, to)
    return
  }
  await unlink(from)
}

function renameNewNow(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || lstatSync(to, { throwIfNoEntry: false })) throw error
    renameSync(from, to)
    return
  }
  unlinkSync(from)
}

const exists = (place: string): Promise<boolean> =>
  lstat(place).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )

const taken = (path: string) =>
  new FileError('EEXIST', path, `cannot write ${path}: it exists already`, {
    fix: 'choose another name',
    exitCode: 2,
  })

/** A defect of ours, and never to become a path: whoever makes a name of a foreign text does it by safeName. */
function plain(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name))
    throw new TypeError(`${JSON.stringify(name)} is not a plain file name`)
  return name
}
