import { z } from 'zod'
import { defineProbe } from '../define.ts'
import { type Histogram, histogramOf, mergeHistograms, percentile } from '../histogram.ts'
import { COMPAT, compatNumber } from '../host/syscalls.ts'
import { byKey, count, histogram, latest } from '../record.ts'
import { add, all, any, ge, lt, ne, negate, nsecs, read, since, tid, u64 } from '../script/expr.ts'
import { addTo, countIn, openMap, resultMap } from '../script/maps.ts'
import { assign, bind, log16, on, positive, record, set, when } from '../script/parts.ts'
import { type PerThread, whenRenumbered } from '../script/thread-end.ts'

// By thread: since when it is in a system call (0: in none), and in which.
const started = openMap('syscall_start', 'int', 'int')
const called = openMap('syscall_number', 'int', 'int')
const perThread: PerThread = {
  since: started,
  maps: [started, called],
  isKnown: (thread) => any(positive(read(started, thread)), positive(read(called, thread))),
}
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
    'system calls of the x32 interface by name',
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
        const numbersOf = (name: string) =>
          [filter.syscall(name), filter.isCompat && compatNumber(name)].flatMap((id) => id ?? [])
        // These two never return: their start would stay in the map until the thread has ended.
        const neverReturn = ['exit', 'exit_group'].flatMap(numbersOf)
        // What it returns is what the interrupted call would have.
        const notOwn = ['rt_sigreturn', 'sigreturn'].flatMap(numbersOf)
        return {
          handlers: [
            on('raw_syscalls:sys_enter', 'a system call begins', (args) => ({
              when: filter.mine,
              body: bind('id', u64(args.id), (id) => [
                ...(filter.isCompat ? [when(filter.isCompat, [assign(id, add(id, COMPAT))])] : []),
                when(all(...neverReturn.map((number) => ne(id, number))), [
                  set(called, [tid], id),
                  set(started, [tid], nsecs),
                ]),
              ]),
            })),
            // Its exit names no number where a signal's handler returns (rt_sigreturn): what was called is kept.
            on('raw_syscalls:sys_exit', 'it returns: how long, and did it fail', (args) => ({
              when: filter.mine,
              body: bind('t0', read(started, tid), (t0) => [
                when(
                  positive(t0),
                  bind('ns', since(nsecs, t0), (ns) =>
                    bind('id', read(called, tid), (id) => [
                      ...log16(ns, 'lat', (bucket) => [record(countIn(latency, id, bucket), addTo(total, [id], ns))]),
                      set(started, [tid], u64(0)),
                      when(all(lt(args.ret, 0), ge(args.ret, -MAX_ERRNO), ...notOwn.map((number) => ne(id, number))), [
                        record(countIn(failed, id, negate(args.ret))),
                      ]),
                    ]),
                  ),
                ),
              ]),
            })),
            whenRenumbered([called, started]),
          ],
          perThread: [perThread],
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
        // A call may have two numbers, one of them of the 32-bit gate.
        const calls = new Map<string, Call>()
        for (const [id, list] of buckets) {
          const name = context.syscallName(id)
          const one = callOf(histogramOf(list, sums.get(id) ?? 0))
          const other = calls.get(name)
          calls.set(name, other ? callOf(mergeHistograms(one.latency, other.latency)) : one)
        }
        for (const { key, value } of frame.rows(failed)) {
          const errors = calls.get(context.syscallName(Number(key[0])))?.errors
          const errno = context.errnoName(Number(key[1]))
          if (errors) errors[errno] = (errors[errno] ?? 0) + value
        }
        const open = frame.open(started)
        const numbers = new Map((frame.open(called) ?? []).map(({ key, value }) => [key[0], Number(value)]))
        return {
          data: {
            syscalls: Object.fromEntries([...calls].sort((a, b) => b[1].count - a[1].count)),
            pending: (open ?? [])
              .filter(({ value }) => Number(value) > 0 && Number(value) <= frame.endNs)
              .map(({ key, value }) => ({
                name: context.syscallName(numbers.get(key[0]) ?? -1),
                age_ns: frame.endNs - Number(value),
              }))
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

interface Call {
  count: number
  total_ns: number
  latency: Histogram
  errors: Record<string, number>
}

const callOf = (latency: Histogram): Call => ({ count: latency.count, total_ns: latency.sum, latency, errors: {} })
