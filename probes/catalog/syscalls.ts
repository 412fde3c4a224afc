import { z } from 'zod'
import { defineProbe } from '../define.ts'
import { histogramOf, percentile } from '../histogram.ts'
import { byKey, count, histogram, latest } from '../record.ts'
import { all, ge, lt, ne, negate, nsecs, read, since, tid, u64 } from '../script/expr.ts'
import { addTo, countIn, openMap, resultMap } from '../script/maps.ts'
import { bind, forget, log16, on, positive, record, set, when } from '../script/parts.ts'

const started = openMap('syscall_start', 'int', 'int', 'int')
const latency = resultMap('syscall_latency', 'count', 'int', 'int')
const total = resultMap('syscall_ns', 'sum', 'int')
const failed = resultMap('syscall_errors', 'count', 'int', 'int')

const MAX_ERRNO = 4095

export const syscalls = defineProbe({
  name: 'syscalls',
  rank: 20,
  question: 'Which system calls does it make, how long do they take, and which fail?',
  blindTo: [
    'io_uring operations (no system call each)',
    'vDSO calls such as clock_gettime',
    '32-bit system calls are named by their 64-bit numbers',
    'calls already blocked when the probe attached',
  ],
  cost: 'high',
  isDefault: true,
  params: z.object({}),
  record: z.object({
    syscalls: byKey(z.object({ count: count(), total_ns: count(), latency: histogram(), errors: byKey(count()) })),
    pending: latest(z.array(z.object({ name: z.string(), age_ns: z.number() }))),
  }),
  variants: [
    {
      name: 'tracepoint',
      needs: [],
      script: (_params, filter) => {
        // These two never return: their start would stay in the map for ever.
        const neverReturn = ['exit', 'exit_group'].flatMap((name) => filter.syscall(name) ?? [])
        return {
          handlers: [
            on('raw_syscalls:sys_enter', 'a system call begins', (args) => ({
              when: all(filter.mine, ...neverReturn.map((id) => ne(args.id, id))),
              body: [set(started, [tid, u64(args.id)], nsecs)],
            })),
            on('raw_syscalls:sys_exit', 'it returns: how long, and did it fail', (args) => ({
              when: filter.mine,
              body: bind('t0', read(started, tid, u64(args.id)), (t0) => [
                when(
                  positive(t0),
                  bind('ns', since(nsecs, t0), (ns) => [
                    ...log16(ns, 'lat', (bucket) => [
                      record(countIn(latency, u64(args.id), bucket), addTo(total, [u64(args.id)], ns)),
                    ]),
                    forget(started, tid, u64(args.id)),
                    when(all(lt(args.ret, 0), ge(args.ret, -MAX_ERRNO)), [
                      record(countIn(failed, u64(args.id), negate(args.ret))),
                    ]),
                  ]),
                ),
              ]),
            })),
          ],
        }
      },
      decode: (frame, context) => {
        const sums = new Map(frame.rows(total).map((row) => [Number(row.key[0]), row.value]))
        const buckets = new Map<number, [number, number][]>()
        for (const { key, value } of frame.rows(latency)) {
          const id = Number(key[0])
          const list = buckets.get(id) ?? []
          list.push([Number(key[1]), value])
          buckets.set(id, list)
        }
        const errors = new Map<number, Record<string, number>>()
        for (const { key, value } of frame.rows(failed)) {
          const id = Number(key[0])
          errors.set(id, { ...errors.get(id), [context.errnoName(Number(key[1]))]: value })
        }
        const entries = [...buckets].map(([id, list]) => {
          const sum = sums.get(id) ?? 0
          const latencies = histogramOf(list, sum)
          return [
            context.syscallName(id),
            { count: latencies.count, total_ns: sum, latency: latencies, errors: errors.get(id) ?? {} },
          ] as const
        })
        const open = frame.open(started)
        return {
          data: {
            syscalls: Object.fromEntries(entries.sort((a, b) => b[1].count - a[1].count)),
            pending: (open ?? [])
              .filter((row) => Number(row.value) > 0 && Number(row.value) <= frame.endNs)
              .map((row) => ({ name: context.syscallName(row.key[1] ?? -1), age_ns: frame.endNs - Number(row.value) }))
              .sort((a, b) => b.age_ns - a.age_ns),
          },
        }
      },
    },
  ],
  draw: {
    tab: 'Syscalls',
    lanes: [{ label: 'system calls', figures: ['per_request', 'rate'] }],
    histograms: (data) =>
      Object.entries(data.syscalls)
        .sort((a, b) => b[1].total_ns - a[1].total_ns)
        .slice(0, 8)
        .map(([label, call]) => ({ label, histogram: call.latency })),
    figures: (data, scope) => {
      const calls = Object.values(data.syscalls)
      const made = calls.reduce((n, call) => n + call.count, 0)
      const failures = calls.reduce((n, call) => n + Object.values(call.errors).reduce((a, b) => a + b, 0), 0)
      return [
        { key: 'count', label: 'calls', value: made, unit: 'count', adds: true, better: 'neutral' },
        { key: 'rate', label: 'calls', value: (made * 1e6) / scope.durationUs, unit: 'per_s', better: 'neutral' },
        {
          key: 'per_request',
          label: 'calls per request',
          value: scope.requests ? made / scope.requests : null,
          unit: 'per_request',
          better: 'lower',
          headline: true,
        },
        { key: 'errors', label: 'failed', value: failures, unit: 'count', adds: true, better: 'lower', headline: true },
        { key: 'pending', label: 'not returned yet', value: data.pending.length, unit: 'count', better: 'neutral' },
      ]
    },
    table: {
      columns: [
        { key: 'name', label: 'system call', unit: 'text' },
        { key: 'count', label: 'calls', unit: 'count' },
        { key: 'share', label: 'share', unit: 'percent' },
        { key: 'per_request', label: 'per request', unit: 'per_request' },
        { key: 'total', label: 'time', unit: 'ns' },
        { key: 'p50', label: 'p50', unit: 'ns' },
        { key: 'p99', label: 'p99', unit: 'ns' },
        { key: 'max', label: 'max', unit: 'ns' },
        { key: 'errors', label: 'failed', unit: 'text' },
      ],
      rows: (data, scope) => {
        const entries = Object.entries(data.syscalls)
        const made = entries.reduce((n, [, call]) => n + call.count, 0)
        return entries
          .sort((a, b) => b[1].count - a[1].count)
          .map(([name, call]) => ({
            name,
            count: call.count,
            share: made > 0 ? (100 * call.count) / made : null,
            per_request: scope.requests ? call.count / scope.requests : null,
            total: call.total_ns,
            p50: percentile(call.latency, 0.5),
            p99: percentile(call.latency, 0.99),
            max: call.latency.max,
            errors: Object.entries(call.errors)
              .sort((a, b) => b[1] - a[1])
              .map(([errno, n]) => `${errno} ${n}`)
              .join(' '),
          }))
      },
    },
  },
  // sys_enter 150 ns + sys_exit 480 ns, bpftrace 0.17 on Linux 6.18
  estimateNs: (data) => Object.values(data.syscalls).reduce((n, call) => n + call.count, 0) * 630,
})
