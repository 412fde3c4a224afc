import {
  all,
  any,
  bitAnd,
  type Expr,
  eq,
  ge,
  gt,
  int,
  lt,
  not,
  oneOf,
  shiftRight,
  since,
  u64,
  userWord,
} from '../script/expr.ts'
import { assign, bind, maskedIn, type Statement, when } from '../script/parts.ts'

/**
 * What a futex wait is for, as its arguments and the words around the futex tell.
 *
 * Operations (include/uapi/linux/futex.h), without the flags PRIVATE (128) and CLOCK_REALTIME (256).
 */
const OP_MASK = 127
const PRIVATE = 128
const REALTIME = 256
const WAIT = 0
const LOCK_PI = 6
const WAIT_BITSET = 9
const WAIT_REQUEUE_PI = 11
const LOCK_PI2 = 13
export const WAITS = [WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2] as const

export const FUTEX = {
  /** glibc's low-level lock under a mutex, Rust's mutex, robust and musl mutexes */
  mutex: 1,
  priorityInheriting: 2,
  condition: 3,
  other: 4,
  rwlock: 5,
  semaphore: 6,
  /** for a thread to end */
  join: 7,
} as const

type Int = Expr<'int'>

/** A lock that is taken and waited for has this value: glibc's lowlevellock.h, Rust's sys/sync/mutex/futex.rs, Go's lock_futex.go. */
const TAKEN = 2
/** FUTEX_WAITERS, in the word of a robust mutex (glibc) and of every mutex of musl */
const WAITERS = 2 ** 31
/** Waiters of a condition are counted in steps of 8 (glibc's __wrefs). More are no number of threads but half of an address. */
const A_WAITER = 8
const MOST_WAITERS = 21_600
/** glibc's rwlock: bits of __readers (WRLOCKED and RWAITING) */
const WAITED_BY_READERS = 6
/** thread ids begin above what locks wait for */
const LEAST_THREAD = 4

/**
 * Sets a variable to one of FUTEX. glibc's conditions, semaphores and read-write locks all wait by WAIT_BITSET, and in
 * functions without frame pointers. What tells them apart is the value and, where that is not enough, what lies beside it:
 * a condition's two signal words come right behind its count of waiters (__wrefs), a semaphore's value is the lower half of
 * a word whose upper half counts its waiters. Both layouts are part of glibc's ABI. What fits neither is a condition, of
 * which nobody can tell from here what it stands for. Reads eight bytes of the waiting thread's memory, twice at most.
 */
export function classifyFutex(
  { address, op, value }: { address: Int; op: Int; value: Int },
  rest: (kind: Int) => readonly Statement[],
): Statement[] {
  const isOp = (...ops: number[]) => maskedIn(op, OP_MASK, ops)
  return bind('futex', u64(FUTEX.other), (kind) =>
    bind('val', bitAnd(u64(value), 0xffff_ffff), (val) => [
      when(isOp(LOCK_PI, LOCK_PI2), [assign(kind, u64(FUTEX.priorityInheriting))]),
      when(all(isOp(WAIT), any(eq(val, TAKEN), ge(val, WAITERS))), [assign(kind, u64(FUTEX.mutex))]),
      when(isOp(WAIT_BITSET, WAIT_REQUEUE_PI), [
        assign(kind, u64(FUTEX.condition)),
        when(
          all(eq(bitAnd(op, REALTIME), 0), eq(val, TAKEN)),
          [assign(kind, u64(FUTEX.mutex))],
          [
            ...bind('beside', userWord(since(u64(address), int(8))), (beside) => [
              when(eq(bitAnd(u64(address), 4), 0), [assign(beside, shiftRight(beside, 32))]),
              assign(beside, bitAnd(beside, 0xffff_ffff)),
              when(not(all(ge(beside, A_WAITER), lt(beside, MOST_WAITERS))), [
                when(
                  eq(val, 0),
                  [
                    when(eq(bitAnd(u64(address), 7), 0), [
                      assign(beside, shiftRight(userWord(u64(address)), 32)),
                      when(all(gt(beside, 0), lt(beside, MOST_WAITERS)), [assign(kind, u64(FUTEX.semaphore))]),
                    ]),
                  ],
                  [
                    when(
                      any(oneOf(val, [TAKEN, TAKEN + 1]), eq(bitAnd(val, WAITED_BY_READERS), WAITED_BY_READERS)),
                      [assign(kind, u64(FUTEX.rwlock))],
                      [assign(kind, u64(FUTEX.other))],
                    ),
                  ],
                ),
              ]),
            ]),
          ],
        ),
      ]),
      when(all(isOp(WAIT, WAIT_BITSET), eq(bitAnd(op, PRIVATE), 0), all(ge(val, LEAST_THREAD), lt(val, WAITERS))), [
        assign(kind, u64(FUTEX.join)),
      ]),
      ...rest(kind),
    ]),
  )
}

/** The same judgement for a thread that /proc shows, from the arguments alone. */
export function futexOf(op: number, value: number): number | null {
  const operation = op & OP_MASK
  const val = value >>> 0
  if (!(WAITS as readonly number[]).includes(operation)) return null
  if (operation === LOCK_PI || operation === LOCK_PI2) return FUTEX.priorityInheriting
  if ((op & PRIVATE) === 0 && operation !== WAIT_REQUEUE_PI && val >= LEAST_THREAD && val < WAITERS) return FUTEX.join
  if (operation === WAIT) return val === TAKEN || val >= WAITERS ? FUTEX.mutex : FUTEX.other
  return val === TAKEN && (op & REALTIME) === 0 ? FUTEX.mutex : FUTEX.condition
}
