/** Kernel functions by which an interrupt, or the work it left behind (softirq), begins; x86-64 and arm64. */
const ENTRY =
  /^(asm_sysvec_\w+|asm_common_interrupt|common_interrupt|ret_from_intr|el[01]t?_(64_)?irq(_handler)?|el1h_64_irq|el0t_64_irq|gic_handle_irq|call_on_irq_stack|__irq_exit_rcu|irq_exit_rcu|do_softirq|__do_softirq|handle_softirqs|run_ksoftirqd)(\.|_\[k\]|$)/

/** Where in a kernel stack (root first) the first interrupt begins; null when there is none. */
export function interruptEntry(frames: readonly string[]): number | null {
  const found = frames.findIndex((name) => ENTRY.test(name))
  return found < 0 ? null : found
}
