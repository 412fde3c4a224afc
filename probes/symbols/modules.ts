import { constants, lstatSync, type Stats, statSync } from 'node:fs'
import { type Budget, createBudget } from './budget.ts'
import { directCallee } from './call-site.ts'
import { createChecksums, hasMiniDebugInfo, openDebugFile, unpackMiniDebugInfo } from './debug-file.ts'
import { addressOf } from './elf.ts'
import { createElfFiles, type ElfFile } from './elf-file.ts'
import type { Region } from './maps.ts'
import { readSymbolTable, type SymbolTable } from './symbol-table.ts'
import { type FrameBase, readUnwindTable, type UnwindTable } from './unwind-table.ts'

/** A file that processes execute code from. */
export interface Module {
  /** name of the symbol at a byte of the file; null when it has none */
  nameOf: (fileOffset: number) => string | null
  /**
   * Name of the variable at an address of a process that has mapped this file: `start` is where the byte at `fileOffset`
   * of it lies there. Also of those that are zero at first and stand in no file. null when there is none.
   */
  variableAt: (address: number, mapped: { start: number; fileOffset: number }) => string | null
  /** how the caller's frame is found at an instruction; null where the file does not say */
  frameBaseAt: (fileOffset: number) => FrameBase | null
  /** name of the function that the instruction before a return address calls; null when it is no direct call */
  calledBefore: (fileOffset: number) => string | null
  /** share of its functions that set up a frame pointer; null: unknown */
  framedShare: () => number | null
  /** 1 or 0, whether its function `main` sets up a frame pointer; null: unknown */
  mainIsFramed: () => number | null
  /** where all its symbols are; dynamic: nowhere, it has those that it exports; null: it is no program */
  symbols: 'own' | 'separate' | 'compressed' | 'dynamic' | null
  /** made by the Go compiler */
  isGo: boolean
}

export interface Modules {
  /** The file behind a region of a living process, opened when it is seen first; null when it cannot be. */
  open: (pid: number, region: Region) => Module | null
  close: () => void
}

export interface ModuleOptions {
  xz?: string | null
  /** by default one of its own */
  budget?: Budget
  /** asked before something of another process is opened or read; by default all may be */
  mayRead?: MayRead
}

/**
 * Says what is about to be read, since that may never come back: a file system can be a program that does not answer.
 *
 * @param key names it in all processes
 * @param what for people
 * @returns false when it has proven not to answer
 */
export type MayRead = (key: string, what: string) => boolean

/** Permission to read a mapped file. */
export const mayReadFile = (mayRead: MayRead, pid: number, { device, inode, path }: Region): boolean =>
  mayRead(`${device} ${inode} ${path}`, `${path} of process ${pid}`)

/**
 * The modules of all processes looked at. Files are opened while the target lives and held until the end, since by the
 * time that their symbols are asked for the target may be gone, or the file deleted or replaced by an upgrade. Symbols are
 * read when the first address in a module has to be named.
 *
 * @param options.xz absolute path of xz(1), which unpacks the symbol tables that some stripped programs carry
 */
export function createModules({
  xz = null,
  budget = createBudget(),
  mayRead = () => true,
}: ModuleOptions = {}): Modules {
  const byRegion = new Map<string, Module | null>()
  const byFile = new Map<string, Module>()
  const files = createElfFiles(budget)
  const checksums = createChecksums(budget)

  const moduleOf = (own: ElfFile | null, separate: ElfFile | null, path: string): Module => {
    let table: SymbolTable | null | undefined
    let unwind: UnwindTable | null | undefined
    const unwindTable = () => {
      if (unwind === undefined) unwind = own && readUnwindTable(own, budget)
      return unwind
    }
    const symbols = (): SymbolTable | null => {
      if (table === undefined) table = own && load(own)
      return table
    }
    const nameAt = (address: number | null): string | null => {
      return address === null ? null : (symbols()?.nameAt(address) ?? null)
    }
    const load = (file: ElfFile): SymbolTable | null => {
      const more = separate ?? (xz !== null && hasMiniDebugInfo(file) ? unpackMiniDebugInfo(file, xz, budget) : null)
      const read = readSymbolTable(more ? [more, file] : [file])
      return read !== null && budget.take('symbolsTogether', read.symbols, path) ? read : null
    }
    return {
      nameOf: (fileOffset) => nameAt(own && addressOf(own.image, fileOffset)),
      variableAt: (address, { start, fileOffset }) => {
        const mapped = own && addressOf(own.image, fileOffset)
        const place = mapped === null ? -1 : address - start + mapped
        const isData = own?.image.segments.some(
          (part) => part.isWritable && place >= part.address && place < part.address + part.memoryBytes,
        )
        return isData ? nameAt(place) : null
      },
      frameBaseAt: (fileOffset) => {
        const address = own && addressOf(own.image, fileOffset)
        return address === null ? null : (unwindTable()?.baseAt(address) ?? null)
      },
      calledBefore: (fileOffset) => {
        const callee = own && directCallee(own, fileOffset)
        return callee !== null && unwindTable()?.startsAt(callee) ? nameAt(callee) : null
      },
      framedShare: () => unwindTable()?.framedShare() ?? null,
      mainIsFramed: () => {
        const start = symbols()?.startOf('main') ?? null
        const isFramed = start === null ? null : unwindTable()?.isFramedAt(start)
        return isFramed == null ? null : Number(isFramed)
      },
      symbols: own && symbolsOf(own, separate),
      isGo: own?.image.named.has('.gopclntab') ?? false,
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
      const own = files.open(path, { flags, inode: region.inode })
      const separate = own && openDebugFile(own, { root: `/proc/${pid}/root`, path: region.path }, files, checksums)
      const module = moduleOf(own, separate, region.path)
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
      if (!mayReadFile(mayRead, pid, region)) return null
      if (!budget.allows('openFiles', byRegion.size + 1, region.path)) return null
      const module = budget.onTimeOf(pid, region.path, () => openFile(pid, region))
      byRegion.set(key, module)
      return module
    },
    close: () => {
      files.close()
      byRegion.clear()
      byFile.clear()
    },
  }
}

/**
 * map_files leads to exactly the file that is mapped, deleted or not and whatever its path has become, but is root's;
 * the path below the process's root is for its owner, and of a chroot without a mount namespace of its own the kernel
 * tells paths as this process sees them. Links are not followed there: the target could lay them anywhere.
 */
function waysTo(pid: number, region: Region): { path: string; flags: number }[] {
  const range = `${region.start.toString(16)}-${region.end.toString(16)}`
  return [
    { path: `/proc/${pid}/map_files/${range}`, flags: 0 },
    { path: `/proc/${pid}/root${region.path}`, flags: constants.O_NOFOLLOW },
    { path: region.path, flags: constants.O_NOFOLLOW },
  ]
}

function symbolsOf(own: ElfFile, separate: ElfFile | null): Module['symbols'] {
  if (own.image.symbolSections.some(({ isDynamic }) => !isDynamic)) return 'own'
  if (separate !== null) return 'separate'
  return hasMiniDebugInfo(own) ? 'compressed' : 'dynamic'
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
