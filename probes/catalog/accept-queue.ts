import { z } from 'zod'
import { type Decoded, defineProbe, type Variant } from '../define.ts'
import type { DecodeContext, WindowFrame } from '../engine/frame.ts'
import { histogramOf, percentile } from '../histogram.ts'
import { RING_ACCEPT, RING_SUBMISSIONS } from '../host/io-uring.ts'
import { byKey, count, histogram, latest, peak, wholeOrUnknown } from '../record.ts'
import {
  add,
  all,
  any,
  currentTask,
  type Expr,
  eq,
  field,
  follow,
  ge,
  int,
  load,
  lt,
  negate,
  nsecs,
  read,
  retval,
  since,
  struct,
  times,
  u64,
} from '../script/expr.ts'
import { addTo, countIn, openMap, resultMap, stateMap } from '../script/maps.ts'
import {
  at,
  bind,
  comment,
  forget,
  type Handler,
  log16,
  on,
  onEach,
  positive,
  record,
  type ScriptParts,
  type Statement,
  set,
  type TargetFilter,
  when,
} from '../script/parts.ts'

// Socket states of the kernel (include/net/tcp_states.h) and numbers of the address families.
const ESTABLISHED = 1
const SYN_RECV = 3
const CLOSE = 7
const LISTEN = 10
const TCP = 6
/** both ports of a connection are kept in one number: the remote one times this, and the local one */
const PORTS = 0x10000
const AF_INET = 2
const AF_INET6 = 10
const listening = stateMap('listen_port', 'int', 'int')
const queued = openMap('accept_since', 'int', 'int')
const queuedPort = openMap('accept_port', 'int', 'int')
const latency = resultMap('accept_latency', 'count', 'int', 'int')
const total = resultMap('accept_ns', 'sum', 'int')
const untracked = resultMap('accept_untracked', 'count', 'int')
/** ERESTARTSYS and its kin: a signal came, and the kernel begins the call again or the process ends. Nothing has failed. */
const BEGUN_AGAIN: ReadonlySet<number> = new Set([512, 513, 514, 516])

const failed = resultMap('accept_errors', 'count', 'int')
const depth = resultMap('accept_depth', 'max', 'int')
/** connections asked for through io_uring */
const byRing = resultMap('accept_by_ring', 'count', 'int')
const limit = resultMap('accept_limit', 'max', 'int')

type Int = Expr<'int'>
type Pointer = Expr<'pointer'>

/** A socket is believed to be TCP only when its family and protocol say so: any file may stand behind a descriptor. */
const isTcp = (sk: Pointer): Int =>
  all(
    any(eq(field(sk, '__sk_common.skc_family'), AF_INET), eq(field(sk, '__sk_common.skc_family'), AF_INET6)),
    eq(field(sk, 'sk_protocol'), TCP),
  )

/** The socket behind a file descriptor of the current task: files->fdt->fd[fd]->private_data->sk. */
const socketOf = (fd: Int, rest: (sk: Pointer) => readonly Statement[]): Statement[] =>
  bind('task', currentTask, (task) =>
    bind('slot', add(u64(field(task, 'files->fdt->fd')), times(u64(fd), 8)), (slot) =>
      bind('file', struct('file', load(slot)), (file) =>
        bind('socket', struct('socket', follow(file, 'private_data')), (socket) =>
          bind('sk', struct('sock', follow(socket, 'sk')), (sk) => [...rest(sk)]),
        ),
      ),
    ),
  )

const enqueue = (filter: TargetFilter): Handler =>
  on('sock:inet_sock_set_state', 'TCP states: a port is listened on, a handshake ends, a socket closes', (args) => ({
    when: eq(args.protocol, TCP),
    body: [
      when(all(eq(args.oldstate, SYN_RECV), eq(args.newstate, ESTABLISHED)), [
        comment('the connection enters the accept queue (softirq: pid means nothing here)'),
        when(all(positive(read(listening, u64(args.sport))), ...filter.inNamespace(struct('sock', args.skaddr))), [
          set(queued, [u64(args.skaddr)], nsecs),
          set(queuedPort, [u64(args.skaddr)], add(u64(args.sport), times(u64(args.dport), PORTS))),
        ]),
      ]),
      when(eq(args.newstate, CLOSE), [
        comment('the address of the socket may be used again'),
        when(positive(read(queued, u64(args.skaddr))), [
          forget(queued, u64(args.skaddr)),
          forget(queuedPort, u64(args.skaddr)),
        ]),
      ]),
      when(all(eq(args.newstate, LISTEN), filter.mine), [set(listening, [u64(args.sport)], u64(1))]),
    ],
  }))

const queueDepth = (filter: TargetFilter): Handler =>
  onEach(['syscalls:sys_enter_accept', 'syscalls:sys_enter_accept4'], 'the queue as the target finds it', (args) => ({
    when: filter.mine,
    body: socketOf(args.fd, (sk) => [
      when(
        all(isTcp(sk), eq(field(sk, '__sk_common.skc_state'), LISTEN)),
        bind('port', u64(field(sk, '__sk_common.skc_num')), (port) => [
          record(
            addTo(depth, [port], u64(field(sk, 'sk_ack_backlog'))),
            addTo(limit, [port], u64(field(sk, 'sk_max_ack_backlog'))),
          ),
          set(listening, [port], u64(1)),
        ]),
      ),
    ]),
  }))

const dequeue = (sk: Pointer): Statement[] => [
  when(
    isTcp(sk),
    bind('port', u64(field(sk, '__sk_common.skc_num')), (port) =>
      bind('t0', read(queued, u64(sk)), (t0) => [
        when(
          positive(t0),
          bind('ns', since(nsecs, t0), (ns) => [
            ...log16(ns, 'lat', (bucket) => [record(countIn(latency, port, bucket), addTo(total, [port], ns))]),
            forget(queued, u64(sk)),
            forget(queuedPort, u64(sk)),
          ]),
          [record(countIn(untracked, port))],
        ),
      ]),
    ),
  ),
]

const dequeueByFunction = (type: 'fexit' | 'kretprobe', filter: TargetFilter): Handler =>
  at({ type, function: 'inet_csk_accept' }, 'the kernel hands out a connection: how long it waited', {
    when: filter.mine,
    body: bind('sk', struct('sock', retval), dequeue),
  })

const bySyscall = (filter: TargetFilter): Handler[] => [
  onEach(
    ['syscalls:sys_exit_accept', 'syscalls:sys_exit_accept4'],
    'accept returns: a connection, and how long it waited, or an error',
    (args) => ({
      when: filter.mine,
      body: [when(ge(args.ret, 0), socketOf(args.ret, dequeue), [record(countIn(failed, negate(args.ret)))])],
    }),
  ),
]
const byFunction =
  (type: 'fexit' | 'kretprobe') =>
  (filter: TargetFilter): Handler[] => [
    dequeueByFunction(type, filter),
    onEach(['syscalls:sys_exit_accept', 'syscalls:sys_exit_accept4'], 'accept fails', (args) => ({
      when: all(filter.mine, lt(args.ret, 0)),
      body: [record(countIn(failed, negate(args.ret)))],
    })),
  ]

/** What accepts through io_uring makes no system call: that it asks for connections is all that is seen of it. */
const askedOfRing = (filter: TargetFilter): Handler[] =>
  RING_SUBMISSIONS.filter((name) => filter.has(name, 'opcode'))
    .slice(0, 1)
    .map((name) =>
      on(name, 'io_uring is asked for a connection', (args) => ({
        when: all(eq(args.opcode, RING_ACCEPT), filter.mine),
        body: [record(countIn(byRing, int(0)))],
      })),
    )

const parts = (filter: TargetFilter, dequeueHandlers: Handler[]): ScriptParts => ({
  begin: filter.ports.map((port) => set(listening, [u64(port)], u64(1))),
  handlers: [enqueue(filter), queueDepth(filter), ...dequeueHandlers],
})

const recordSchema = z.object({
  listeners: byKey(
    z.object({
      accepted: wholeOrUnknown(count()),
      latency: wholeOrUnknown(histogram()),
      untracked: wholeOrUnknown(count()),
      depth_max: peak().nullable(),
      limit: latest(z.number().nullable()),
    }),
  ),
  errors: byKey(count()),
  waiting: latest(z.array(z.object({ port: z.number(), age_ns: z.number() }))),
})
type Data = z.infer<typeof recordSchema>

/** from this part of its limit on a queue is worth a word */
const FULL = 0.6
const RING_NOTE =
  'accept-queue: the target accepts connections through io_uring, which makes no system call: how many, and how long they waited, is unknown'

function decode(frame: WindowFrame, context: DecodeContext, seesRing: boolean): Decoded<Data> {
  const isBlind = !seesRing && (context.acceptsByRing || frame.rows(byRing).length > 0)
  const byPort = (map: typeof total) => new Map(frame.rows(map).map((row) => [Number(row.key[0]), row.value]))
  const [sums, missed, depths, limits] = [byPort(total), byPort(untracked), byPort(depth), byPort(limit)]
  const buckets = new Map<number, [number, number][]>()
  for (const { key, value } of frame.rows(latency)) {
    const port = Number(key[0])
    const list = buckets.get(port) ?? []
    list.push([Number(key[1]), value])
    buckets.set(port, list)
  }
  const ports = new Set([...buckets.keys(), ...missed.keys(), ...depths.keys(), ...(context.ports ?? [])])
  const listeners = [...ports]
    .sort((a, b) => a - b)
    .map((port) => {
      const waits = histogramOf(buckets.get(port) ?? [], sums.get(port) ?? 0)
      const without = missed.get(port) ?? 0
      return [
        String(port),
        {
          // What it accepts by system calls as well would be taken for all.
          accepted: isBlind ? null : waits.count + without,
          latency: isBlind ? null : waits,
          untracked: isBlind ? null : without,
          depth_max: depths.get(port) ?? null,
          limit: limits.get(port) ?? null,
        },
      ] as const
    })
  const portsOf = new Map((frame.open(queuedPort) ?? []).map((row) => [row.key[0], Number(row.value)]))
  const waiting = (frame.open(queued) ?? [])
    // Entries later than the cut belong to the next phase: they came while the list was printed.
    .filter((row) => Number(row.value) > 0 && Number(row.value) <= frame.endNs)
    .map((row) => {
      const both = portsOf.get(row.key[0]) ?? 0
      return { port: both % PORTS, remotePort: Math.floor(both / PORTS), age_ns: frame.endNs - Number(row.value) }
    })
    // Another process may serve a port of the same namespace: only the target's ports are its queue.
    .filter(({ port }) => ports.has(port))
    // One that was accepted by a process that is not looked at, or through io_uring, waits no more.
    .filter(({ port, remotePort }) => context.isQueued(port, remotePort) !== false)
    .map(({ port, age_ns }) => ({ port, age_ns }))
    .sort((a, b) => b.age_ns - a.age_ns)
  return {
    data: {
      listeners: Object.fromEntries(listeners),
      errors: Object.fromEntries(
        frame
          .rows(failed)
          .filter(({ key }) => !BEGUN_AGAIN.has(Number(key[0])))
          .map(({ key, value }) => [context.errnoName(Number(key[0])), value]),
      ),
      waiting,
    },
    ...(isBlind ? { notes: [RING_NOTE] } : {}),
  }
}

const params = z.object({})
const variant = (
  name: string,
  needs: Variant<z.infer<typeof params>, Data>['needs'],
  dequeueHandlers: (filter: TargetFilter) => Handler[],
  seesRing: boolean,
): Variant<z.infer<typeof params>, Data> => ({
  name,
  needs: [{ kind: 'btf' as const }, ...needs],
  script: (_, filter) => parts(filter, [...dequeueHandlers(filter), ...(seesRing ? [] : askedOfRing(filter))]),
  decode: (frame, context) => decode(frame, context, seesRing),
  seesRing,
})

export const acceptQueue = defineProbe({
  name: 'accept-queue',
  rank: 10,
  question: 'How long do established connections wait before accept()?',
  blindTo: [
    'what is accepted through io_uring (tracepoint variant): noticed, and then unknown rather than 0',
    'Unix sockets: which ones the target listens on is said at the attach',
    'MPTCP and SMC listeners',
    'connections opened by TCP Fast Open (accepted before they are established)',
    'SYNs dropped because the queue is full: those are counted for each listener beside it (telemetry: backlog)',
  ],
  cost: 'low',
  isDefault: true,
  params,
  record: recordSchema,
  variants: [
    variant('tracepoint', [], bySyscall, false),
    // These see what is accepted through io_uring, too, at a price: taken for a target that does so.
    variant('fexit', [{ kind: 'fexit', function: 'inet_csk_accept' }], byFunction('fexit'), true),
    variant('kprobe', [{ kind: 'kprobe', function: 'inet_csk_accept' }], byFunction('kretprobe'), true),
  ],
  draw: {
    tab: 'Accept',
    lanes: [
      { label: 'accept wait p99', figures: ['p99'] },
      { label: 'accept queue depth', figures: ['depth'] },
    ],
    histograms: (data) =>
      Object.entries(data.listeners)
        .sort((a, b) => (b[1].accepted ?? 0) - (a[1].accepted ?? 0))
        .flatMap(([port, l]) => (l.latency ? [{ label: `:${port}`, histogram: l.latency }] : [])),
    figures: (data, scope) => {
      const listeners = Object.values(data.listeners)
      const waits = listeners.reduce(
        (all_, { latency }) =>
          latency ? histogramOf([...all_.buckets, ...latency.buckets], all_.sum + latency.sum) : all_,
        histogramOf([], 0),
      )
      // Of no listener nothing is known: it may have one that is not seen.
      const isKnown = listeners.length > 0 && listeners.every((l) => l.accepted !== null)
      const accepted = isKnown ? listeners.reduce((n, l) => n + (l.accepted ?? 0), 0) : null
      // Of several listeners the fullest counts: its depth with its own limit.
      const fullest = listeners
        .filter((l) => l.depth_max !== null)
        .sort((a, b) => (b.depth_max ?? 0) / (b.limit || 1) - (a.depth_max ?? 0) / (a.limit || 1))[0]
      return [
        {
          key: 'accepted',
          label: 'accepted',
          value: accepted,
          unit: 'count',
          adds: true,
          better: 'neutral',
          headline: true,
        },
        {
          key: 'rate',
          label: 'accepted',
          value: accepted === null ? null : (accepted * 1e6) / scope.durationUs,
          unit: 'per_s',
          better: 'neutral',
        },
        { key: 'p50', label: 'waited p50', value: percentile(waits, 0.5), unit: 'ns', better: 'lower', headline: true },
        {
          key: 'p99',
          label: 'waited p99',
          value: percentile(waits, 0.99),
          unit: 'ns',
          better: 'lower',
          headline: true,
        },
        {
          key: 'max',
          label: 'waited max',
          value: waits.count > 0 ? waits.max : null,
          unit: 'ns',
          better: 'lower',
          headline: true,
        },
        {
          key: 'depth',
          label: 'queue depth max',
          value: fullest?.depth_max ?? null,
          unit: 'count',
          better: 'lower',
          headline: true,
        },
        {
          key: 'limit',
          label: 'queue limit',
          value: fullest?.limit ?? null,
          unit: 'count',
          better: 'neutral',
          headline: true,
        },
        { key: 'waiting', label: 'still waiting', value: data.waiting.length, unit: 'count', better: 'lower' },
        {
          key: 'errors',
          label: 'accept failed',
          value: Object.values(data.errors).reduce((a, b) => a + b, 0),
          unit: 'count',
          adds: true,
          better: 'neutral',
        },
      ]
    },
    table: {
      columns: [
        { key: 'port', label: 'listener', unit: 'text' },
        { key: 'accepted', label: 'accepted', unit: 'count' },
        { key: 'p50', label: 'p50', unit: 'ns' },
        { key: 'p99', label: 'p99', unit: 'ns' },
        { key: 'max', label: 'max', unit: 'ns' },
        { key: 'depth', label: 'depth max', unit: 'count' },
        { key: 'limit', label: 'limit', unit: 'count' },
        { key: 'untracked', label: 'queued before attach', unit: 'count' },
      ],
      rows: (data) =>
        Object.entries(data.listeners).map(([port, l]) => ({
          port: `:${port}`,
          accepted: l.accepted,
          p50: l.latency && percentile(l.latency, 0.5),
          p99: l.latency && percentile(l.latency, 0.99),
          max: l.latency && l.latency.count > 0 ? l.latency.max : null,
          depth: l.depth_max,
          limit: l.limit,
          untracked: l.untracked,
        })),
    },
    remarks: (data) => {
      const failures = Object.entries(data.errors).sort((a, b) => b[1] - a[1])
      const full = Object.entries(data.listeners).flatMap(([port, { depth_max: depth, limit: most }]) =>
        depth !== null && most && depth >= most * FULL
          ? [`queue of port ${port} ${Math.round((100 * depth) / most)} % full`]
          : [],
      )
      const failed = failures.map(([errno, n]) => `${errno} ${n}`).join(' · ')
      return [...full, ...(failed === '' ? [] : [`accept failed: ${failed}`])]
    },
  },
  // state changes 100 ns, accept 800 ns; three state changes a connection
  estimateNs: (data) => Object.values(data.listeners).reduce((n, l) => n + (l.accepted ?? 0), 0) * 1300,
})
