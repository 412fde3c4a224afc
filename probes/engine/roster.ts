import { isAlive, readSchedCpuNs } from '../host/process.ts'
import { identify, type Target, type TargetProcess } from '../host/target.ts'
import type { Changes } from './changes.ts'
import { CHANGE } from './membership.ts'
import type { Growth } from './targets.ts'

/** The processes of a target as they come and go, for whoever reads of them in /proc. */
export interface Roster {
  /** those that are watched and were alive when last looked at, ascending by pid */
  living: () => readonly TargetProcess[]
  pids: () => number[]
  /** CPU time of all that were ever watched, since they were; only grows, ns */
  cpuNs: () => number
  /** how many there are, and what became of the others */
  counts: () => RosterCounts
  /** takes in what the kernel saw; returns who is new */
  take: (changes: Changes) => TargetProcess[]
  /** takes a process in that was found otherwise; null when it is gone or there already */
  add: (pid: number) => TargetProcess | null
  drop: (pid: number) => void
  /** lets go of those that have ended, where no kernel program tells of it */
  sweep: () => void
  /** whether any of them lives right now */
  isAlive: () => boolean
}

export interface RosterCounts {
  processes: number
  /** came since the beginning */
  joined: number
  /** ended since the beginning */
  ended: number
  /** of those that ended, the ones whose successors nobody would see */
  lost: number
  /** children made that are not watched */
  unwatched: number
}

/** Newcomers looked at in /proc between two cuts: of thousands that live for a moment, those that last are seen later. */
const MOST_NEWCOMERS = 256

interface Clock {
  /** CPU time before it was watched, ns */
  before: number
  /** the most that it has shown: it falls back by a tick or two when a thread ends */
  most: number
  /** of its threads that ended */
  spent: number
}

/**
 * @param readCpuNs CPU time of a process, null when it is gone
 */
export function createRoster(
  target: Target,
  grows: Growth,
  readCpuNs: (pid: number) => number | null = readSchedCpuNs,
): Roster {
  const members = new Map<number, TargetProcess>(target.processes.map((process) => [process.pid, process]))
  const clocks = new Map<number, Clock>(target.processes.map(({ pid }) => [pid, { before: 0, most: 0, spent: 0 }]))
  /** CPU time of those that are gone */
  let endedNs = 0
  const counts = { joined: 0, ended: 0, lost: 0, unwatched: 0 }
  /** kernel programs count who ends */
  const isCounted = grows === 'children' || grows === 'port'
  const sorted = () => [...members.values()].sort((a, b) => a.pid - b.pid)

  const remove = (pid: number): boolean => {
    const clock = clocks.get(pid)
    if (clock) endedNs += Math.max(clock.most, clock.spent) - clock.before
    clocks.delete(pid)
    return members.delete(pid)
  }
  /** One has ended, and of it no kernel program tells. */
  const lose = () => {
    if (isCounted) return
    counts.ended++
    if (grows === 'no') counts.lost++
  }
  const insert = (pid: number, isBornWatched: boolean): TargetProcess | null => {
    const [found] = members.has(pid) ? [] : identify(pid)
    if (found === undefined) return null
    members.set(pid, found)
    const before = isBornWatched ? 0 : (readCpuNs(pid) ?? 0)
    clocks.set(pid, { before, most: before, spent: 0 })
    return found
  }

  return {
    living: sorted,
    pids: () => sorted().map(({ pid }) => pid),
    cpuNs: () => {
      let sum = endedNs
      for (const [pid, clock] of clocks) {
        clock.most = Math.max(clock.most, readCpuNs(pid) ?? 0)
        sum += Math.max(clock.most, clock.spent) - clock.before
      }
      return sum
    },
    counts: () => ({ processes: members.size, ...counts }),
    take: (changes) => {
      counts.joined += changes.came
      counts.unwatched += changes.children
      if (isCounted) counts.ended += changes.ended
      let told = 0
      for (const [pid, ns] of changes.spentBy) {
        told += ns
        const clock = clocks.get(pid)
        if (clock) clock.spent += ns
        // Between two cuts it came and went.
        else endedNs += ns
      }
      // Of more than a map holds the sum is known all the same.
      endedNs += Math.max(0, changes.spentNs - told)
      for (const [pid, how] of changes.left) if (remove(pid) && how === CHANGE.ended) lose()
      const newcomers: TargetProcess[] = []
      for (const [pid, how] of changes.joined) {
        if (newcomers.length >= MOST_NEWCOMERS) break
        if (changes.left.get(pid) === CHANGE.executedAnother) continue
        const added = insert(pid, how === CHANGE.born)
        if (added) newcomers.push(added)
      }
      return newcomers
    },
    add: (pid) => {
      const added = insert(pid, false)
      if (added) counts.joined++
      return added
    },
    drop: (pid) => {
      remove(pid)
    },
    sweep: () => {
      for (const [pid, process] of members) if (!isAlive(process) && remove(pid)) lose()
    },
    isAlive: () => [...members.values()].some(isAlive),
  }
}
