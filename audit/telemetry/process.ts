import { readProcessStat, readSchedCpuNs } from '../../probes/index.ts'
import type { Scope, Source, Values } from './source.ts'

/** CPU time (ns), resident memory (bytes) and threads of the target's processes together; unknown when all are gone. */
export const processes: Source = {
  name: 'process',
  from: '/proc/PID/stat, task/*/schedstat',
  every: 1,
  open: (scope) => ({ read: () => readProcesses(scope), close: () => undefined }),
}

function readProcesses({ target }: Scope): Values | null {
  const stats = target.processes.flatMap(({ pid }) => readProcessStat(pid) ?? [])
  if (stats.length === 0) return null
  return {
    cpu_ns: target.processes.reduce((n, { pid }) => n + (readSchedCpuNs(pid) ?? 0), 0),
    rss_bytes: stats.reduce((n, s) => n + s.rssBytes, 0),
    threads: stats.reduce((n, s) => n + s.threads, 0),
  }
}
