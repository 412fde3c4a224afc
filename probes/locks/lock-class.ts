export type LockClass = 'mutex' | 'rwlock' | 'interpreter' | 'condition' | 'semaphore' | 'join' | 'idle' | 'other'

/**
 * Function names that say what a thread waits for, first match wins; leaf names are looked at first. They overrule the
 * arguments of the system call, which cannot tell a read-write lock from a condition.
 */
const NAMES: readonly (readonly [RegExp, LockClass])[] = [
  [/^(__)?pthread_rwlock_|rwlock_(rd|wr)lock|RwLock/, 'rwlock'],
  [/^(__)?pthread_cond_|__futex_abstimed_wait_common.{0,64}cond|cond_wait|Condvar|uv_cond_wait/, 'condition'],
  [/^_{0,2}(new_)?sem_(timed|clock)?wait|uv_sem_wait/, 'semaphore'],
  [/pthread_(timed|clock)?join/, 'join'],
  [
    /__lll_lock_wait|___?pthread_mutex_lock|^pthread_mutex_lock|uv_mutex_lock|parking_lot.{0,64}lock_slow|Mutex.{0,64}lock_contended|runtime\.lock2/,
    'mutex',
  ],
]

/**
 * glibc's common wait of conditions, semaphores and read-write locks keeps no frame pointer, so the function that says
 * which is often missing above it; conditions are by far the most common of the three.
 */
const COMMON_WAIT = /__futex_abstimed_wait_common/

/** The lock of an interpreter (CPython, Ruby) is made of a condition: the function around that says what it is. */
const INTERPRETER =
  /^(take_gil|_PyEval_TakeGIL|PyEval_(RestoreThread|AcquireThread|AcquireLock)|PyGILState_Ensure|gvl_acquire\w*|thread_sched_to_running\w*)$/
/** The object that CPython's lies in. */
const INTERPRETER_STATE = /^(_PyRuntime|gil)$/

/** System calls and glibc's own layers under a lock. */
const BENEATH = /^(__)?futex|^syscall$|^__libc_lock|^_L_(un)?lock/

/** Whether a function is a part of waiting for a lock, and not of what wanted it. */
export const namesLock = (name: string): boolean =>
  INTERPRETER.test(name) ||
  COMMON_WAIT.test(name) ||
  BENEATH.test(name) ||
  NAMES.some(([pattern]) => pattern.test(name))

/** The class of a futex wait, from what its arguments told, the names of its stack (root first), and whose it is. */
export function refineClass(
  byArguments: LockClass,
  frames: readonly string[],
  object: string | null = null,
): LockClass {
  if (frames.some((name) => INTERPRETER.test(name)) || (object !== null && INTERPRETER_STATE.test(object)))
    return 'interpreter'
  for (let i = frames.length - 1; i >= 0; i--)
    for (const [pattern, as] of NAMES) if (pattern.test(frames[i] ?? '')) return as
  return byArguments === 'other' && frames.some((name) => COMMON_WAIT.test(name)) ? 'condition' : byArguments
}

const LOCKS: readonly LockClass[] = ['mutex', 'rwlock', 'semaphore', 'interpreter']
/** Whether what is waited for is a lock: others hold it, and give it back. */
export const isLock = (as: LockClass): boolean => LOCKS.includes(as)

/** Whether a function waits for a lock, by its name alone. */
export const isLockName = (name: string): boolean => NAMES.some(([pattern, as]) => isLock(as) && pattern.test(name))
