import { joined, numberOf, sourceOfFile } from './proc-file.ts'
import type { Source, Values } from './source.ts'

/** Time in which something (some) or everything (full) waited: /proc/pressure (Documentation/accounting/psi.rst). */
export const pressure: Source = {
  name: 'pressure',
  from: '/proc/pressure/*',
  every: 1,
  open: () => joined(KINDS.map((kind) => [`${kind}.`, sourceOfFile(`/proc/pressure/${kind}`, parsePressure)])),
}

const KINDS = ['cpu', 'io', 'memory', 'irq'] // irq: Linux 6.1, where the kernel accounts interrupt time

/** Parses one pressure file, a cgroup's too: `some_us` since boot, `some_avg10_pct`; `full` only where the line is there. */
export function parsePressure(text: string): Values | null {
  const values: Values = {}
  for (const line of text.split('\n')) {
    const match = LINE.exec(line)
    const [avg10, total] = [numberOf(match?.[2]), numberOf(match?.[3])]
    if (avg10 === null || total === null) continue
    values[`${match?.[1]}_avg10_pct`] = avg10
    values[`${match?.[1]}_us`] = total
  }
  return Object.keys(values).length > 0 ? values : null
}

const LINE = /^(some|full) avg10=([\d.]+) .*\btotal=(\d+)/
