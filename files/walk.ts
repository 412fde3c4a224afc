import { chownSync, closeSync, constants, fstatSync, mkdirSync, openSync, readlinkSync, type Stats } from 'node:fs'
import { aboutPath, FileError } from './error.ts'
import { exposure, invoker, trusted } from './owner.ts'

/** open(2): a descriptor that names a place and reads nothing. Node has no name for it; the same on all of Linux. */
const O_PATH = 0o10000000
const { O_DIRECTORY, O_NOFOLLOW } = constants
/** As many as the kernel follows. */
const MOST_LINKS = 40

export interface WalkOptions {
  /** missing folders are made, private */
  make?: boolean
  /** the last part is a file's name: it need not exist, and its folder is what is opened */
  forFile?: boolean
  /** with `forFile`: a link of ours at the end leads on to what it names */
  followLast?: boolean
  /** what is written: results may stand with the user who called sudo, work of root's only with root, and all the way there */
  purpose?: 'results' | 'work'
}

export interface Walked {
  /** of the folder, O_PATH; whoever asked closes it */
  descriptor: number
  /** with `forFile`: the last part, a plain name */
  name: string
  /** it was made, and maybe others on the way */
  isNew: boolean
}

/** The path of a name in an open folder: what openat(2) is elsewhere. Whoever exchanges a part of the way changes nothing. */
export const within = (descriptor: number, name = ''): string =>
  `/proc/self/fd/${descriptor}${name === '' ? '' : `/${name}`}`

/**
 * Opens a folder part by part, each within the one before, and follows no link on its own: those of other users are
 * refused, those of ours and of root are read where nobody else can exchange them.
 *
 * @throws FileError
 */
export function walk(path: string, options: WalkOptions = {}): Walked {
  const { make = false, forFile = false, followLast = false, purpose = 'results' } = options
  const isTrusted = trusted(purpose)
  const refuse = (why: string, fix?: string) =>
    new FileError('unsafe', path, `cannot write to ${path}: ${why}`, {
      fix: fix ?? 'name a place of your own (--record, --out, -o)',
      exitCode: 2,
    })
  const checked = (found: Stats, what: string): Stats => {
    const exposed = exposure(found, what, isTrusted)
    if (exposed === null) return found
    throw refuse(exposed.why, exposed.fix && `${exposed.fix}, or name a place of your own`)
  }
  if (path === '' || path.includes('\0')) throw refuse('that is no path')

  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  let at = openPlace(path.startsWith('/') ? '/' : '.', O_DIRECTORY)
  let told = path.startsWith('/') ? '/' : '.'
  let links = 0
  let isNew = false
  // A path that ends in a slash, or in `..`, names a folder and no file.
  if (forFile && (/(^|\/)\.{0,2}$/.test(path) || parts.length === 0)) {
    closeSync(at)
    throw aboutPath(Object.assign(new Error(), { code: 'EISDIR' }), 'write', path)
  }
  const enter = (descriptor: number, name: string) => {
    closeSync(at)
    at = descriptor
    told = name
  }
  try {
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      const isLast = parts.length === 0
      const here = told === '.' ? part : told === '/' ? `/${part}` : `${told}/${part}`
      if (isLast && forFile && !followLast) {
        checked(fstatSync(at), told)
        return { descriptor: at, name: part, isNew }
      }
      if (purpose === 'work') checked(fstatSync(at), told)
      let next = tryOpen(at, part)
      if (next === null && isLast && forFile) {
        checked(fstatSync(at), told)
        return { descriptor: at, name: part, isNew }
      }
      if (next === null) {
        if (!make) throw aboutPath(Object.assign(new Error(), { code: 'ENOENT' }), 'write to', path)
        checked(fstatSync(at), told)
        next = makeFolder(at, part, here, purpose === 'results' ? invoker() : null)
        isNew = true
      }
      const found = fstatSync(next)
      if (found.isSymbolicLink()) {
        closeSync(next)
        if (!isTrusted(found.uid)) throw refuse(`${here} is a symbolic link of another user (uid ${found.uid})`)
        // Read where nobody can put another in its place meanwhile.
        checked(fstatSync(at), told)
        if (++links > MOST_LINKS) throw refuse('too many symbolic links')
        const to = readlinkSync(within(at, part))
        parts.unshift(...to.split('/').filter((one) => one !== '' && one !== '.'))
        if (to.startsWith('/')) enter(openPlace('/', O_DIRECTORY), '/')
        continue
      }
      if (isLast && forFile) {
        closeSync(next)
        checked(fstatSync(at), told)
        return { descriptor: at, name: part, isNew }
      }
      if (!found.isDirectory()) {
        closeSync(next)
        throw aboutPath(Object.assign(new Error(), { code: 'ENOTDIR' }), 'write to', path)
      }
      enter(next, here)
    }
    if (forFile) throw aboutPath(Object.assign(new Error(), { code: 'EISDIR' }), 'write', path)
    checked(fstatSync(at), told)
    return { descriptor: at, name: '', isNew }
  } catch (error) {
    closeSync(at)
    throw aboutPath(error, 'write to', path)
  }
}

const openPlace = (path: string, flags = 0): number => openSync(path, O_PATH | O_NOFOLLOW | flags)

/** The place of a name in an open folder, a link's own included; null when there is none. */
function tryOpen(folder: number, name: string): number | null {
  try {
    return openPlace(within(folder, name))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** The folder of a name in an open one, through no link. */
export const openWithin = (folder: number, name: string): number => openPlace(within(folder, name), O_DIRECTORY)

/** A private folder that was not there before. */
export function makeFolder(
  parent: number,
  name: string,
  told: string,
  owner: ReturnType<typeof invoker> = null,
): number {
  mkdirSync(within(parent, name), { mode: 0o700 })
  const made = openPlace(within(parent, name), O_DIRECTORY)
  if (fstatSync(made).uid === process.geteuid?.()) {
    if (owner) chownSync(within(made), owner.uid, owner.gid)
    return made
  }
  closeSync(made)
  throw new FileError('unsafe', told, `cannot write to ${told}: another user exchanged it while it was made`, {
    fix: 'name a place of your own',
    exitCode: 2,
  })
}
