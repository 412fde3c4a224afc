import { z } from 'zod'
import { defineProbe } from '../define.ts'
import type { DecodeContext, KeyValue } from '../engine/frame.ts'
import { connectionKey } from '../host/connections.ts'
import { count, mostRows, rows } from '../record.ts'
import { all, type Expr, eq, field, follow, ntop, read, struct, u64 } from '../script/expr.ts'
import { addTo, countIn, resultMap, stateMap, type Update } from '../script/maps.ts'
import { bind, forget, on, positive, record, type Statement, set, type TargetFilter, when } from '../script/parts.ts'
import type { TracepointArgs } from '../script/tracepoints.ts'

const SYN_SENT = 2
const CLOSE = 7
const TCP = 6
/** include/net/tcp_states.h */
const STATES = [
  '',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'NEW_SYN_RECV',
]

/** sockets that the target has connected since the attach */
const connected = stateMap('connected', 'int', 'int')
const segments = resultMap('resent_segments', 'sum', 'int', 'int', 'int', 'int', 'text', 'text')
const synacks = resultMap('resent_synacks', 'count', 'int', 'int', 'text', 'text')

const flow = z.object({
  local: z.string(),
  remote: z.string(),
  state: z.string(),
  count: z.number(),
  /** of a connection that the target serves or has made; else of somebody else in its network namespace */
  own: z.boolean().optional(),
})
type Flow = z.infer<typeof flow>

const inNamespace = (skaddr: Expr<'int'>, filter: TargetFilter) => {
  const conditions = filter.inNamespace(struct('sock', skaddr))
  return conditions.length > 0 ? { when: all(...conditions) } : {}
}

/** The v6 fields hold IPv4 addresses, too, as ::ffff:a.b.c.d: one key serves both families. */
const withAddresses = (
  args: TracepointArgs<'tcp:tcp_retransmit_synack'>,
  update: (local: Expr<'text'>, remote: Expr<'text'>) => Update,
): Statement[] =>
  bind('local', ntop(args.saddr_v6), (local) =>
    bind('remote', ntop(args.daddr_v6), (remote) => [record(update(local, remote))]),
  )

export const retransmits = defineProbe({
  name: 'retransmits',
  rank: 50,
  question: 'Which TCP segments had to be sent again, to whom, in which state?',
  blindTo: [
    'which process sent them: the sender is a timer or an acknowledgement. Connections on the target’s ports, those it had at the attach and those it has made since are its own; the others of its network namespace stand beside them',
    'whether the first copy was really lost (loss probes and spurious resends are resends too)',
    'a resend whose interrupt falls into another tracing program on its CPU (seen once in 19 beside a second attach; the counter Tcp.RetransSegs has it)',
    'QUIC and other UDP protocols',
  ],
  cost: 'low',
  isDefault: true,
  params: z.object({}),
  record: z.object({
    /** as the kernel's RetransSegs counts: all below together; a GSO packet counts its segments */
    segments: count(),
    /** of these: SYNs sent again by clients here */
    syn: count(),
    /** of these: SYN-ACKs sent again by listeners here */
    synack: count(),
    /** the part of the three that is of the target’s own connections */
    own: z.object({ segments: count(), syn: count(), synack: count() }).optional(),
    /** tail loss probes sent in the namespace (TcpExt.TCPLossProbes): resends that need not mean a loss */
    loss_probes: count().nullable(),
    flows: rows(z.array(flow), (row) => `${row.local} ${row.remote} ${row.state}`),
  }),
  variants: [
    {
      name: 'tracepoint',
      needs: [{ kind: 'btf' }],
      script: (_params, filter) => ({
        handlers: [
          on(
            'sock:inet_sock_set_state',
            'the target connects (its own context: pid means it), a socket closes',
            (args) => ({
              when: eq(args.protocol, TCP),
              body: [
                when(all(eq(args.newstate, SYN_SENT), filter.mine), [set(connected, [u64(args.skaddr)], u64(1))]),
                when(all(eq(args.newstate, CLOSE), positive(read(connected, u64(args.skaddr)))), [
                  forget(connected, u64(args.skaddr)),
                ]),
              ],
            }),
          ),
          on('tcp:tcp_retransmit_skb', 'a segment goes out again (softirq: pid means nothing)', (args) => {
            const resend = bind('skb', struct('sk_buff', args.skbaddr), (skb) =>
              bind('control', struct('tcp_skb_cb', follow(skb, 'cb')), (control) =>
                bind('count', u64(field(control, 'tcp_gso_segs')), (n) =>
                  bind('own', read(connected, u64(args.skaddr)), (own) =>
                    withAddresses(args, (local, remote) =>
                      addTo(segments, [u64(args.sport), u64(args.dport), u64(args.state), own, local, remote], n),
                    ),
                  ),
                ),
              ),
            )
            // Newer kernels report attempts that failed, too; RetransSegs counts only what was sent.
            const sent = filter.has('tcp:tcp_retransmit_skb', 'err') ? [when(eq(args.err, 0), resend)] : resend
            return { ...inNamespace(args.skaddr, filter), body: sent }
          }),
          on('tcp:tcp_retransmit_synack', 'a SYN-ACK goes out again', (args) => ({
            ...inNamespace(args.skaddr, filter),
            body: withAddresses(args, (local, remote) =>
              countIn(synacks, u64(args.sport), u64(args.dport), local, remote),
            ),
          })),
        ],
      }),
      decode: (frame, context) => {
        const flows = [
          ...frame.rows(segments).map(({ key, value }): Flow => {
            const ends = { local: endpoint(key[4], key[0]), remote: endpoint(key[5], key[1]) }
            const state = STATES[Number(key[2])] ?? String(key[2])
            return { ...ends, state, count: value, own: Number(key[3]) > 0 || isOwn(key[0], key[1], ends, context) }
          }),
          ...frame.rows(synacks).map(({ key, value }): Flow => {
            const ends = { local: endpoint(key[2], key[0]), remote: endpoint(key[3], key[1]) }
            return { ...ends, state: 'SYN_RECV', count: value, own: isOwn(key[0], key[1], ends, context) }
          }),
        ]
        return {
          data: {
            ...sumsOf(flows),
            own: sumsOf(flows.filter(({ own }) => own)),
            loss_probes: context.counters?.['TcpExt.TCPLossProbes'] ?? null,
            flows: mostRows(flows),
          },
        }
      },
    },
  ],
  draw: {
    tab: 'Resent',
    lanes: [{ label: 'segments resent', figures: ['segments'] }],
    figures: (data, scope) => [
      {
        key: 'segments',
        label: 'segments sent again',
        // A recording of an earlier version knows those of the namespace alone.
        value: (data.own ?? data).segments,
        unit: 'count',
        adds: true,
        better: 'lower',
        headline: true,
      },
      {
        key: 'rate',
        label: 'segments sent again',
        value: ((data.own ?? data).segments * 1e6) / scope.durationUs,
        unit: 'per_s',
        better: 'lower',
      },
      {
        key: 'syn',
        label: 'SYN',
        value: (data.own ?? data).syn,
        unit: 'count',
        adds: true,
        better: 'lower',
        headline: true,
      },
      {
        key: 'synack',
        label: 'SYN-ACK',
        value: (data.own ?? data).synack,
        unit: 'count',
        adds: true,
        better: 'lower',
        headline: true,
      },
      {
        key: 'elsewhere',
        label: 'by others in its namespace',
        value: data.own ? data.segments - data.own.segments : null,
        unit: 'count',
        adds: true,
        better: 'neutral',
        headline: true,
      },
      {
        key: 'loss_probes',
        label: 'loss probes, namespace',
        value: data.loss_probes,
        unit: 'count',
        adds: true,
        better: 'neutral',
      },
    ],
    table: {
      columns: [
        { key: 'local', label: 'local', unit: 'text' },
        { key: 'remote', label: 'remote', unit: 'text' },
        { key: 'state', label: 'state', unit: 'text' },
        { key: 'count', label: 'segments', unit: 'count' },
        { key: 'whose', label: 'whose', unit: 'text' },
      ],
      named: ['local', 'remote'],
      // The target’s first: others may have more.
      rows: (data) =>
        data.flows
          .toSorted((a, b) => Number(b.own ?? true) - Number(a.own ?? true))
          .map(({ own, ...row }) => ({ ...row, whose: own === undefined ? null : own ? 'the target’s' : 'another’s' })),
    },
  },
  estimateNs: (data) => data.flows.reduce((n, f) => n + f.count, 0) * 1000,
})

const sumsOf = (flows: readonly Flow[]) => {
  const of = (state?: string) =>
    flows.reduce((sum, row) => sum + (state === undefined || row.state === state ? row.count : 0), 0)
  return { segments: of(), syn: of('SYN_SENT'), synack: of('SYN_RECV') }
}

/** Whether a flow ends at a port of the target’s, on this host at that, or is one that the target had when it was attached to. */
function isOwn(
  sport: KeyValue | undefined,
  dport: KeyValue | undefined,
  ends: Pick<Flow, 'local' | 'remote'>,
  context: DecodeContext,
): boolean {
  const { ports, connections } = context
  const [from, to] = [Number(sport), Number(dport)]
  if (ports?.has(from) || connections.has(connectionKey(from, to))) return true
  return (ports?.has(to) ?? false) && (isLoopback(ends.remote) || addressOf(ends.remote) === addressOf(ends.local))
}

const addressOf = (end: string): string => end.slice(0, end.lastIndexOf(':'))
const isLoopback = (end: string): boolean => end.startsWith('127.') || end.startsWith('[::1]:')

/** "ip:port"; an IPv4 address inside IPv6 is shown as what it is, other IPv6 in brackets. */
function endpoint(address: unknown, port: unknown): string {
  const ip = String(address)
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1]
  return mapped ? `${mapped}:${port}` : ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}
