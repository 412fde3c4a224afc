import { readProcessStat, readSchedCpuNs } from '../../probes/index.ts'
import type { OpenSource, Scope, Source } from './source.ts'

/** CPU time (ns), resident memory (bytes) and threads of the target's processes together; unknown when all are gone. */
export const processes: Source = {
  name: 'process',
  from: '/proc/PID/stat, task/*/schedstat',
  every: 1,
  open: openProcesses,
}

/**
 * The most that each process's clock has shown: it falls back by a tick or two when a thread ends, and is gone with the
 * process, whose time was spent all the same.
 */
export function createCpuClock(readNs: (pid: number) => number | null): (pids: readonly number[]) => number {
  const most = new Map<number, number>()
  return (pids) => {
    let sum = 0
    for (const pid of pids) {
      const ns = Math.max(most.get(pid) ?? 0, readNs(pid) ?? 0)
      most.set(pid, ns)
      sum += ns
    }
    return sum
  }
}

function openProcesses({ target }: Scope): OpenSource {
  const pids = target.processes.map(({ pid }) => pid)
  const cpuNs = createCpuClock(readSchedCpuNs)
  return {
    read: () => {
      const stats = pids.flatMap((pid) => readProcessStat(pid) ?? [])
      if (stats.length === 0) return null
      return {
        cpu_ns: cpuNs(pids),
        rss_bytes: stats.reduce((n, s) => n + s.rssBytes, 0),
        threads: stats.reduce((n, s) => n + s.threads, 0),
      }
    },
    close: () => undefined,
  }
}
