import { sumHdr } from './hdr.ts'
import type { WireSlice } from './protocol.ts'
import type { LoadSlice } from './slice.ts'

const SECOND_NS = 1_000_000_000n
const ROUNDING_NS = 100_000n

/** Makes one slice of a second and phase out of those of all processes that share the load. */
export interface SliceMerge {
  /** a phase begins, and ends by its timetable; CLOCK_MONOTONIC ns */
  begin(phase: number, startNs: bigint, endNs: bigint): void
  add(worker: number, slice: WireSlice): void
  /** the worker has nothing more to tell of the phase */
  drained(worker: number, phase: number): void
}

interface Shard {
  slices: WireSlice[]
  /** number of the second it has told, whole or in part; -1 before the first */
  second: number
  /** its last word on requests under way */
  inFlight: number
  queued: number
}

interface Phase {
  startNs: bigint
  endNs: bigint
  toldNs: bigint
  shards: Shard[]
}

/** A second is told when all `workers` have told it, or more. */
export function createSliceMerge(workers: number, emit: (slice: LoadSlice) => void): SliceMerge {
  const phases = new Map<number, Phase>()

  /**
   * The number of a second by its end. Those of the echo of a phase, its late answers, follow the last of the phase itself.
   * Processes reckon in ms, so their seconds end some ns apart.
   */
  const secondOf = ({ startNs, endNs }: Phase, end: string): number => {
    const ns = BigInt(end) - ROUNDING_NS
    if (ns <= startNs) return 0
    if (ns <= endNs) return Number((ns - startNs) / SECOND_NS)
    return Number((endNs - startNs) / SECOND_NS + (ns - endNs) / SECOND_NS) + 1
  }

  function tell(id: number, phase: Phase): void {
    const upTo = Math.min(...phase.shards.map(({ second }) => second))
    const isDue = ({ endNs }: WireSlice) => secondOf(phase, endNs) <= upTo
    const seconds = new Set(
      phase.shards.flatMap(({ slices }) => slices.filter(isDue).map((s) => secondOf(phase, s.endNs))),
    )
    for (const second of [...seconds].sort((a, b) => a - b)) {
      const parts: WireSlice[] = []
      for (const shard of phase.shards) {
        const now = shard.slices.filter((slice) => secondOf(phase, slice.endNs) === second)
        shard.slices = shard.slices.filter((slice) => !now.includes(slice))
        parts.push(...now)
        const last = now.at(-1)
        shard.inFlight = last?.in_flight ?? shard.inFlight
        shard.queued = last?.queued ?? shard.queued
      }
      emit(merged(id, phase, parts))
    }
    if (upTo === Number.POSITIVE_INFINITY) phases.delete(id)
  }

  function merged(id: number, phase: Phase, parts: readonly WireSlice[]): LoadSlice {
    const startNs = phase.toldNs
    const endNs = parts.map((part) => BigInt(part.endNs)).reduce(latest, startNs)
    phase.toldNs = endNs
    const sum = (pick: (part: WireSlice) => number) => parts.reduce((total, part) => total + pick(part), 0)
    const planned = sum((part) => part.planned)
    return {
      phase: id,
      startNs,
      endNs,
      target_rps: planned === 0 ? 0 : (planned * 1e9) / Number(endNs - startNs),
      sent: sum((part) => part.sent),
      done: sum((part) => part.done),
      errors: addedUp(parts.map((part) => part.errors)),
      in_flight: phase.shards.reduce((total, shard) => total + shard.inFlight, 0),
      queued: phase.shards.reduce((total, shard) => total + shard.queued, 0),
      hist: {
        response: mergedHdr(parts.map(({ hist }) => hist.response)),
        service: mergedHdr(parts.map(({ hist }) => hist.service)),
        send_lag: mergedHdr(parts.map(({ hist }) => hist.send_lag)),
      },
      generator_cpu_us: sum((part) => part.generator_cpu_us),
    }
  }

  return {
    begin: (id, startNs, endNs) => {
      const shards = Array.from({ length: workers }, () => ({ slices: [], second: -1, inFlight: 0, queued: 0 }))
      phases.set(id, { startNs, endNs, toldNs: startNs, shards })
    },
    add: (worker, slice) => {
      const phase = phases.get(slice.phase)
      const shard = phase?.shards[worker]
      if (!phase || !shard) return
      shard.slices.push(slice)
      shard.second = secondOf(phase, slice.endNs)
      tell(slice.phase, phase)
    },
    drained: (worker, id) => {
      const phase = phases.get(id)
      const shard = phase?.shards[worker]
      if (!phase || !shard) return
      shard.second = Number.POSITIVE_INFINITY
      tell(id, phase)
    },
  }
}

export function latest(a: bigint, b: bigint): bigint {
  if (a > b) return a
  return b
}

/** Counts by name, added up. */
export function addedUp(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const one of counts) for (const [name, count] of Object.entries(one)) sums[name] = (sums[name] ?? 0) + count
  return sums
}

function mergedHdr(encoded: readonly string[]): string {
  const [only] = encoded
  if (only !== undefined && encoded.length === 1) return only
  return sumHdr(encoded).encode()
}
