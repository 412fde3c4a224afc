import { z } from 'zod'
import { defineProbe } from '../define.ts'
import { count, rows } from '../record.ts'
import { all, type Expr, eq, field, follow, ntop, struct, u64 } from '../script/expr.ts'
import { addTo, countIn, resultMap, type Update } from '../script/maps.ts'
import { bind, on, record, type Statement, type TargetFilter, when } from '../script/parts.ts'
import type { TracepointArgs } from '../script/tracepoints.ts'

const SYN_SENT = 2
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

const segments = resultMap('resent_segments', 'sum', 'int', 'int', 'int', 'text', 'text')
const synacks = resultMap('resent_synacks', 'count', 'int', 'int', 'text', 'text')

const flow = z.object({ local: z.string(), remote: z.string(), state: z.string(), count: z.number() })

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
    'which process sent them: the sender is a timer or an acknowledgement, so every flow of the target’s network namespace counts',
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
          on('tcp:tcp_retransmit_skb', 'a segment goes out again (softirq: pid means nothing)', (args) => {
            const resend = bind('skb', struct('sk_buff', args.skbaddr), (skb) =>
              bind('control', struct('tcp_skb_cb', follow(skb, 'cb')), (control) =>
                bind('count', u64(field(control, 'tcp_gso_segs')), (n) =>
                  withAddresses(args, (local, remote) =>
                    addTo(segments, [u64(args.sport), u64(args.dport), u64(args.state), local, remote], n),
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
        const flows: z.infer<typeof flow>[] = []
        let [sum, syn, synack] = [0, 0, 0]
        for (const { key, value } of frame.rows(segments)) {
          const state = Number(key[2])
          sum += value
          if (state === SYN_SENT) syn += value
          flows.push({
            local: endpoint(key[3], key[0]),
            remote: endpoint(key[4], key[1]),
            state: STATES[state] ?? String(state),
            count: value,
          })
        }
        for (const { key, value } of frame.rows(synacks)) {
          sum += value
          synack += value
          flows.push({
            local: endpoint(key[2], key[0]),
            remote: endpoint(key[3], key[1]),
            state: 'SYN_RECV',
            count: value,
          })
        }
        return {
          data: {
            segments: sum,
            syn,
            synack,
            loss_probes: context.counters?.['TcpExt.TCPLossProbes'] ?? null,
            flows: flows.sort((a, b) => b.count - a.count),
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
        value: data.segments,
        unit: 'count',
        adds: true,
        better: 'lower',
        headline: true,
      },
      {
        key: 'rate',
        label: 'segments sent again',
        value: (data.segments * 1e6) / scope.durationUs,
        unit: 'per_s',
        better: 'lower',
      },
      { key: 'syn', label: 'SYN', value: data.syn, unit: 'count', adds: true, better: 'lower', headline: true },
      {
        key: 'synack',
        label: 'SYN-ACK',
        value: data.synack,
        unit: 'count',
        adds: true,
        better: 'lower',
        headline: true,
      },
      {
        key: 'loss_probes',
        label: 'loss probes',
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
      ],
      rows: (data) => data.flows.map((f) => ({ ...f })),
    },
  },
  estimateNs: (data) => data.flows.reduce((n, f) => n + f.count, 0) * 1000,
})

/** "ip:port"; an IPv4 address inside IPv6 is shown as what it is, other IPv6 in brackets. */
function endpoint(address: unknown, port: unknown): string {
  const ip = String(address)
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1]
  return mapped ? `${mapped}:${port}` : ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}
