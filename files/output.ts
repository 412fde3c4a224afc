import { constants, fstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { aboutPath, FileError } from './error.ts'
import { type FilePlace, openPlace } from './folder.ts'
import { trusted } from './owner.ts'
import { type Pieces, writeAll } from './write-all.ts'

/**
 * Writes what a user asked for into the file that they named. An existing one is replaced whole, never written through;
 * links of theirs and of root are followed, those of others refused. What is no file is what they wish for, too, and stays what
 * it is: a pipe, a terminal, `/dev/null`, a descriptor that they handed over (`/dev/fd/3`).
 *
 * @throws FileError
 */
export async function writeNamed(path: string, pieces: Pieces): Promise<void> {
  const descriptor = descriptorIn(path)
  if (descriptor !== null) {
    if (!isHandedOver(descriptor)) throw aboutPath(Object.assign(new Error(), { code: 'EBADF' }), 'write to', path)
    await told(path, () => writeAll(descriptor, pieces))
    return
  }
  const place = openPlace(path, { followLast: true })
  try {
    const found = await told(path, () => foundAt(place))
    if (found === null || found.isFile()) await place.folder.write(place.name, pieces, 'over')
    else await told(path, () => writeInto(place, path, found, pieces))
  } finally {
    place.folder.close()
  }
}

/** The descriptor of this process that a path stands for, e.g. 1 of /dev/stdout; null when it is an ordinary path. */
export function descriptorIn(path: string): number | null {
  if (path === '/dev/stdout') return 1
  if (path === '/dev/stderr') return 2
  const number = /^\/(?:dev\/fd|proc\/self\/fd)\/(\d{1,6})$/.exec(path)?.[1]
  return number === undefined ? null : Number(number)
}

/** Node has descriptors of its own, which nobody means: of no type that has a name, or pipes whose other end it holds as well. */
function isHandedOver(descriptor: number): boolean {
  try {
    const found = fstatSync(descriptor)
    if (!found.isFIFO()) return found.isFile() || found.isCharacterDevice() || found.isSocket()
    const pipe = readlinkSync(`/proc/self/fd/${descriptor}`)
    return !readdirSync('/proc/self/fd').some((other) => linkOf(other) === pipe && isForReading(other))
  } catch {
    return false // it is not open
  }
}

function linkOf(descriptor: string): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return null // that of the listing itself
  }
}

/** O_RDONLY is 0 of the two lowest bits. */
const isForReading = (descriptor: string): boolean =>
  /^flags:\s+\d*[04]$/m.test(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))

/** Pipes and devices are written to as they are; nobody else may have put them there. */
async function writeInto({ folder, name }: FilePlace, path: string, found: Stats, pieces: Pieces): Promise<void> {
  const refuse = (why: string) =>
    new FileError('unsafe', path, `cannot write to ${path}: ${why}`, { fix: 'name a file', exitCode: 2 })
  if (found.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
  if (!found.isFIFO() && !found.isCharacterDevice()) throw refuse('it is no file, pipe or terminal')
  if (!trusted('results')(found.uid) && !found.isCharacterDevice())
    throw refuse(`it is a pipe of another user (uid ${found.uid})`)
  const { O_WRONLY, O_NOFOLLOW, O_NOCTTY } = constants
  const file = await open(folder.placeOf(name), O_WRONLY | O_NOFOLLOW | O_NOCTTY)
  try {
    // What was looked at is what is written to.
    const opened = await file.stat()
    if (opened.ino !== found.ino || opened.dev !== found.dev) throw refuse('it was exchanged meanwhile')
    await writeAll(file.fd, pieces)
  } finally {
    await file.close()
  }
}

const foundAt = ({ folder, name }: FilePlace): Promise<Stats | null> =>
  lstat(folder.placeOf(name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })

async function told<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw aboutPath(error, 'write', path)
  }
}
