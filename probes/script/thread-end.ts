import { type Expr, ne, read, tid, u64 } from './expr.ts'
import type { ScratchMap } from './maps.ts'
import { forget, type Handler, on, type Statement, set, when } from './parts.ts'

/**
 * What a probe keeps of a thread, by its number. A script empties it when the thread ends, and once more at the
 * recorder's word (frame.ts) where that was not seen.
 */
export interface PerThread {
  /** since when the thread waits; 0 or absent: it does not */
  since: ScratchMap<'int'>
  /** all maps but those below, `since` among them */
  maps: readonly ScratchMap[]
  /** kept until it has left its CPU for ever: what says that the thread is no new one */
  untilGone?: readonly ScratchMap[]
  /** whether a thread has an entry in any of them */
  isKnown: (thread: Expr<'int'>) => Expr<'int'>
}

/** Also what was zeroed because it could not be deleted: nothing is asked. */
export const forgetThread = ({ maps, untilGone = [] }: PerThread, thread: Expr<'int'>): Statement[] =>
  [...maps, ...untilGone].map((map) => forget(map, thread))

export const forgetIfKnown = (kept: PerThread, thread: Expr<'int'>): Statement =>
  when(kept.isKnown(thread), forgetThread(kept, thread))

/**
 * Empties the maps of a thread that ends. The target is not asked whether it is one of its own: a map of processes may
 * have lost the number first, by another program on the same event, and then the last thread of every process would stay
 * for ever.
 */
export const whenThreadEnds = (kept: readonly PerThread[]): Handler[] =>
  kept.length === 0
    ? []
    : [
        on('sched:sched_process_exit', 'a thread ends: nothing of it goes on counting', () => ({
          body: kept.map(({ maps, isKnown }) =>
            when(
              isKnown(tid),
              maps.map((map) => forget(map, tid)),
            ),
          ),
        })),
      ]

/**
 * A thread other than the first that executes another program takes the number of the first: what is open under its own
 * number, the execve itself, goes on under the new one.
 */
export const whenRenumbered = (maps: readonly ScratchMap<'int'>[]): Handler =>
  on('sched:sched_process_exec', 'a thread executes another program, and takes the number of the first', (args) => ({
    when: ne(args.old_pid, args.pid),
    body: maps.flatMap((map) => [set(map, [tid], read(map, u64(args.old_pid))), forget(map, u64(args.old_pid))]),
  }))
