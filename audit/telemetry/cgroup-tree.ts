import { cgroupRoot } from '../../probes/index.ts'
import { parsePressure } from './pressure.ts'
import { joined, numberOf, sourceOfFile } from './proc-file.ts'
import type { Missing, OpenSource, Scope, Source, Values } from './source.ts'

/**
 * Limits and pressure of the target's cgroup (`own.`) and of each above it (`up1.`, `up2.`, ...): a limit
 * anywhere up the tree holds the target back (Documentation/admin-guide/cgroup-v2.rst). The root has none.
 */
export const cgroups: Source = {
  name: 'cgroup',
  from: 'cpu.*, memory.*, io.pressure, pids.* of each cgroup v2 up to the root',
  every: 1,
  open: openCgroups,
}

/** Parses "name value" lines: cpu.stat, memory.events. */
export function parseFlat(text: string): Values | null {
  const values: Values = {}
  for (const line of text.split('\n')) {
    const [name = '', value] = line.split(' ')
    const number = numberOf(value)
    if (number !== null && FLAT.has(name)) values[name] = number
  }
  return Object.keys(values).length > 0 ? values : null
}

/** Parses "QUOTA PERIOD" of cpu.max to how many processors that is; nothing when there is no limit. */
export function parseCpuMax(text: string): Values | null {
  const [quota, period] = text.trim().split(' ').map(numberOf)
  return quota && period ? { limit_cpus: quota / period } : null
}

/** One number; "max" is no limit, and nothing. */
export const parseNumber =
  (name: string) =>
  (text: string): Values | null => {
    const value = numberOf(text.trim())
    return value === null ? null : { [name]: value }
  }

const FLAT = new Set([
  ...['usage_usec', 'user_usec', 'system_usec', 'nr_periods', 'nr_throttled', 'throttled_usec', 'nr_bursts'],
  ...['low', 'high', 'max', 'oom', 'oom_kill', 'oom_group_kill', 'sock_throttled'],
])
/** Deeper trees are read from the target up to here. */
const LEVELS = 8

const FILES: readonly (readonly [file: string, prefix: string, parse: (text: string) => Values | null])[] = [
  ['cpu.stat', 'cpu.', parseFlat],
  ['cpu.max', 'cpu.', parseCpuMax],
  ['cpu.pressure', 'cpu.', parsePressure],
  ['memory.current', 'memory.', parseNumber('current_bytes')],
  ['memory.max', 'memory.', parseNumber('max_bytes')],
  ['memory.high', 'memory.', parseNumber('high_bytes')],
  ['memory.swap.current', 'memory.', parseNumber('swap_bytes')],
  ['memory.events', 'memory.', parseFlat],
  ['memory.pressure', 'memory.', parsePressure],
  ['io.pressure', 'io.', parsePressure],
  ['pids.current', 'pids.', parseNumber('current')],
  ['pids.max', 'pids.', parseNumber('limit')],
]

/** The target's cgroup and those above it, without the root: "/a/b" -> ["/a/b", "/a"]. */
export function lineageOf(path: string): string[] {
  const names = path.split('/').filter(Boolean)
  return names.map((_, at) => `/${names.slice(0, names.length - at).join('/')}`).slice(0, LEVELS)
}

function openCgroups({ target }: Scope): OpenSource | Missing {
  const root = cgroupRoot()
  if (root === null || target.cgroup === null)
    return { missing: 'no cgroup v2 of the target is mounted here (version 1 is not read): throttling unknown' }
  const lineage = lineageOf(target.cgroup.path)
  if (lineage.length === 0)
    return { missing: 'the target is in the root of cgroup v2: nothing there limits it, version 1 is not read' }
  return joined(
    lineage.flatMap((path, level) =>
      FILES.map(([file, prefix, parse]) => {
        const whose = level === 0 ? 'own' : `up${level}`
        return [`${whose}.${prefix}`, sourceOfFile(`${root}${path}/${file}`, parse)] as const
      }),
    ),
  )
}
