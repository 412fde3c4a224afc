/**
 * What each number of a `telemetry` record is: one line a metric. Deltas, labels, the table of phases and the page of
 * docs follow from it. Meanings are the kernel's: proc(5), Documentation/networking/snmp_counter.rst,
 * Documentation/admin-guide/cgroup-v2.rst, Documentation/accounting/psi.rst.
 */
export interface MetricFact {
  source: string
  /** as in the record; `*` stands for what differs: an interface, a port, a level of cgroup */
  name: string
  /** a counter only grows (from boot, the namespace's or the run's beginning); a gauge is how it is at the moment */
  kind: 'counter' | 'gauge'
  unit: MetricUnit
  /** for a table; `*` is what stood there in the name */
  label: string
  /** neutral: more or less of it says nothing by itself */
  better: 'lower' | 'higher' | 'neutral'
  /** worth a row in the table of phases when it moves */
  headline?: true
  /** any at all means that something was dropped, killed or refused: told even when the baseline has it, too */
  isFault?: true
  /** name of the metric it cannot pass; `*` as in `name` */
  limit?: string
  /** where that is, if it is another source */
  limitSource?: string
}

export type MetricUnit = 'count' | 'bytes' | 'ns' | 'us' | 'ms' | 'percent' | 'pages' | 'cpus'

type Row = [name: string, unit: MetricUnit, label: string, better?: MetricFact['better'], more?: Partial<MetricFact>]
const headline = { headline: true } as const
const fault = { headline: true, isFault: true } as const

const counters = (source: string, rows: readonly Row[]): MetricFact[] => rows.map((row) => fact(source, 'counter', row))
const gauges = (source: string, rows: readonly Row[]): MetricFact[] => rows.map((row) => fact(source, 'gauge', row))
function fact(source: string, kind: MetricFact['kind'], [name, unit, label, better, more]: Row): MetricFact {
  return { source, name, kind, unit, label, better: better ?? 'neutral', ...more }
}

/** Gravest first: where a table has no room for all, the first stay. */
export const metricFacts: readonly MetricFact[] = [
  ...counters('netns', [
    ['TcpExt.ListenOverflows', 'count', 'accept-queue overflows', 'lower', fault],
    ['TcpExt.ListenDrops', 'count', 'SYNs dropped', 'lower', fault],
    ['TcpExt.TCPReqQFullDrop', 'count', 'SYNs dropped, queue full', 'lower', fault],
    ['TcpExt.TCPReqQFullDoCookies', 'count', 'SYN cookies, queue full', 'lower', fault],
    ['Tcp.RetransSegs', 'count', 'segments sent again', 'lower', headline],
    ['TcpExt.TCPBacklogDrop', 'count', 'socket backlog drops', 'lower', fault],
    ['TcpExt.TCPRcvQDrop', 'count', 'receive queue drops', 'lower', fault],
    ['TcpExt.PFMemallocDrop', 'count', 'drops, memory reserve', 'lower', fault],
    ['TcpExt.TCPZeroWindowDrop', 'count', 'drops, window closed', 'lower', fault],
    ['TcpExt.TCPTimeWaitOverflow', 'count', 'TIME_WAIT overflows', 'lower', fault],
    ['TcpExt.TCPAbortOnMemory', 'count', 'connections cut, no memory', 'lower', fault],
    ['TcpExt.TCPAbortOnTimeout', 'count', 'connections timed out', 'lower', fault],
    ['TcpExt.TCPMemoryPressures', 'count', 'TCP memory pressure', 'lower', fault],
    ['TcpExt.RcvPruned', 'count', 'receive queue purges', 'lower', fault],
    ['TcpExt.PruneCalled', 'count', 'receive queue prunings', 'lower', headline],
    ['TcpExt.TCPToZeroWindowAdv', 'count', 'receive windows closed', 'lower', headline],
    ['TcpExt.TCPTimeouts', 'count', 'TCP timeouts', 'lower', headline],
    ['TcpExt.TCPSynRetrans', 'count', 'SYNs sent again', 'lower', headline],
    ['TcpExt.TCPLostRetransmit', 'count', 'retransmits lost again', 'lower'],
    ['TcpExt.TCPRetransFail', 'count', 'retransmits not sent', 'lower', headline],
    ['TcpExt.SyncookiesFailed', 'count', 'SYN cookies refused', 'lower', headline],
    ['TcpExt.*', 'count', '*'],
    ['Tcp.AttemptFails', 'count', 'connects failed', 'lower', headline],
    ['Tcp.EstabResets', 'count', 'connections reset', 'lower', headline],
    ['Tcp.InErrs', 'count', 'segments damaged', 'lower', fault],
    ['Tcp.*', 'count', '*'],
    ['Udp.RcvbufErrors', 'count', 'datagrams dropped, receiving', 'lower', fault],
    ['Udp.SndbufErrors', 'count', 'datagrams dropped, sending', 'lower', fault],
    ['Udp.*', 'count', 'UDP *', 'lower'],
    ['Ip.InDiscards', 'count', 'IP packets dropped, in', 'lower', fault],
    ['Ip.OutDiscards', 'count', 'IP packets dropped, out', 'lower', fault],
    ['Ip.*', 'count', 'IP *', 'lower'],
  ]),
  ...counters('cgroup', [
    ['*.memory.oom_kill', 'count', 'cgroup *: killed for memory', 'lower', fault],
    ['*.memory.max', 'count', 'cgroup *: memory.max hit', 'lower', fault],
    ['*.memory.high', 'count', 'cgroup *: memory.high hit', 'lower', fault],
    ['*.memory.sock_throttled', 'count', 'cgroup *: sockets throttled', 'lower', fault],
    ['*.cpu.throttled_usec', 'us', 'cgroup *: CPU throttled', 'lower', headline],
    ['*.cpu.nr_throttled', 'count', 'cgroup *: CPU periods throttled', 'lower'],
    ['*.cpu.nr_periods', 'count', 'cgroup *: CPU periods'],
    ['*.memory.full_us', 'us', 'cgroup *: memory stalls', 'lower', headline],
    ['*.io.full_us', 'us', 'cgroup *: I/O stalls', 'lower', headline],
    ['*.cpu.some_us', 'us', 'cgroup *: waited for CPU', 'lower', headline],
    ['*.some_us', 'us', 'cgroup pressure *, some', 'lower'],
    ['*.full_us', 'us', 'cgroup pressure *, full', 'lower'],
    ['*.cpu.*_usec', 'us', 'cgroup CPU *'],
    ['*.memory.oom', 'count', 'cgroup *: out of memory', 'lower'],
    ['*.memory.oom_group_kill', 'count', 'cgroup *: groups killed for memory', 'lower'],
    ['*.memory.low', 'count', 'cgroup *: memory.low missed', 'lower'],
    ['*.cpu.nr_bursts', 'count', 'cgroup *: CPU bursts'],
  ]),
  ...gauges('cgroup', [
    // Page cache fills it to the limit in the best of times: no headline, memory.events says when that hurts.
    ['*.memory.current_bytes', 'bytes', 'cgroup *: memory, of limit', 'lower', { limit: '*.memory.max_bytes' }],
    ['*.pids.current', 'count', 'cgroup *: tasks, of limit', 'lower', { ...headline, limit: '*.pids.limit' }],
    ['*.memory.swap_bytes', 'bytes', 'cgroup *: swap', 'lower'],
    ['*_bytes', 'bytes', 'cgroup *'],
    ['*.cpu.limit_cpus', 'cpus', 'cgroup *: CPU limit'],
    ['*.pids.limit', 'count', 'cgroup *: task limit'],
    ['*_avg10_pct', 'percent', 'cgroup pressure *', 'lower'],
  ]),
  ...gauges('resources', [
    ['fds', 'count', 'descriptors, of limit', 'lower', { ...headline, limit: 'fd_limit' }],
    ['fd_limit', 'count', 'descriptor limit'],
    ['fds_total', 'count', 'descriptors', 'lower'],
    ['swap_bytes', 'bytes', 'target swapped out', 'lower', headline],
    ['rss_peak_bytes', 'bytes', 'highest resident memory'],
  ]),
  ...counters('resources', [
    ['major_faults', 'count', 'page faults from disk', 'lower', headline],
    ['minor_faults', 'count', 'page faults'],
  ]),
  ...gauges('connections', [
    ['ports_used', 'count', 'ports to one place, of range', 'lower', { ...headline, limit: 'ports_limit' }],
    ['ports_limit', 'count', 'local ports'],
    ['close_wait', 'count', 'CLOSE_WAIT', 'lower', headline],
    ['syn_recv', 'count', 'SYN_RECV', 'lower'],
    ['to *', 'count', 'connections to *'],
    ['*', 'count', '*'],
  ]),
  ...counters('backlog', [['*.drops', 'count', 'dropped at port *', 'lower', fault]]),
  ...gauges('backlog', [
    ['*.limit', 'count', 'accept queue limit, port *'],
    ['somaxconn', 'count', 'somaxconn, the most a limit can be'],
  ]),
  ...gauges('listeners', [
    ['*.waiting', 'count', 'accept queue, port *', 'lower', { ...headline, limit: '*.limit', limitSource: 'backlog' }],
    ['*.sockets', 'count', 'listening sockets, port *'],
  ]),
  ...gauges('conntrack', [
    ['entries', 'count', 'conntrack, of limit', 'lower', { ...headline, limit: 'max' }],
    ['max', 'count', 'conntrack limit'],
  ]),
  ...counters('conntrack', [
    ['insert_failed', 'count', 'conntrack inserts failed', 'lower', fault],
    ['drop', 'count', 'conntrack drops', 'lower', fault],
    ['early_drop', 'count', 'conntrack evictions', 'lower', fault],
    ['invalid', 'count', 'conntrack invalid', 'lower', headline],
    ['*', 'count', 'conntrack *'],
  ]),
  ...gauges('sockstat', [
    ['tcp_tw', 'count', 'TIME_WAIT, of limit', 'neutral', { ...headline, limit: 'tcp_tw_limit' }],
    ['tcp_mem', 'pages', 'TCP memory, of limit', 'lower', { ...headline, limit: 'tcp_mem_limit' }],
    ['tcp_orphan', 'count', 'orphaned connections', 'lower'],
    ['*', 'count', '*'],
  ]),
  ...counters('softnet', [
    ['dropped', 'count', 'packets dropped, CPU queue', 'lower', fault],
    ['flow_limit', 'count', 'packets dropped, flow limit', 'lower', fault],
    ['time_squeeze', 'count', 'network softirq cut short', 'lower', headline],
    ['*.dropped', 'count', 'packets dropped, *', 'lower'],
    ['processed', 'count', 'packets processed'],
    ['received_rps', 'count', 'packets steered (RPS)'],
  ]),
  ...gauges('softnet', [['backlog_max', 'count', 'longest CPU packet queue', 'lower']]),
  ...counters('netdev', [
    ['*.rx_dropped', 'count', '* packets dropped, in', 'lower', fault],
    ['*.tx_dropped', 'count', '* packets dropped, out', 'lower', fault],
    ['*.rx_errors', 'count', '* errors, in', 'lower', fault],
    ['*.tx_errors', 'count', '* errors, out', 'lower', fault],
    ['*.rx_fifo', 'count', '* ring overruns', 'lower', fault],
    ['*.tx_fifo', 'count', '* send ring overruns', 'lower'],
    ['*_bytes', 'bytes', '* bytes'],
    ['*_packets', 'count', '* packets'],
  ]),
  ...counters('nic', [
    ['*.rx_missed_errors', 'count', '* packets missed by ring', 'lower', fault],
    ['*.rx_over_errors', 'count', '* ring overflows', 'lower', fault],
    ['*', 'count', '*', 'lower'],
  ]),
  ...counters('pressure', [
    ['memory.full_us', 'us', 'host memory stalls', 'lower', headline],
    ['io.full_us', 'us', 'host I/O stalls', 'lower', headline],
    ['cpu.some_us', 'us', 'host waited for CPU', 'lower', headline],
    ['*_us', 'us', 'host * pressure', 'lower'],
  ]),
  ...gauges('pressure', [['*_avg10_pct', 'percent', 'host * pressure', 'lower']]),
  ...counters('threads', [
    ['wait_ns', 'ns', 'target waited for CPU', 'lower', headline],
    ['run_ns', 'ns', 'target on CPU'],
    ['involuntary_switches', 'count', 'target preempted', 'lower'],
    ['*', 'count', 'target *'],
  ]),
  ...counters('cpu', [
    ['steal_ms', 'ms', 'CPU stolen by hypervisor', 'lower', headline],
    ['softirq_ms', 'ms', 'softirq (of a core)', 'lower', headline],
    ['iowait_ms', 'ms', 'CPU idle with I/O', 'lower'],
    ['*_ms', 'ms', 'CPU *'],
    ['ctxt', 'count', 'context switches'],
    ['processes', 'count', 'processes begun'],
  ]),
  ...gauges('cpu', [
    ['procs_running', 'count', 'runnable threads', 'lower'],
    ['procs_blocked', 'count', 'threads in I/O', 'lower'],
    ['online', 'count', 'processors'],
  ]),
  ...counters('vmstat', [
    ['oom_kill', 'count', 'processes killed for memory', 'lower', fault],
    ['allocstall', 'count', 'waits for free memory', 'lower', fault],
    ['compact_stall', 'count', 'waits for large pages', 'lower', headline],
    ['pswpin', 'pages', 'pages swapped in', 'lower', headline],
    ['pswpout', 'pages', 'pages swapped out', 'lower', headline],
    ['pgmajfault', 'count', 'host page faults from disk', 'lower', headline],
    ['*', 'count', '*'],
  ]),
  ...gauges('meminfo', [
    ['available_bytes', 'bytes', 'memory available', 'higher'],
    ['*_bytes', 'bytes', 'memory *'],
  ]),
  ...gauges('files', [
    ['allocated', 'count', 'open files, of host limit', 'lower', { ...headline, limit: 'max' }],
    ['max', 'count', 'open file limit'],
  ]),
  ...counters('io', [
    ['read_bytes', 'bytes', 'target read from disk', 'neutral'],
    ['write_bytes', 'bytes', 'target wrote to disk', 'neutral'],
    ['*_bytes', 'bytes', 'target *'],
    ['*', 'count', 'target *'],
  ]),
  ...gauges('target', [['processes', 'count', 'processes', 'neutral', headline]]),
  ...counters('target', [
    ['lost', 'count', 'ended, successors not seen', 'lower', fault],
    ['unwatched', 'count', 'children made, not watched', 'lower', headline],
    ['joined', 'count', 'processes that came'],
    ['ended', 'count', 'processes that ended'],
  ]),
  ...counters('process', [['cpu_ns', 'ns', 'target CPU']]),
  ...gauges('process', [
    ['rss_bytes', 'bytes', 'target memory'],
    ['threads', 'count', 'target threads'],
  ]),
  ...counters('snmp6', [
    ['Udp6RcvbufErrors', 'count', 'IPv6 datagrams dropped', 'lower', fault],
    ['*', 'count', '*'],
  ]),
  ...counters('softirqs', [['*', 'count', '* softirqs']]),
  ...counters('interrupts', [['*', 'count', '* interrupts']]),
  ...gauges('clock', [['*', 'ms', 'clock *']]),
]

/** Sources that are read at the ends of phases alone, since reading them is dear: what grew within a phase is not known. */
export const atEndsOfPhases: ReadonlySet<string> = new Set(['backlog'])

/** A fact as it holds for one name. */
export interface Metric extends MetricFact {
  /** without `*` */
  label: string
  limit?: string
  /** place in the table of facts */
  rank: number
}

const known = new Map<string, Metric | null>()
const NAMES_KEPT = 10_000

/** What a number is; `null` for one that a later version of the tool, or another one, has recorded. */
export function metricOf(source: string, name: string): Metric | null {
  const key = `${source}\n${name}`
  const cached = known.get(key)
  if (cached !== undefined) return cached
  const found = findMetric(source, name)
  if (known.size < NAMES_KEPT) known.set(key, found)
  return found
}

/** No counter's name is longer; a pattern would look through what is. */
const LONGEST_NAME = 512

function findMetric(source: string, name: string): Metric | null {
  if (name.length > LONGEST_NAME) return null
  for (const [rank, { pattern, fact }] of patterns.entries()) {
    const match = fact.source === source ? pattern.exec(name) : null
    if (!match) continue
    const variable = match[1] ?? ''
    const { limit, ...rest } = fact
    return {
      ...rest,
      name,
      rank,
      label: fact.label.replace('*', () => variable),
      ...(limit === undefined ? {} : { limit: limit.replace('*', () => variable) }),
    }
  }
  return null
}

const patterns = metricFacts.map((fact) => ({
  fact,
  pattern: new RegExp(`^${fact.name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '(.+)')}$`),
}))
