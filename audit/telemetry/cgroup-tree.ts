import { cgroupRoot } from '../../probes/index.ts'
import { parseHierarchies, parsePlaces, sourcesOfV1 } from './cgroup-v1.ts'
import { parsePressure } from './pressure.ts'
import { joined, numberOf, readOnce, sourceOfFile } from './proc-file.ts'
import type { Missing, OpenSource, Scope, Source, Values } from './source.ts'

/**
 * Limits and pressure of the target's cgroup (`own.`) and of each above it (`up1.`, `up2.`, ...): a limit
 * anywhere up the tree holds the target back (Documentation/admin-guide/cgroup-v2.rst). The root has none.
 */
export const cgroups: Source = {
  name: 'cgroup',
  from: 'cpu.*, memory.*, io.pressure, pids.* of each cgroup up to the root, of both versions',
  every: 1,
  open: (scope) => openCgroups(scope),
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

/** What tells where hierarchies are mounted and where the target is in them; a test has its own. */
export interface CgroupWorld {
  rootV2: () => string | null
  mountinfo: () => string
  placesV1: (pid: number) => string
}
const host: CgroupWorld = {
  rootV2: cgroupRoot,
  mountinfo: () => readOnce('/proc/self/mountinfo') ?? '',
  placesV1: (pid) => readOnce(`/proc/${pid}/cgroup`) ?? '',
}

/** Both versions: on a hybrid host controllers are in trees of version 1, and a tree of version 2 beside them has none. */
export function openCgroups({ target }: Pick<Scope, 'target'>, world: CgroupWorld = host): OpenSource | Missing {
  const [first] = target.processes
  const root = world.rootV2()
  const mountinfo = world.mountinfo()
  const lineage = root !== null && target.cgroup !== null ? lineageOf(target.cgroup.path) : []
  const v2 = lineage.flatMap((path, level) =>
    FILES.map(([file, prefix, parse]) => {
      const whose = level === 0 ? 'own' : `up${level}`
      return [`${whose}.${prefix}`, sourceOfFile(`${root}${path}/${file}`, parse)] as const
    }),
  )
  const v1 = first ? sourcesOfV1(mountinfo, parsePlaces(world.placesV1(first.pid))) : []
  if (v2.length + v1.length > 0) return joined([...v2, ...v1])
  const isMounted = (root !== null && target.cgroup !== null) || parseHierarchies(mountinfo).length > 0
  if (isMounted)
    return { missing: 'the target is in the root of its cgroups: nothing there limits it', isNothing: true }
  return { missing: 'no cgroup of the target is mounted here: whether it is throttled is unknown' }
}
