import { auxiliaryValues, isGone, readProcessStat } from '../host/process.ts'
import type { Program } from '../script/program.ts'
import { readOpen } from './decode.ts'
import type { Tolerant } from './json.ts'

/** Threads that the maps of open waits name although they have ended. */
export interface GoneThreads {
  all: ReadonlySet<number>
  /** whether one of them counted as waiting for so long that its end must have been missed */
  waited: boolean
}

/** Who ends between a cut and the look at /proc was waiting at the cut, and did so for as long as threads live there. */
const MISSED_NS = 1e9

/**
 * An event may be missed (another program on that CPU, another tracer's), also the one that tells a thread's end, or be
 * seen while nothing may be deleted (script/dialect.ts): what is open is held against /proc, since a wait of the dead
 * would last until the end of the run.
 */
export function goneThreads(
  open: ReadonlyMap<string, Tolerant>,
  /** of the cut, CLOCK_BOOTTIME ns */
  atNs: number,
  { perThread }: Pick<Program, 'perThread'>,
  isThere: (thread: number, sinceNs: number) => boolean = wasThere,
): GoneThreads {
  const since = new Map<number, number>()
  for (const kept of perThread)
    for (const map of [...kept.maps, ...(kept.untilGone ?? [])]) {
      const data = open.get(`@${map.name}`)
      for (const { key, value } of data === undefined ? [] : readOpen(map, data)) {
        const [thread = 0] = key
        const began = map === kept.since ? Number(value) : 0
        since.set(thread, Math.max(since.get(thread) ?? 0, began))
      }
    }
  const gone = [...since].filter(([thread, began]) => !isThere(thread, began))
  return {
    all: new Set(gone.map(([thread]) => thread)),
    waited: gone.some(([, began]) => began > 0 && began < atNs - MISSED_NS),
  }
}

/** Whether a thread lives and did so at that time, CLOCK_BOOTTIME ns: numbers are used again. */
function wasThere(thread: number, sinceNs: number): boolean {
  const stat = readProcessStat(thread)
  if (stat === null || isGone(stat)) return false
  const tickNs = 1e9 / auxiliaryValues().ticksPerSecond
  return sinceNs === 0 || (stat.starttime - 1) * tickNs <= sinceNs
}
