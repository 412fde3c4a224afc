import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

const causes: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  EACCES: 'permission denied',
  ELOOP: 'too many links',
}

/** A regular file of at most `most` bytes; nothing that could block or never end. */
export function readBounded(path: string, most: number): Buffer {
  let file: number
  try {
    // A pipe without a writer would block: it is opened without waiting and refused below.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw new Error(causes[code] ?? code, { cause: error })
  }
  try {
    const status = fstatSync(file)
    if (!status.isFile()) throw new Error(status.isDirectory() ? 'it is a directory' : 'it is not a regular file')
    if (status.size > most)
      throw new Error(`expected at most ${most / 2 ** 20} MiB, got ${(status.size / 2 ** 20).toFixed(1)} MiB`)
    const bytes = Buffer.alloc(status.size)
    let length = 0
    while (length < bytes.length) {
      const read = readSync(file, bytes, length, bytes.length - length, length)
      if (read === 0) break
      length += read
    }
    return bytes.subarray(0, length)
  } finally {
    closeSync(file)
  }
}
