import { type Budget, createBudget } from './budget.ts'
import type { MayRead } from './modules.ts'
import { mayReadPerfMap, type PerfMap, perfMapVersion, readPerfMap } from './perf-map.ts'

/** A map is not read again for every window, and one that takes long less often: a twentieth of the time is for reading. */
const REREAD_AFTER_MS = 5_000
const REREAD_SHARE = 20
/** At the end of a phase it is read in any case, unless that would take longer than this. */
const QUICK_MS = 250

const ENDED_LIMIT = 4

interface Read {
  /** changes with the file's contents */
  version: string
  readAtMs: number
  tookMs: number
  map: PerfMap
  /**
   * What lay there before it was written anew, as a JVM does each time it is asked to: it lists the code of that moment
   * only, and samples may be of code that has been dropped since. It helps, too, when a file is read half-written.
   */
  earlier: PerfMap | null
}

/**
 * Names just-in-time compiled frames from the perf maps of processes, read again as they change: at the end of a phase at
 * the latest, while the process lives.
 */
export function createJitNames(budget: Budget = createBudget(), mayRead: MayRead = () => true) {
  const reads = new Map<number, Read>()
  const ended: number[] = []

  const isDue = ({ readAtMs, tookMs }: Read, phaseEnds: boolean): boolean =>
    (phaseEnds && tookMs < QUICK_MS) || performance.now() - readAtMs >= Math.max(REREAD_AFTER_MS, REREAD_SHARE * tookMs)

  const letGo = (map: PerfMap | null | undefined) => {
    if (map) budget.release('perfMapsBytes', map.bytes)
  }

  return {
    /** Whether names may have changed. */
    refresh: (pid: number, phaseEnds: boolean): boolean => {
      const seen = reads.get(pid)
      if (seen && !isDue(seen, phaseEnds)) return false
      if (!mayReadPerfMap(mayRead, pid)) return false
      const version = perfMapVersion(pid)
      if (version === null || version === seen?.version) return false
      const begunMs = performance.now()
      const map = readPerfMap(pid, budget)
      if (map === null) return false
      // Two readings of a file that does not fit say little more than one.
      const isAppended = seen === undefined || !map.isWhole || map.continues(seen.map)
      const earlier = isAppended ? (map.isWhole ? (seen?.earlier ?? null) : null) : seen.map
      for (const old of [seen?.map, seen?.earlier]) if (old !== earlier) letGo(old)
      reads.set(pid, { version, readAtMs: performance.now(), tookMs: performance.now() - begunMs, map, earlier })
      return true
    },
    /** A process that is no longer looked at; the maps of the last few stay for the stacks that they have left. */
    remove: (pid: number) => {
      if (!reads.has(pid)) return
      ended.push(pid)
      const oldest = ended.length > ENDED_LIMIT ? ended.shift() : undefined
      const seen = oldest === undefined ? undefined : reads.get(oldest)
      letGo(seen?.map)
      letGo(seen?.earlier)
      if (oldest !== undefined) reads.delete(oldest)
    },
    /** Untrusted text. The frame does not say whose it is: where processes have different code there, it has no name. */
    nameOf: (address: number): string | null => {
      const names = new Set<string>()
      for (const { map, earlier } of reads.values()) {
        const name = map.nameOf(address) ?? earlier?.nameOf(address) ?? null
        if (name !== null) names.add(name)
        if (names.size > 1) return null
      }
      const [name = null] = names
      return name
    },
  }
}

export type JitNames = ReturnType<typeof createJitNames>
