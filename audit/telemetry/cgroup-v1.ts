import { numberOf, sourceOfFile } from './proc-file.ts'
import { isMissing, type Missing, type OpenSource, type Values } from './source.ts'

/**
 * Control groups of version 1: a tree for each controller (or several together), each with a place of its own for a process.
 * What their files say is told by the names that version 2 has for the same (Documentation/admin-guide/cgroup-v1).
 */
export interface Hierarchy {
  controllers: readonly string[]
  mount: string
  /** of the tree, what is mounted there: a container sees its own part */
  root: string
}

/** Hierarchies of version 1 in /proc/self/mountinfo (proc_pid_mountinfo(5)), the first of each. */
export function parseHierarchies(mountinfo: string): Hierarchy[] {
  const found: Hierarchy[] = []
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ')
    const [, , , root, mount] = left.split(' ')
    const [type, , options = ''] = right.split(' ')
    if (type !== 'cgroup' || root === undefined || mount === undefined) continue
    const controllers = options.split(',').filter((name) => FILES.has(name))
    const isKnown = controllers.every((name) => found.some((other) => other.controllers.includes(name)))
    if (!isKnown) found.push({ controllers, mount: unescaped(mount), root: unescaped(root) })
  }
  return found
}

/** Where a process is, by controller, from /proc/PID/cgroup: "4:cpu,cpuacct:/docker/1". */
export function parsePlaces(text: string): Map<string, string> {
  const places = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [id, controllers, ...rest] = line.split(':')
    if (id === undefined || id === '0' || controllers === undefined) continue
    for (const name of controllers.split(',')) if (name !== '') places.set(name, rest.join(':'))
  }
  return places
}

/** Directories of a process's group and of those above it, without the root of the tree: there nothing is limited. */
export function lineageIn({ mount, root }: Hierarchy, place: string): string[] {
  const isBelow = root === '/' || place === root || place.startsWith(`${root}/`)
  if (!isBelow || place.split('/').includes('..')) return [] // of a part that is not mounted here
  const names = (root === '/' ? place : place.slice(root.length)).split('/').filter(Boolean)
  const above = names.map((_, at) => `${mount}/${names.slice(0, names.length - at).join('/')}`)
  // What is mounted at the very top of a part is a group with limits, too.
  return (root === '/' ? above : [...above, mount]).slice(0, LEVELS)
}

/** The files of a place in all hierarchies, each with what its names begin with. */
export function sourcesOfV1(mountinfo: string, places: ReadonlyMap<string, string>): [string, OpenSource | Missing][] {
  return parseHierarchies(mountinfo).flatMap((hierarchy) =>
    hierarchy.controllers.flatMap((controller) => {
      const place = places.get(controller)
      if (place === undefined) return []
      return lineageIn(hierarchy, place).flatMap((directory, level) =>
        (FILES.get(controller) ?? []).map(([prefix, open]): [string, OpenSource | Missing] => [
          `${level === 0 ? 'own' : `up${level}`}.${prefix}`,
          open(directory),
        ]),
      )
    }),
  )
}

type Open = (directory: string) => OpenSource | Missing
const file =
  (name: string, parse: (text: string) => Values | null): Open =>
  (directory) =>
    sourceOfFile(`${directory}/${name}`, parse)
const number =
  (name: string, times = 1, most = Number.POSITIVE_INFINITY) =>
  (text: string): Values | null => {
    const value = numberOf(text.trim())
    return value === null || value >= most ? null : { [name]: value * times }
  }

/** No limit is told as the greatest number of pages. */
const UNLIMITED_BYTES = 2 ** 60
const NS_TO_US = 1e-3

const FILES: ReadonlyMap<string, readonly (readonly [prefix: string, open: Open])[]> = new Map([
  [
    'cpu',
    [
      ['cpu.', file('cpu.stat', parseThrottling)],
      ['cpu.', openQuota],
    ],
  ],
  ['cpuacct', [['cpu.', file('cpuacct.usage', number('usage_usec', NS_TO_US))]]],
  [
    'memory',
    [
      ['memory.', file('memory.usage_in_bytes', number('current_bytes'))],
      ['memory.', file('memory.limit_in_bytes', number('max_bytes', 1, UNLIMITED_BYTES))],
      ['memory.', file('memory.failcnt', number('max'))],
      ['memory.', file('memory.oom_control', parseOomControl)],
    ],
  ],
  [
    'pids',
    [
      ['pids.', file('pids.current', number('current'))],
      ['pids.', file('pids.max', number('limit'))],
    ],
  ],
])
/** As of version 2: deeper trees are read from the target up to here. */
const LEVELS = 8

/** Times are in ns here, and in µs in version 2. */
export function parseThrottling(text: string): Values | null {
  const values: Values = {}
  for (const line of text.split('\n')) {
    const [name = '', count] = line.split(' ')
    const value = numberOf(count)
    if (value === null) continue
    if (name === 'throttled_time') values['throttled_usec'] = value * NS_TO_US
    else if (name === 'nr_periods' || name === 'nr_throttled' || name === 'nr_bursts') values[name] = value
  }
  return Object.keys(values).length > 0 ? values : null
}

/** Since Linux 4.13 it counts what was killed. */
export function parseOomControl(text: string): Values | null {
  const killed = numberOf(/^oom_kill (\d+)$/m.exec(text)?.[1])
  return killed === null ? null : { oom_kill: killed }
}

/** How many processors the group may use: what it may run in a period, by the period; -1 is no limit. */
function openQuota(directory: string): OpenSource | Missing {
  const quota = sourceOfFile(`${directory}/cpu.cfs_quota_us`, number('us'))
  const period = sourceOfFile(`${directory}/cpu.cfs_period_us`, number('us'))
  if (isMissing(quota)) return quota
  if (isMissing(period)) return period
  return {
    read: () => {
      const [us, of] = [quota.read()?.['us'], period.read()?.['us']]
      return us !== undefined && us > 0 && of !== undefined && of > 0 ? { limit_cpus: us / of } : null
    },
    close: () => {
      quota.close()
      period.close()
    },
  }
}

const unescaped = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
