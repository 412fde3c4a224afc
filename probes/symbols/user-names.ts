import type { RawFrame } from '../engine/frame.ts'
import { isAlive, type ProcessIdentity, readProcessStat } from '../host/process.ts'
import type { NamesByAddress } from './frames.ts'
import { mergeRegions, type Region, readRegions, regionAt } from './maps.ts'
import { createModules, type Module, type ModuleOptions } from './modules.ts'
import type { FrameBase } from './unwind-table.ts'

/**
 * Names for user frames that the tracer could not name: from their addresses, the memory maps of the target's processes
 * and the symbol tables of the files mapped there. bpftrace 0.17 looks a thread up when it prints, and of a thread that
 * has ended by then it knows nothing but addresses.
 */
export interface UserNames extends NamesByAddress {
  /** a process that came later: its maps are read at once */
  add: (pid: number) => void
  /** reads the maps again while the target lives; at the end of a phase in any case */
  refresh: (phaseEnds: boolean) => void
  /**
   * The symbol a frame lies in, as its file has it (C++ and Rust names mangled); null when it has none, or when processes
   * disagree. Untrusted text. Inlined functions are not told apart.
   */
  symbolOf: (frame: RawFrame) => string | null
  /** path of the file a frame lies in, or `[vdso]`; untrusted text */
  moduleOf: (frame: RawFrame) => string | null
  /** lets go of the files; nothing has a name afterwards */
  close: () => void
}

interface Watched extends ProcessIdentity {
  regions: Region[]
  /** whether an unknown address is worth another look at the maps: once between two refreshes */
  mayReread: boolean
}

interface Place {
  symbol: string | null
  module: string | null
  /** where its instructions are; null: nowhere, or processes disagree */
  code: { module: Module; fileOffset: number } | null
}

interface CodeFacts {
  frameBase: FrameBase | null
  calledBefore: string | null
}

const NOWHERE: Place = { symbol: null, module: null, code: null }
/** Addresses remembered; a stack has up to 127, most of them shared. */
const PLACE_LIMIT = 65_536

/** @param pids the target's processes; their maps are read at once, so that they are known should it end soon */
export function createUserNames(pids: readonly number[], options: ModuleOptions = {}): UserNames {
  const modules = createModules(options)
  const places = new Map<string, Place>()
  /** they go with the places */
  const codeFacts = new WeakMap<NonNullable<Place['code']>, CodeFacts>()
  const processes = pids.flatMap((pid): Watched[] => {
    const stat = readProcessStat(pid)
    return stat ? [{ pid, starttime: stat.starttime, regions: [], mayReread: true }] : []
  })

  const readMaps = (process: Watched): void => {
    const now = isAlive(process) ? readRegions(process.pid) : null
    if (now === null) return
    // Files are opened now: when an address in them is asked for, the process may be gone.
    for (const region of now) modules.open(process.pid, region)
    const merged = mergeRegions(now, process.regions)
    if (!same(merged, process.regions)) places.clear()
    process.regions = merged
  }

  const regionOf = (process: Watched, address: number): Region | null => {
    const region = regionAt(process.regions, address)
    if (region !== null || !process.mayReread) return region
    process.mayReread = false
    readMaps(process)
    return regionAt(process.regions, address)
  }

  const findPlace = (address: number): Place => {
    const found = processes.flatMap((process): Place[] => {
      const region = regionOf(process, address)
      return region ? [placeIn(region, modules.open(process.pid, region), address)] : []
    })
    // The frame does not say whose it is: processes that share a program agree, others leave it unknown.
    const symbols = new Set(found.flatMap(({ symbol }) => symbol ?? []))
    const files = new Set(found.flatMap(({ module }) => module ?? []))
    const [symbol = null] = symbols
    const [module = null] = files
    const code = found.length > 0 && found.every((one) => sameCode(one, found[0])) ? (found[0]?.code ?? null) : null
    return symbols.size > 1 ? NOWHERE : { symbol, module: files.size > 1 ? null : module, code }
  }

  const placeOf = (frame: RawFrame): Place => {
    if (frame.address === null) return NOWHERE
    const known = places.get(frame.address)
    if (known) return known
    const address = Number.parseInt(frame.address, 16)
    const place = Number.isSafeInteger(address) ? findPlace(address) : NOWHERE
    if (places.size >= PLACE_LIMIT) places.clear()
    places.set(frame.address, place)
    return place
  }

  const codeOf = (frame: RawFrame): CodeFacts | null => {
    const { code } = placeOf(frame)
    if (code === null) return null
    const known = codeFacts.get(code)
    if (known) return known
    const { module, fileOffset } = code
    const facts = { frameBase: module.frameBaseAt(fileOffset), calledBefore: module.calledBefore(fileOffset) }
    codeFacts.set(code, facts)
    return facts
  }

  for (const process of processes) readMaps(process)
  return {
    add: (pid) => {
      const stat = readProcessStat(pid)
      if (stat === null || processes.some((one) => one.pid === pid && one.starttime === stat.starttime)) return
      const process: Watched = { pid, starttime: stat.starttime, regions: [], mayReread: true }
      readMaps(process)
      processes.push(process)
    },
    refresh: (phaseEnds) => {
      for (const process of processes) {
        process.mayReread = !phaseEnds
        if (phaseEnds) readMaps(process)
      }
    },
    symbolOf: (frame) => placeOf(frame).symbol,
    moduleOf: (frame) => placeOf(frame).module,
    skipsCaller: (frame) => codeOf(frame)?.frameBase === 'stack pointer',
    calledBefore: (frame) => codeOf(frame)?.calledBefore ?? null,
    close: () => {
      processes.length = 0
      modules.close()
      places.clear()
    },
  }
}

function placeIn(region: Region, module: Module | null, address: number): Place {
  // Its symbols lie in no file; the other regions with names in brackets hold no code.
  if (region.path === '[vdso]') return { symbol: null, module: '[vdso]', code: null }
  if (region.inode === 0) return NOWHERE
  const fileOffset = address - region.start + region.fileOffset
  return { symbol: module?.nameOf(fileOffset) ?? null, module: region.path, code: module && { module, fileOffset } }
}

const sameCode = (a: Place, b: Place | undefined): boolean =>
  a.code?.module === b?.code?.module && a.code?.fileOffset === b?.code?.fileOffset

const same = (a: readonly Region[], b: readonly Region[]): boolean =>
  a.length === b.length &&
  a.every((region, i) => {
    const other = b[i]
    return other?.start === region.start && other.end === region.end && other.inode === region.inode
  })
