import type { Sleeper } from '../host/sleepers.ts'
import type { ResultMap, ScratchMap } from '../script/maps.ts'

/** A stack as the tracer printed it: leaf first, one entry a frame. */
export interface RawFrame {
  /** hex without 0x; null when the tracer printed only a name */
  address: string | null
  /** without offset; null when the tracer could not name it */
  symbol: string | null
  module: string | null
}

export type KeyValue = number | string | RawFrame[]

export interface Row {
  key: readonly KeyValue[]
  /** count, sum, max; for stats the total */
  value: number
  /** for stats the number of values, else equal to value of a count, or 1 */
  count: number
}

export interface OpenRow {
  key: readonly number[]
  value: number | RawFrame[]
}

/** Everything the kernel programs of one probe gathered between two cuts. Times are CLOCK_BOOTTIME ns. */
export interface WindowFrame {
  startNs: number
  endNs: number
  /** whether this frame has the maps with stacks; they hold everything since the last frame that had them */
  withStacks: boolean
  rows: (map: ResultMap) => Row[]
  /** entries of an open-wait map, listed when this cut ended a phase; null otherwise */
  open: (map: ScratchMap) => OpenRow[] | null
}

/** What a decoder may know besides the frame. */
export interface DecodeContext<Params = unknown> {
  params: Params
  /** start of the phase that the window belongs to, CLOCK_BOOTTIME ns */
  phaseStartNs: number
  /** ports the target listens on now; null: unknown */
  ports: ReadonlySet<number> | null
  /** TCP connections that the target held when it was attached to, by `connectionKey` */
  connections: ReadonlySet<string>
  /** whether a connection waits to be accepted at this moment; null: it cannot be told */
  isQueued: (localPort: number, remotePort: number) => boolean | null
  /** the target was seen waiting in io_uring for connections, at the attach or at the end of a phase */
  acceptsByRing: boolean
  /** growth of the counters of the target's network namespace since the last cut; null: unreadable */
  counters: Readonly<Record<string, number>> | null
  /** threads of the target that sleep now, at the end of a phase; empty at other cuts */
  sleepers: readonly Sleeper[]
  /** those that slept when the phase began; only in probes of waits (stacks in ns) */
  sleptAtStart: readonly Sleeper[]
  syscallName: (id: number) => string
  errnoName: (errno: number) => string
  /** comm of a process that still lives; null: it does not, or may not be seen */
  processName: (pid: number) => string | null
  /** variable of a program or library that an address (0x…) lies in; null: none, or it is not known */
  dataName: (address: string) => string | null
  /** names of a stack, root first, ready to be shown: kernel frames end in _[k], JIT frames in _[j] */
  names: (user: RawFrame[], kernel: RawFrame[]) => string[]
}
