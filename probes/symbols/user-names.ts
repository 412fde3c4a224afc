import type { RawFrame } from '../engine/frame.ts'
import { isAlive, type ProcessIdentity, readProcessStat } from '../host/process.ts'
import { createBudget } from './budget.ts'
import type { NamesByAddress } from './frames.ts'
import { mergeRegions, type Region, readRegions, regionAt } from './maps.ts'
import { createModules, type Module, type ModuleOptions, type Modules, mayReadFile } from './modules.ts'
import type { FrameBase } from './unwind-table.ts'

/**
 * Names for user frames that the tracer could not name: from their addresses, the memory maps of the target's processes
 * and the symbol tables of the files mapped there. bpftrace 0.17 looks a thread up when it prints, and of a thread that
 * has ended by then it knows nothing but addresses.
 */
export interface UserNames extends NamesByAddress {
  /** A process of the target: its maps are read at once, so that they are known should it end soon. */
  add: (pid: number) => void
  /** A process that is no longer looked at. What was learnt of it while it lived stays for the stacks it has left. */
  remove: (pid: number) => void
  /** Reads the maps again while the target lives, at the end of a phase in any case; whether names may have changed. */
  refresh: (phaseEnds: boolean) => boolean
  /**
   * The symbol a frame lies in, as its file has it (C++ and Rust names mangled); null when it has none, or when processes
   * disagree. Untrusted text. Inlined functions are not told apart.
   */
  symbolOf: (frame: RawFrame) => string | null
  /** path of the file a frame lies in, or `[vdso]`; untrusted text */
  moduleOf: (frame: RawFrame) => string | null
  /** The variable of a program or library at an address; null when there is none, or processes disagree. Untrusted text. */
  variableAt: (address: number) => string | null
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

/** No program has variables of so many bytes; a library further away is another one. */
const FARTHEST = 2 ** 31

const NOWHERE: Place = { symbol: null, module: null, code: null }
/** Addresses remembered; a stack has up to 127, most of them shared. */
const PLACE_LIMIT = 65_536
/** Processes that have ended are remembered for the stacks that they have left; a server may make one a request. */
const ENDED_LIMIT = 64

export interface UserNamesOptions extends ModuleOptions {
  /** used, and closed at the end; by default of its own */
  modules?: Modules
}

export function createUserNames(pids: readonly number[], options: UserNamesOptions = {}): UserNames {
  const { budget = createBudget(), mayRead = () => true } = options
  const modules = options.modules ?? createModules({ ...options, budget })
  const places = new Map<string, Place>()
  /** they go with the places */
  const codeFacts = new WeakMap<NonNullable<Place['code']>, CodeFacts>()
  const processes: Watched[] = []
  const ended: Watched[] = []

  const readMaps = (process: Watched): boolean => {
    const { pid } = process
    const path = `/proc/${pid}/maps`
    if (!isAlive(process) || !mayRead(path, path)) return false
    const now = budget.onTimeOf(pid, path, () => readRegions(pid, budget))
    if (now === null) return false
    // Files are opened now: when an address in them is asked for, the process may be gone.
    for (const region of now) modules.open(pid, region)
    const merged = mergeRegions(now, process.regions)
    const hasChanged = !same(merged, process.regions)
    if (hasChanged) places.clear()
    process.regions = merged
    return hasChanged
  }

  const add = (pid: number): void => {
    const stat = readProcessStat(pid)
    if (stat === null || processes.some((one) => one.pid === pid && one.starttime === stat.starttime)) return
    const process: Watched = { pid, starttime: stat.starttime, regions: [], mayReread: true }
    processes.push(process)
    readMaps(process)
  }

  const remove = (pid: number): void => {
    const index = processes.findIndex((one) => one.pid === pid)
    if (index < 0) return
    ended.push(...processes.splice(index, 1))
    if (ended.length > ENDED_LIMIT) {
      ended.shift()
      places.clear()
    }
  }

  const regionOf = (process: Watched, address: number): Region | null => {
    const region = regionAt(process.regions, address)
    if (region !== null || !process.mayReread || ended.includes(process)) return region
    process.mayReread = false
    readMaps(process)
    return regionAt(process.regions, address)
  }

  const findPlace = (address: number): Place => {
    const found = [...processes, ...ended].flatMap((process): Place[] => {
      const region = regionOf(process, address)
      if (!region) return []
      const module = modules.open(process.pid, region)
      const work = () => placeIn(region, module, address)
      const place = mayReadFile(mayRead, process.pid, region) ? budget.onTimeOf(process.pid, region.path, work) : null
      return [place ?? { symbol: null, module: region.inode === 0 ? null : region.path, code: null }]
    })
    // The frame does not say whose it is: processes that share a program agree, others leave it unknown.
    const symbols = new Set(found.flatMap(({ symbol }) => symbol ?? []))
    const files = new Set(found.flatMap(({ module }) => module ?? []))
    const [symbol = null] = symbols
    const [module = null] = files
    const code = found.length > 0 && found.every((one) => sameCode(one, found[0])) ? (found[0]?.code ?? null) : null
    return symbols.size > 1 ? NOWHERE : { symbol, module: files.size > 1 ? null : module, code }
  }

  /** Data lies in segments of its own, at the same distance from the code as in the file. */
  const variableIn = (process: Watched, address: number): string | null => {
    for (const region of process.regions) {
      if (region.inode === 0 || Math.abs(address - region.start) > FARTHEST) continue
      const module = modules.open(process.pid, region)
      if (module === null || !mayReadFile(mayRead, process.pid, region)) continue
      const found = budget.onTimeOf(process.pid, region.path, () => module.variableAt(address, region))
      if (found) return found
    }
    return null
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

  for (const pid of pids) add(pid)
  return {
    add,
    remove,
    refresh: (phaseEnds) => {
      let hasChanged = false
      for (const process of processes) {
        process.mayReread = !phaseEnds
        if (phaseEnds && readMaps(process)) hasChanged = true
      }
      return hasChanged
    },
    variableAt: (address) => {
      const found = new Set([...processes, ...ended].flatMap((process) => variableIn(process, address) ?? []))
      return found.size === 1 ? ([...found][0] ?? null) : null
    },
    symbolOf: (frame) => placeOf(frame).symbol,
    moduleOf: (frame) => placeOf(frame).module,
    skipsCaller: (frame) => codeOf(frame)?.frameBase === 'stack pointer',
    calledBefore: (frame) => codeOf(frame)?.calledBefore ?? null,
    close: () => {
      processes.length = ended.length = 0
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
