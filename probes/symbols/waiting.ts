/** Kernel functions in which a thread waits for something to do, wherever it came from. */
const FOR_WORK =
  /^(ep_poll|do_epoll_wait|do_epoll_pwait|do_poll|do_sys_poll|do_select|core_sys_select|inet_csk_accept|inet_csk_wait_for_connect|__x64_sys_rt_sigtimedwait|do_sigtimedwait|do_wait|kernel_wait4|__do_wait|io_cqring_wait)(\.|_\[k\]|$)/

/** Whether the kernel part of a blocked stack (root first) is an event loop's poll, accept, or a wait for a child. */
export function pollsForWork(frames: readonly string[]): boolean {
  for (let i = frames.length - 1; i >= 0; i--) {
    const name = frames[i] ?? ''
    if (!name.endsWith('_[k]')) return false
    if (FOR_WORK.test(name)) return true
  }
  return false
}
