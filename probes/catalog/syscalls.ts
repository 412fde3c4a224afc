import { z } from 'zod'
import { defineProbe } from '../define.ts'
import { type Histogram, histogramOf, mergeHistograms, percentile } from '../histogram.ts'
import { RING_SUBMISSIONS, ringOperation } from '../host/io-uring.ts'
import { COMPAT, compatNumber, isWaiting } from '../host/syscalls.ts'
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
/** operations asked for through io_uring, by number */
const ring = resultMap('ring_operations', 'count', 'int')

const MAX_ERRNO = 4095

export const syscalls = defineProbe({
  name: 'syscalls',
  rank: 20,
  question: 'Which system calls does it make, how long do they take, and which fail?',
  blindTo: [
    'how long operations of io_uring take, and which fail: they are no system calls, and are counted beside them',
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
    /** operations asked for through io_uring since, by name; one that goes on (multishot) counts once */
    ring: byKey(count()).optional(),
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
            ...RING_SUBMISSIONS.filter((name) => filter.has(name, 'opcode'))
              .slice(0, 1)
              .map((name) =>
                on(name, 'io_uring is asked for something', (args) => ({
                  when: filter.mine,
                  body: [record(countIn(ring, u64(args.opcode)))],
                })),
              ),
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
            ring: Object.fromEntries(frame.rows(ring).map(({ key, value }) => [ringOperation(Number(key[0])), value])),
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
      const failures = calls.reduce((n, call) => n + errorsOf(call).reduce((sum, [, times]) => sum + times, 0), 0)
      const operations = data.ring && Object.values(data.ring).reduce((a, b) => a + b, 0)
      return [
        { key: 'count', label: 'calls', value: made, unit: 'count', adds: true, better: 'neutral', headline: true },
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
        {
          key: 'ring',
          label: 'through io_uring',
          value: operations ?? null,
          unit: 'count',
          adds: true,
          better: 'neutral',
          headline: (operations ?? 0) > 0,
        },
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
        { key: 'time_share', label: 'of time', unit: 'percent' },
        { key: 'p50', label: 'p50', unit: 'ns' },
        { key: 'p99', label: 'p99', unit: 'ns' },
        { key: 'max', label: 'max', unit: 'ns' },
        { key: 'errors', label: 'failed', unit: 'text' },
      ],
      told: ['count', 'total', 'time_share'],
      // Where time goes first; calls whose purpose is to wait are long whatever happens.
      rows: (data, scope) => {
        const entries = Object.entries(data.syscalls)
        const made = entries.reduce((n, [, call]) => n + call.count, 0)
        const worked = entries.reduce((ns, [name, call]) => ns + (isWaiting(name) ? 0 : call.total_ns), 0)
        const calls = entries
          .sort(([a, x], [b, y]) => Number(isWaiting(a)) - Number(isWaiting(b)) || y.total_ns - x.total_ns)
          .map(([name, call]) => ({
            name,
            count: call.count,
            share: made > 0 ? (100 * call.count) / made : null,
            per_request: scope.requests ? call.count / scope.requests : null,
            total: call.total_ns,
            time_share: worked > 0 && !isWaiting(name) ? (100 * call.total_ns) / worked : null,
            p50: percentile(call.latency, 0.5),
            p99: percentile(call.latency, 0.99),
            max: call.latency.max,
            errors: errorsOf(call)
              .map(([errno, n]) => `${errno} ${n}`)
              .join(' '),
          }))
        const unknown = { share: null, total: null, time_share: null, p50: null, p99: null, max: null, errors: null }
        const operations = Object.entries(data.ring ?? {})
          .sort((a, b) => b[1] - a[1])
          .map(([name, number]) => ({
            name: `io_uring ${name}`,
            count: number,
            ...unknown,
            per_request: scope.requests ? number / scope.requests : null,
          }))
        return [...calls, ...operations]
      },
    },
    remarks: (data) => {
      const failures = Object.entries(data.syscalls).flatMap(([name, call]) =>
        errorsOf(call).map(([errno, n]) => ({ text: `${name} ${errno} ${n}`, n })),
      )
      const most = failures.sort((a, b) => b.n - a.n)[0]
      return most ? [`most failed: ${most.text}`] : []
    },
  },
  // sys_enter 150 ns + sys_exit 480 ns, bpftrace 0.17 on Linux 6.18
  estimateNs: (data) => Object.values(data.syscalls).reduce((n, call) => n + call.count, 0) * 630,
})

/** Most often first. A call that a signal interrupted and the kernel begins again has not failed: no program sees these. */
const errorsOf = ({ errors }: Pick<Call, 'errors'>): [errno: string, count: number][] =>
  Object.entries(errors)
    .filter(([errno]) => !BEGUN_AGAIN.has(errno))
    .sort((a, b) => b[1] - a[1])
const BEGUN_AGAIN: ReadonlySet<string> = new Set([
  'ERESTARTSYS',
  'ERESTARTNOINTR',
  'ERESTARTNOHAND',
  'ERESTART_RESTARTBLOCK',
])

interface Call {
  count: number
  total_ns: number
  latency: Histogram
  errors: Record<string, number>
}

const callOf = (latency: Histogram): Call => ({ count: latency.count, total_ns: latency.sum, latency, errors: {} })
