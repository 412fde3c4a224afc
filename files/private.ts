import { randomBytes } from 'node:crypto'
import { fstatSync, lstatSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { aboutPath, FileError } from './error.ts'
import { type Folder, folderOf } from './folder.ts'
import { isOfDeadRun, RUN_MARK, runMark } from './run-mark.ts'
import { makeFolder, openWithin, walk, within } from './walk.ts'

/**
 * Where a user's running programs keep their sockets: `probe` in $XDG_RUNTIME_DIR (as its specification wants it: absolute, of
 * the user, 0700), for root else in /run, for others else /tmp/probe-UID.
 *
 * @throws FileError where somebody else made it first, or none can be made
 */
export function runtimeFolder(): Folder {
  const uid = process.geteuid?.() ?? 0
  const given = process.env['XDG_RUNTIME_DIR'] ?? ''
  if (isRuntimeDirectory(given, uid)) return privateFolder(given, 'probe')
  return firstOf(
    uid === 0
      ? [() => privateFolder('/run', 'probe'), () => privateFolder('/tmp', 'probe-0')]
      : [() => privateFolder('/tmp', `probe-${uid}`)],
  )
}

function isRuntimeDirectory(path: string, uid: number): boolean {
  if (!path.startsWith('/')) return false
  try {
    const { descriptor } = walk(path, { purpose: 'work' })
    const found = fstatSync(descriptor)
    folderOf(path, descriptor).close()
    return found.uid === uid && (found.mode & 0o077) === 0
  } catch {
    return false // it is not there, or others could exchange it
  }
}

/** A folder for what a run works with; nobody else reads or writes in it, or can exchange it on its path. */
export interface TemporaryFolder extends Folder {
  /** also done when this process ends */
  discard(): void
}

/**
 * Makes one. It goes into $TMPDIR where that is safe from others, else into the runtime folder (what may get large: into /tmp,
 * since /run is memory). Folders of runs that were killed are tidied away.
 *
 * @param purpose a word of its name
 * @throws FileError
 */
export function temporaryFolder(purpose: string, { isLarge = false } = {}): TemporaryFolder {
  const given = process.env['TMPDIR'] ?? ''
  const shared = ['/tmp', '/var/tmp'].map((path) => () => openWork(path))
  const parents = [
    ...(given.startsWith('/') ? [() => openWork(given)] : []),
    ...(isLarge ? [...shared, runtimeFolder] : [runtimeFolder, ...shared]),
  ]
  const name = `probe-${purpose}-${runMark()}-${randomBytes(6).toString('hex')}`
  return firstOf(
    parents.map((openParent) => () => {
      const parent = openParent()
      try {
        tidy(parent)
        const descriptor = makeFolder(parent.descriptor, name, parent.pathOf(name))
        return temporary(folderOf(readlinkSync(within(descriptor)), descriptor))
      } finally {
        parent.close()
      }
    }),
  )
}

function temporary(folder: Folder): TemporaryFolder {
  const discard = () => {
    if (!living.delete(discard)) return
    folder.close()
    try {
      // On its path nobody else can put anything in its place, and in it nobody else can write.
      rmSync(folder.path, { recursive: true, force: true })
    } catch {
      living.add(discard) // no descriptor is free, or the disk does not answer: at the end once more, else by the next run
    }
  }
  living.add(discard)
  return { ...folder, discard }
}

const living = new Set<() => void>()
process.once('exit', () => {
  for (const discard of living) discard()
})

const openWork = (path: string): Folder => folderOf(path, walk(path, { purpose: 'work' }).descriptor)

/** The private folder of a name, made where it is missing. */
function privateFolder(parent: string, name: string): Folder {
  const told = `${parent}/${name}`
  const outer = openWork(parent)
  try {
    const descriptor = tryMake(outer.descriptor, name, told) ?? tryOpen(outer.descriptor, name, told)
    const found = fstatSync(descriptor)
    const folder = folderOf(readlinkSync(within(descriptor)), descriptor)
    const isOurs = found.uid === process.geteuid?.()
    if (isOurs && (found.mode & 0o077) === 0) return folder
    folder.close()
    throw notPrivate(told, isOurs)
  } finally {
    outer.close()
  }
}

function tryMake(parent: number, name: string, told: string): number | null {
  try {
    return makeFolder(parent, name, told)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return null
    throw error
  }
}

function tryOpen(parent: number, name: string, told: string): number {
  try {
    return openWithin(parent, name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOTDIR' || error.code === 'ELOOP'))
      throw notPrivate(told, false) // a link, or a file
    throw aboutPath(error, 'open', told)
  }
}

const notPrivate = (path: string, isOurs: boolean) =>
  new FileError('unsafe', path, `${path} is not a private folder of yours`, {
    fix: isOurs ? `chmod 700 ${path}` : `rm -r ${path}`,
    exitCode: 3,
  })

/** The first that can be had; of the failures the first. */
function firstOf<T>(ways: readonly (() => T)[]): T {
  const failures: unknown[] = []
  for (const way of ways)
    try {
      return way()
    } catch (error) {
      failures.push(error)
    }
  throw failures[0]
}

const OF_A_RUN = new RegExp(`^probe-[a-z0-9]+-${RUN_MARK}-[0-9a-f]{12}$`)

/** Removes what runs of ours left that were killed: their process is gone, in a namespace where we would see it. */
function tidy(parent: Folder): void {
  try {
    for (const name of readdirSync(within(parent.descriptor))) {
      const [, ...mark] = OF_A_RUN.exec(name) ?? []
      if (!isOfDeadRun(mark)) continue
      const found = lstatSync(parent.placeOf(name), { throwIfNoEntry: false })
      if (found?.isDirectory() && found.uid === process.geteuid?.())
        rmSync(parent.placeOf(name), { recursive: true, force: true })
    }
  } catch {
    // A folder that may be written and not read, or that another run tidies as well: no reason not to begin.
  }
}
