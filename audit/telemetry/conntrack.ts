import { joined, numberOf, readOnce, sourceOfFile } from './proc-file.ts'
import { isMissing, type Missing, type OpenSource, type Scope, type Source, type Values } from './source.ts'

/**
 * Connection tracking in the target's network namespace: entries now, and what failed since the namespace began
 * (/proc/PID/net/stat/nf_conntrack). The limit is one for the host (nf_conntrack_max), each namespace counts against it.
 */
export const connectionTracking: Source = {
  name: 'conntrack',
  from: '/proc/PID/net/stat/nf_conntrack',
  every: 2,
  open: openConntrack,
}

/** Parses the heading and a hexadecimal line per processor; columns are found by name, since kernels differ in them. */
export function parseConntrack(text: string): Values | null {
  const [heading, ...lines] = text.split('\n').map((line) => line.trim().split(/\s+/))
  const values: Values = {}
  for (const columns of lines) {
    if (columns.length < 2) continue
    for (const [at, name] of (heading ?? []).entries()) {
      const value = HEX.test(columns[at] ?? '') ? Number.parseInt(columns[at] ?? '', 16) : null
      if (value === null || !NAMES.has(name)) continue
      // Each line repeats the namespace's number of entries; the others are counted per processor.
      values[name] = name === 'entries' ? value : (values[name] ?? 0) + value
    }
  }
  return Object.keys(values).length > 0 ? values : null
}

const NAMES = new Set(['entries', 'found', 'invalid', 'insert_failed', 'drop', 'early_drop', 'search_restart'])
const HEX = /^[0-9a-f]{1,8}$/i

function openConntrack({ target }: Scope): OpenSource | Missing {
  const statistics = sourceOfFile(`/proc/${target.netnsPid}/net/stat/nf_conntrack`, parseConntrack, true)
  if (isMissing(statistics)) return statistics
  const max = numberOf(readOnce('/proc/sys/net/netfilter/nf_conntrack_max'))
  return joined([
    ['', statistics],
    ['', { read: () => (max === null ? null : { max }), close: () => undefined }],
  ])
}
