import type { Expr } from './expr.ts'

/**
 * The tracepoints the catalog attaches to and the fields it reads of them, as data. A field that is not here cannot be
 * written in a script; whether the running kernel has it is checked against tracefs (probes/host/needs.ts).
 * Field names are the same on Linux 5.10 to 7.3 unless noted.
 */
export const tracepoints = {
  'raw_syscalls:sys_enter': ['id'],
  'raw_syscalls:sys_exit': ['id', 'ret'],
  'sched:sched_switch': ['prev_pid', 'prev_state', 'next_pid'],
  'sched:sched_wakeup': ['pid'],
  'sched:sched_waking': ['pid'],
  'sched:sched_wakeup_new': ['pid'],
  // of processes and threads alike: the flags tell them apart
  'task:task_newtask': ['pid', 'clone_flags'],
  'sched:sched_process_exec': ['pid', 'old_pid'],
  'sched:sched_process_exit': ['pid'],
  'sock:inet_sock_set_state': ['skaddr', 'oldstate', 'newstate', 'sport', 'protocol'],
  'syscalls:sys_enter_accept': ['fd'],
  'syscalls:sys_enter_accept4': ['fd'],
  'syscalls:sys_exit_accept': ['ret'],
  'syscalls:sys_exit_accept4': ['ret'],
  'syscalls:sys_enter_futex': ['uaddr', 'op', 'val'],
  'syscalls:sys_exit_futex': ['ret'],
  'syscalls:sys_enter_getpriority': ['who'],
  // Linux 5.19
  'lock:contention_begin': ['lock_addr', 'flags'],
  // Linux 5.19
  'lock:contention_end': ['lock_addr'],
  // err since a kernel between 6.12 and 6.18: on older ones the event means success
  'tcp:tcp_retransmit_skb': ['skbaddr', 'skaddr', 'state', 'sport', 'dport', 'saddr_v6', 'daddr_v6', 'err'],
  'tcp:tcp_retransmit_synack': ['skaddr', 'sport', 'dport', 'saddr_v6', 'daddr_v6'],
} as const satisfies Record<string, readonly string[]>

export type TracepointName = keyof typeof tracepoints
export type TracepointArgs<T extends TracepointName> = { readonly [F in (typeof tracepoints)[T][number]]: Expr<'int'> }
