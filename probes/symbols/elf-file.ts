import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { type Budget, createBudget } from './budget.ts'
import { type ElfImage, type ReadAt, readElf } from './elf.ts'

/** An ELF file that is held open, or a part of memory that is one. */
export interface ElfFile {
  image: ElfImage
  readAt: ReadAt
  /** what names its contents: device, inode, time and size; null: it lies in memory only */
  identity: string | null
  /** what it is called when something is said of it; untrusted text */
  path: string
}

/** Files that are opened one after the other and closed together. */
export interface ElfFiles {
  /** null when it cannot be opened, is no regular file, no ELF file, or not the one wanted, or when too many are held */
  open: (path: string, options?: OpenOptions) => ElfFile | null
  close: () => void
}

export interface OpenOptions {
  /** added to those of open(2) */
  flags?: number
  /** what the file must be */
  inode?: number
  /** whether what was opened is what was looked for */
  accept?: (file: ElfFile) => boolean
}

export function createElfFiles(budget: Pick<Budget, 'allows'> = createBudget()): ElfFiles {
  const descriptors: number[] = []
  return {
    open: (path, { flags = 0, inode, accept = () => true } = {}) => {
      if (!budget.allows('openFiles', descriptors.length + 1, path)) return null
      const opened = openRegular(path, flags, inode)
      if (opened === null) return null
      const { descriptor, identity } = opened
      const readAt = readerOf(descriptor)
      const image = readElf(readAt)
      const file = image && { image, readAt, identity, path }
      if (file !== null && accept(file)) {
        descriptors.push(descriptor)
        return file
      }
      closeSync(descriptor)
      return null
    },
    close: () => {
      for (const descriptor of descriptors.splice(0)) closeSync(descriptor)
    },
  }
}

/** An ELF file in memory; null when it is none. */
export function elfOf(bytes: Buffer, path = 'memory'): ElfFile | null {
  const readAt: ReadAt = (offset, length) =>
    Number.isSafeInteger(offset) && length > 0 ? bytes.subarray(offset, offset + length) : Buffer.alloc(0)
  const image = readElf(readAt)
  return image && { image, readAt, identity: null, path }
}

/** Opening a device or a pipe may act or wait: only regular files are opened, and what was opened is looked at again. */
function openRegular(path: string, flags: number, inode?: number): { descriptor: number; identity: string } | null {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | flags)
  } catch {
    return null // gone, or not ours to read
  }
  const stat = fstatSync(descriptor)
  if (stat.isFile() && (inode === undefined || stat.ino === inode))
    return { descriptor, identity: `${stat.dev}:${stat.ino}:${stat.mtimeMs}:${stat.size}` }
  closeSync(descriptor)
  return null
}

const readerOf =
  (descriptor: number): ReadAt =>
  (offset, length) => {
    if (!Number.isSafeInteger(offset) || length <= 0) return Buffer.alloc(0)
    try {
      const bytes = Buffer.allocUnsafe(Math.min(length, fstatSync(descriptor).size - offset))
      return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, offset))
    } catch {
      return Buffer.alloc(0) // beyond the end, or the file system is gone: an address without a name
    }
  }
