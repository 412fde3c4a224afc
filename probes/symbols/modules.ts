import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats, statSync } from 'node:fs'
import { addressOf, type ElfImage, type ReadAt, readElf } from './elf.ts'
import type { Region } from './maps.ts'
import { readSymbolTable, type SymbolTable } from './symbol-table.ts'

/** A file that processes execute code from. */
export interface Module {
  /** name of the symbol at a byte of the file; null when it has none */
  nameOf: (fileOffset: number) => string | null
}

export interface Modules {
  /** The file behind a region of a living process, opened when it is seen first; null when it cannot be. */
  open: (pid: number, region: Region) => Module | null
  close: () => void
}

/** Descriptors held at most; a Java server has 40 modules. */
const FILE_LIMIT = 256
/** Symbols kept of all modules together, 17 bytes each. */
const SYMBOL_BUDGET = 3_000_000
const DEBUG_FILES = '/usr/lib/debug/.build-id'

/**
 * The modules of all processes looked at. Files are opened while the target lives and held until the end, since by the
 * time that their symbols are asked for the target may be gone, or the file deleted or replaced by an upgrade. Symbols are
 * read when the first address in a module has to be named.
 */
export function createModules(): Modules {
  const byRegion = new Map<string, Module | null>()
  const byFile = new Map<string, Module>()
  const descriptors: number[] = []
  let budget = SYMBOL_BUDGET

  const openSource = (path: string, flags: number, stat: Stats | null, inode?: number): ElfSource | null => {
    if (stat === null || !stat.isFile() || descriptors.length >= FILE_LIMIT) return null
    const descriptor = openRegular(path, flags, inode)
    if (descriptor === null) return null
    descriptors.push(descriptor)
    const readAt = readerOf(descriptor)
    const image = readElf(readAt)
    return image && { image, readAt }
  }

  const moduleOf = (source: ElfSource | null): Module => {
    let table: SymbolTable | null | undefined
    const load = (own: ElfSource): SymbolTable | null => {
      const debug = debugFileOf(own.image)
      const separate = debug === null ? null : openSource(debug, 0, statOf(debug))
      const read = readSymbolTable(separate ? [separate, own] : [own])
      if (read === null || read.symbols > budget) return null
      budget -= read.symbols
      return read
    }
    return {
      nameOf: (fileOffset) => {
        if (source === null) return null
        if (table === undefined) table = load(source)
        const address = table ? addressOf(source.image, fileOffset) : null
        return address === null ? null : (table?.nameAt(address) ?? null)
      },
    }
  }

  const openFile = (pid: number, region: Region): Module | null => {
    for (const { path, flags } of waysTo(pid, region)) {
      const stat = flags === 0 ? statOf(path) : lstatOf(path)
      // Behind another inode is another file: names from it would be wrong, no name is not.
      if (stat === null || !stat.isFile() || stat.ino !== region.inode) continue
      const key = `${stat.dev}:${stat.ino}:${stat.mtimeMs}`
      const known = byFile.get(key)
      if (known) return known
      const source = openSource(path, flags, stat, region.inode)
      const module = moduleOf(source)
      byFile.set(key, module)
      return module
    }
    return null
  }

  return {
    open: (pid, region) => {
      if (region.inode === 0) return null
      const key = `${region.device}:${region.inode}:${region.path}`
      const known = byRegion.get(key)
      if (known !== undefined) return known
      const module = openFile(pid, region)
      byRegion.set(key, module)
      return module
    },
    close: () => {
      for (const descriptor of descriptors.splice(0)) closeSync(descriptor)
      byRegion.clear()
      byFile.clear()
    },
  }
}

interface ElfSource {
  image: ElfImage
  readAt: ReadAt
}

/**
 * map_files leads to exactly the file that is mapped, deleted or not and whatever its path has become, but is root's;
 * the path below the process's root is for its owner. Links are not followed there: the target could lay them anywhere.
 */
function waysTo(pid: number, region: Region): { path: string; flags: number }[] {
  const range = `${region.start.toString(16)}-${region.end.toString(16)}`
  return [
    { path: `/proc/${pid}/map_files/${range}`, flags: 0 },
    { path: `/proc/${pid}/root${region.path}`, flags: constants.O_NOFOLLOW },
  ]
}

function debugFileOf({ buildId }: ElfImage): string | null {
  return buildId === null ? null : `${DEBUG_FILES}/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`
}

/** Opening a device or a pipe may act or wait: only regular files are opened, and what was opened is looked at again. */
function openRegular(path: string, flags: number, inode?: number): number | null {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | flags)
  } catch {
    return null // gone, or not ours to read
  }
  const stat = fstatSync(descriptor)
  if (stat.isFile() && (inode === undefined || stat.ino === inode)) return descriptor
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

function statOf(path: string): Stats | null {
  try {
    return statSync(path)
  } catch {
    return null // not there, or the process has ended
  }
}

function lstatOf(path: string): Stats | null {
  try {
    return lstatSync(path)
  } catch {
    return null // not there, or the process has ended
  }
}
