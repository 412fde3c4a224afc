import { readProcessStat } from '../../probes/index.ts'
import type { OpenSource, Scope, Source } from './source.ts'

/** CPU time (ns), resident memory (bytes) and threads of the target's processes together; unknown when all are gone. */
export const processes: Source = {
  name: 'process',
  from: '/proc/PID/stat, task/*/schedstat',
  every: 1,
  open: openProcesses,
}

/** How many processes the target has, and what became of the others: a lane that falls has its reason here. */
export const membership: Source = {
  name: 'target',
  from: 'the kernel programs that see processes come and go, /proc',
  every: 1,
  open: ({ roster }) => ({ read: () => ({ ...roster.counts() }), close: () => undefined }),
}

function openProcesses({ roster }: Scope): OpenSource {
  return {
    read: () => {
      const stats = roster.pids().flatMap((pid) => readProcessStat(pid) ?? [])
      if (stats.length === 0) return null
      return {
        cpu_ns: roster.cpuNs(),
        rss_bytes: stats.reduce((n, s) => n + s.rssBytes, 0),
        threads: stats.reduce((n, s) => n + s.threads, 0),
      }
    },
    close: () => undefined,
  }
}
