import { cgroupRoot, cgroupsBelow, processesIn } from '../host/cgroup.ts'
import { descendantsOf, servingNow } from '../host/family.ts'
import { holdsSocketOf } from '../host/listeners.ts'
import type { Target, TargetProcess } from '../host/target.ts'
import { createChangeNotes, movementOf } from './change-words.ts'
import { readChanges } from './changes.ts'
import { CHANGE } from './membership.ts'
import type { Roster } from './roster.ts'
import type { Growth } from './targets.ts'
import type { CutFrame, Tracer } from './tracer.ts'

/** Keeps what the kernel programs take for the target, the roster and /proc in agreement, once a cut. */
export interface Company {
  take: (frame: Pick<CutFrame, 'results' | 'open'>) => { newcomers: TargetProcess[]; notes: string[] }
}

/** Processes whose descriptors are walked through between two cuts. */
const MOST_DOUBTS = 8

/** @param mostMembers entries of the map of members */
export function createCompany(
  target: Target,
  grows: Growth,
  roster: Roster,
  { tell, mostMembers }: { tell: Tracer['tell']; mostMembers: number },
): Company {
  const notes = createChangeNotes(target.port === undefined ? 'the target' : `port ${target.port}`)
  const cgroups = target.selectedBy === 'cgroup' ? cgroupMembers(target) : null
  const isSeenInKernel = grows === 'port' || grows === 'children' || (grows === 'no' && target.processes.length > 1)
  let isFirst = true
  /** as the kernel programs count */
  let members = target.processes.length
  let isFullTold = false
  let isUnwatchedTold = false

  const join = (pids: readonly number[]): TargetProcess[] =>
    pids.flatMap((pid) => {
      const added = roster.add(pid)
      if (added) tell('join', pid)
      return added ?? []
    })
  /** Those that came between the look at /proc and the first event that the programs saw. */
  const latecomers = (): TargetProcess[] => {
    if (grows === 'port' && target.port !== undefined) return join(servingNow(target.port, target.netnsInode))
    return grows === 'children' ? join(descendantsOf(roster.pids())) : []
  }

  return {
    take: (frame) => {
      const changes = readChanges(frame.results)
      const before = roster.living().length
      const goneOfThem = roster.living().filter(({ pid }) => changes.left.get(pid) === CHANGE.ended).length
      const newcomers = roster.take(changes)
      if (isFirst) newcomers.push(...latecomers())
      let back = 0
      if (grows === 'port' && target.port !== undefined) {
        const { port } = target
        const doubtful = [...changes.left].filter(([, how]) => how === CHANGE.executedAnother).map(([pid]) => pid)
        // The program that was executed may hold a socket among descriptors that the kernel did not look at.
        const stay = join(doubtful.slice(0, MOST_DOUBTS).filter((pid) => holdsSocketOf(pid, port)))
        newcomers.push(...stay)
        back = stay.length
        // listen() may have failed: the port was another's.
        for (const [pid, how] of [...changes.joined].slice(0, MOST_DOUBTS))
          if (how === CHANGE.listens && !holdsSocketOf(pid, port)) {
            tell('leave', pid)
            roster.drop(pid)
          }
      }
      if (cgroups) {
        const found = cgroups.look()
        for (const id of found.cgroups) tell('join', id)
        newcomers.push(...found.pids.flatMap((pid) => roster.add(pid) ?? []))
      }
      if (!isSeenInKernel) roster.sweep()
      const said = isSeenInKernel
        ? notes.take(movementOf(changes, { before, goneOfThem, back }), frame.open !== null)
        : []
      if (isFirst && target.port !== undefined && grows !== 'port')
        said.push(`whoever takes the place of its processes on port ${target.port} is not watched: that takes BTF`)
      isFirst = false
      members += changes.came - changes.ended - changes.executedAnother
      if (members >= mostMembers && !isFullTold) {
        isFullTold = true
        said.push(`more than ${mostMembers} processes at once: those above that number are not watched`)
      }
      const { unwatched } = roster.counts()
      if (changes.children > 0 && (!isUnwatchedTold || frame.open !== null)) {
        isUnwatchedTold = true
        said.push(`${unwatched === 1 ? '1 child was' : `${unwatched} children were`} made and not watched: --follow`)
      }
      return { newcomers, notes: said }
    },
  }
}

/** The cgroups of a target that are new, and the processes in all of them. */
function cgroupMembers({ cgroup, cgroupsBelow: below = [] }: Target) {
  const root = cgroupRoot()
  const known = new Set([cgroup, ...below].flatMap((one) => one?.id ?? []))
  return {
    look: (): { cgroups: number[]; pids: number[] } => {
      if (cgroup === null || root === null) return { cgroups: [], pids: [] }
      const now = [cgroup, ...cgroupsBelow(cgroup, root)]
      const fresh = now.map(({ id }) => id).filter((id) => !known.has(id))
      for (const id of fresh) known.add(id)
      const pids = now.flatMap((one) => {
        try {
          return processesIn(one, root)
        } catch {
          return [] // removed meanwhile, or threaded
        }
      })
      return { cgroups: fresh, pids }
    },
  }
}
