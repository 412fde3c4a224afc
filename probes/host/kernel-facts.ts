/** Major and minor number of a kernel release. */
export type KernelVersion = readonly [major: number, minor: number]

interface KernelFact {
  /** first release that has it, upstream unless the reason says otherwise */
  since: KernelVersion
  /** what came with that release, and the option it needs */
  reason: string
}

/** The only place that knows which release brought which tracepoint (`category:name`) or field (`category:name.field`). */
export const tracepointFacts: Readonly<Record<string, KernelFact>> = {
  'lock:contention_begin': {
    since: [5, 19],
    reason: 'lock:contention_* came with "locking: Add lock contention tracepoints"; LOCK_STAT is not needed',
  },
  'lock:contention_end': { since: [5, 19], reason: 'as lock:contention_begin' },
  'sock:inet_sock_set_state': { since: [4, 16], reason: 'replaced tcp:tcp_set_state; needs CONFIG_INET' },
  'sock:sk_data_ready': { since: [6, 3], reason: 'shows the enqueue to the accept queue' },
  'tcp:tcp_retransmit_skb': { since: [4, 16], reason: 'needs CONFIG_INET' },
  'tcp:tcp_retransmit_synack': { since: [4, 16], reason: 'needs CONFIG_INET' },
  'tcp:tcp_retransmit_skb.family': { since: [6, 1], reason: 'absent in 5.10, first seen in 6.1' },
  'tcp:tcp_retransmit_skb.err': { since: [6, 18], reason: 'failed attempts fire too since then; first seen in 6.18' },
  'skb:kfree_skb.reason': { since: [5, 17], reason: 'why a packet was dropped; the numbers shift between releases' },
  'syscalls:sys_enter_epoll_pwait2': { since: [5, 11], reason: 'the system call itself' },
  'syscalls:sys_enter_futex_waitv': { since: [5, 16], reason: 'the system call itself' },
  'syscalls:sys_exit_futex_waitv': { since: [5, 16], reason: 'the system call itself' },
  'syscalls:sys_enter_futex_wait': { since: [6, 7], reason: 'the system call itself' },
  'syscalls:sys_exit_futex_wait': { since: [6, 7], reason: 'the system call itself' },
}

/**
 * Programs on tracepoints that the kernel skips are counted since Linux 6.7 ("bpf: Count missed stats in trace_call_bpf");
 * before, the same counter (`recursion_misses`, 5.12) stands at 0 for them, which proves nothing.
 */
export const countsSkippedEvents = (kernel: KernelVersion): boolean => compareVersions(kernel, [6, 7]) >= 0

/** The build option a whole category of tracepoints needs. */
export const categoryOptions: Readonly<Record<string, string>> = {
  syscalls: 'CONFIG_FTRACE_SYSCALLS',
  raw_syscalls: 'CONFIG_TRACEPOINTS',
  sched: 'CONFIG_TRACEPOINTS',
  lock: 'CONFIG_TRACEPOINTS',
  sock: 'CONFIG_INET',
  tcp: 'CONFIG_INET',
  skb: 'CONFIG_NET',
}

/** Oldest kernel the probes were run on. */
export const OLDEST_TESTED_KERNEL: KernelVersion = [5, 10]
/** Oldest bpftrace whose dialect the scripts are written in: 0.11 has no kptr(), strftime() or --no-warnings. */
export const OLDEST_BPFTRACE = '0.17'
/** First measured bpftrace that runs with capabilities instead of root; 0.23 still asks for root. */
export const CAPABILITY_BPFTRACE = '0.27'
/** First measured bpftrace that needs no CAP_SYS_ADMIN of root; 0.17 finds the kernel's types by it. */
export const MODEST_BPFTRACE = '0.23'
/** The word for a program at a function's return by BTF: 0.17 aborts at `fexit`, which 0.20 introduced. */
export const fexitWord = (bpftrace: readonly number[]): 'fexit' | 'kretfunc' =>
  compareVersions(bpftrace, [0, 20]) >= 0 ? 'fexit' : 'kretfunc'

/** Negative, 0 or positive as `a` is older than, the same as, or newer than `b`; missing parts count as 0. */
export function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** First dotted number of a text as major, minor, patch; `null` where there is none. "6.1.0-18-amd64" -> [6, 1, 0]. */
export function parseVersion(text: string): [number, number, number] | null {
  // Not from within a number: a long one would be tried from each of its digits.
  const match = /(?<!\d)(\d+)\.(\d+)(?:\.(\d+))?/.exec(text)
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : null
}

/** Why a tracepoint, or a field of it, is not there: by release where the table knows it, else by build option. */
export function whyAbsent(tracepoint: string, field: string | null, kernel: KernelVersion): string {
  const what = field === null ? tracepoint : `${tracepoint}.${field}`
  const fact = tracepointFacts[what] ?? tracepointFacts[tracepoint]
  const running = kernel.join('.')
  if (fact && compareVersions(kernel, fact.since) < 0)
    return `${what} needs Linux ${fact.since.join('.')}; this is ${running}`
  if (field !== null) return `${tracepoint} has no field ${field} in this kernel (${running})`
  const option = categoryOptions[tracepoint.split(':')[0] ?? '']
  return `this kernel (${running}) has no tracepoint ${tracepoint}${option ? `; it may be built without ${option}` : ''}`
}
