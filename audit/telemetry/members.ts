import type { Roster } from '../../probes/index.ts'

/** A target of thousands of workers is looked at by these: their sums are then of these alone. */
export const PROCESSES_READ = 64

/** What is kept open of each process of a target, from when it is watched until it is gone. */
export interface OfMembers<T> {
  /** of those that are watched now, by pid */
  now: () => [pid: number, kept: T][]
  close: () => void
}

export function ofMembers<T>(roster: Roster, open: (pid: number) => T, close: (kept: T) => void): OfMembers<T> {
  const kept = new Map<number, { starttime: number; value: T }>()
  const letGo = (pid: number) => {
    const one = kept.get(pid)
    if (one && kept.delete(pid)) close(one.value)
  }
  const look = () => {
    const living = new Map(roster.living().map((process) => [process.pid, process]))
    for (const [pid, { starttime }] of kept) if (living.get(pid)?.starttime !== starttime) letGo(pid)
    for (const { pid, starttime } of living.values()) {
      if (kept.size >= PROCESSES_READ) break
      if (!kept.has(pid)) kept.set(pid, { starttime, value: open(pid) })
    }
  }
  look()
  return {
    now: () => {
      look()
      return [...kept].map(([pid, { value }]) => [pid, value])
    },
    close: () => {
      for (const pid of [...kept.keys()]) letGo(pid)
    },
  }
}
