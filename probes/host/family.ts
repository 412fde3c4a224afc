import { statSync } from 'node:fs'
import { holdersOf, holdsSocketOf } from './listeners.ts'
import { isGone, listPids, readProcessStat } from './process.ts'

/** The first process starts all services, holds sockets for some, and is none of them. */
const INIT = 1

/** Children by parent, of all processes now. */
function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>()
  for (const pid of listPids()) {
    const parent = readProcessStat(pid)?.parentPid
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  return children
}

/** The processes themselves and all that descend from them now, but for what descends through this program. */
export function descendantsOf(roots: readonly number[]): number[] {
  return grown(roots, () => true)
}

/**
 * The processes that serve a port: those that hold its listener, and of their descendants those that run the same program
 * (workers that closed the listener or never had it: PostgreSQL, Node's cluster) or hold a socket of the port (whoever
 * was handed a connection). Others that they started, a user's shell or a tool, are left out with what descends from them.
 */
export function servingFamily(port: number, holders: readonly number[]): number[] {
  return grown(
    holders,
    (child, parent) => parent !== INIT && (runsSameProgram(child, parent) || holdsSocketOf(child, port)),
  )
}

/** The same, looked up anew: in the network namespace of a process (an inode; null: wherever it is). */
export function servingNow(port: number, netns: number | null): number[] {
  const holders = holdersOf(port).filter((one) => netns === null || one.netns === netns)
  const pids = holders.flatMap((one) => one.pids).filter((pid) => pid !== INIT && pid !== process.pid)
  return servingFamily(port, pids)
}

function grown(roots: readonly number[], takes: (child: number, parent: number) => boolean): number[] {
  const children = childrenByParent()
  const family = new Set(roots)
  for (const pid of family)
    for (const child of children.get(pid) ?? [])
      if (child !== process.pid && !family.has(child) && takes(child, pid)) family.add(child)
  return [...family]
}

/** How many processes descend from these and are not among them; zombies and what descends through this program apart. */
export function descendantsBeside(pids: readonly number[]): number {
  const own = new Set(pids)
  return descendantsOf(pids).filter((pid) => {
    const stat = own.has(pid) ? null : readProcessStat(pid)
    return stat !== null && !isGone(stat)
  }).length
}

function runsSameProgram(a: number, b: number): boolean {
  try {
    const [first, second] = [statSync(`/proc/${a}/exe`), statSync(`/proc/${b}/exe`)]
    return first.ino === second.ino && first.dev === second.dev
  } catch {
    return false // ended, or another user's
  }
}
