import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { readProc } from './process.ts'

/** A control group of version 2. */
export interface Cgroup {
  /** from the root of the hierarchy: "/system.slice/api.service" */
  path: string
  /** inode of its directory, which is what bpftrace's `cgroup` says of a task in it (not in its children) */
  id: number
}

/** Where a file system of a type is mounted, in order of mounting (/proc/mounts; blanks there are \040). */
export function mountPoints(mounts: string, type: string): string[] {
  return mounts.split('\n').flatMap((line) => {
    const [, point, fsType] = line.split(' ')
    if (fsType !== type || point === undefined) return []
    return [point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))]
  })
}

/** Root of the cgroup v2 hierarchy (/sys/fs/cgroup, or /sys/fs/cgroup/unified beside version 1); `null` where none is mounted. */
export const cgroupRoot = (): string | null => mountPoints(readProc('/proc/mounts') ?? '', 'cgroup2')[0] ?? null

/** The cgroup v2 of a process; `null` when it cannot be read or lies outside what is mounted here. */
export function cgroupOf(pid: number): Cgroup | null {
  const root = cgroupRoot()
  const line = readProc(`/proc/${pid}/cgroup`)
    ?.split('\n')
    .find((entry) => entry.startsWith('0::'))
  return root === null || line === undefined ? null : findCgroup(line.slice('0::'.length), root)
}

/**
 * Finds a cgroup by its path in the hierarchy or in the file system: "system.slice/api.service", with a leading slash,
 * or below the mount point. `null` when there is none, or the path leads out of the hierarchy.
 */
export function findCgroup(selector: string, root: string): Cgroup | null {
  const isBelow = (candidate: string) => candidate === root || candidate.startsWith(`${root}/`)
  const absolute = path.resolve(selector)
  const candidate = path.isAbsolute(selector) && isBelow(absolute) ? absolute : path.join(root, selector)
  try {
    const real = realpathSync(candidate)
    const stat = statSync(real)
    return isBelow(real) && stat.isDirectory() ? { path: real.slice(root.length) || '/', id: stat.ino } : null
  } catch {
    return null
  }
}

/** Processes that are in this cgroup itself, not in its children. @throws when it is gone or threaded */
export const processesIn = (cgroup: Cgroup, root: string): number[] =>
  readFileSync(path.join(root, cgroup.path, 'cgroup.procs'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map(Number)

/** A host of thousands of containers has some thousand below its root. */
const MOST_BELOW = 4_096

/** The cgroups below one, at any depth, nearest first. */
export function cgroupsBelow(cgroup: Cgroup, root: string): Cgroup[] {
  const found: Cgroup[] = []
  found.push(...childrenOf(cgroup, root))
  for (let i = 0; i < found.length && found.length < MOST_BELOW; i++) {
    const next = found[i]
    if (next) found.push(...childrenOf(next, root))
  }
  return found
}

function childrenOf(cgroup: Cgroup, root: string): Cgroup[] {
  try {
    return readdirSync(path.join(root, cgroup.path), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) => findCgroup(path.join(cgroup.path, name), root) ?? [])
  } catch {
    return [] // removed meanwhile
  }
}
