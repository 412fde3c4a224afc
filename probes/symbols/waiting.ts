import { refineClass } from '../locks/lock-class.ts'

/** Kernel functions in which a thread waits for something to do, wherever it came from. */
const FOR_WORK =
  /^(ep_poll|do_epoll_wait|do_epoll_pwait|do_poll|do_sys_poll|do_select|core_sys_select|inet_csk_accept|inet_csk_wait_for_connect|__x64_sys_rt_sigtimedwait|do_sigtimedwait|do_wait|kernel_wait4|__do_wait|io_cqring_wait)(\.|_\[k\]|$)/
const FUTEX = /^(futex_wait|__futex_wait|futex_do_wait|futex_wait_queue|do_futex)(\.|_\[k\]|$)/

/**
 * Whether a blocked stack (root first) waits for work rather than for something it needs to go on: an event loop's poll,
 * accept, a condition variable or semaphore. The last is a guess: a request may wait on a condition, too.
 */
export function waitsForWork(frames: readonly string[]): boolean {
  let futex = false
  for (let i = frames.length - 1; i >= 0; i--) {
    const name = frames[i] ?? ''
    if (!name.endsWith('_[k]')) break
    if (FOR_WORK.test(name)) return true
    futex ||= FUTEX.test(name)
  }
  if (!futex) return false
  const as = refineClass('other', frames)
  return as === 'condition' || as === 'semaphore' || as === 'join'
}
