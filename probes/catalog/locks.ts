import { z } from 'zod'
import { defineProbe } from '../define.ts'
import { percentile } from '../histogram.ts'
import { isLock, type LockClass } from '../locks/lock-class.ts'
import { waitsByLock } from './locks/by-lock.ts'
import { decode, recordSchema } from './locks/decode.ts'
import { kernelHandlers, perThread, userHandlers } from './locks/programs.ts'

const params = z.object({})

export const locks = defineProbe({
  name: 'locks',
  rank: 40,
  question: 'Which locks do its threads wait for, how long, and where?',
  blindTo: [
    'locks that spin in user space (they are on-CPU time)',
    'Go mutexes (they park goroutines, not threads), Java monitors and java.util.concurrent locks, .NET monitors: the runtime’s own way to see them is said at the attach',
    'lock waits that never reach the kernel',
    'which thread held the lock',
    'waits that began before the attach and have not ended: off-cpu shows those threads as blocked',
    'what a wait is for where libc is not glibc (musl: conditions look like mutexes), or a lock is made of a condition',
    'spinning for a kernel lock before the thread sleeps (it is on-CPU time), and who in user space waits for a kernel lock',
    'the names of locks that are no variables of a program or library: those on the heap',
  ],
  cost: 'medium',
  isDefault: true,
  params,
  record: recordSchema,
  withStacks: (data, stacks) => ({ ...data, user: { ...data.user, by_lock: waitsByLock(stacks) } }),
  stackUnit: 'ns',
  variants: [
    {
      name: 'tracepoint',
      needs: [],
      script: (_params, filter) => ({
        handlers: [...userHandlers(filter), ...kernelHandlers(filter)],
        perThread: [perThread],
      }),
      decode: (frame, context) => decode(frame, context, true),
    },
    {
      name: 'user-only',
      needs: [],
      script: (_params, filter) => ({ handlers: userHandlers(filter), perThread: [perThread] }),
      decode: (frame, context) => ({
        ...decode(frame, context, false),
        notes: ['kernel locks: unknown here (lock:contention_begin needs Linux 5.19)'],
      }),
    },
  ],
  draw: {
    tab: 'Locks',
    lanes: [{ label: 'lock wait', figures: ['wait'] }],
    histograms: (data) => [{ label: 'user locks', histogram: data.user.latency }],
    figures: (data, scope) => [
      {
        key: 'waits',
        label: 'lock waits',
        value: data.user.waits + (data.user.by_name?.waits ?? 0),
        unit: 'count',
        adds: true,
        better: 'lower',
        headline: true,
      },
      {
        key: 'wait',
        label: 'waited for locks',
        value: waitedNs(data),
        unit: 'ns',
        adds: true,
        better: 'lower',
        headline: true,
      },
      { key: 'p99', label: 'lock wait p99', value: percentile(data.user.latency, 0.99), unit: 'ns', better: 'lower' },
      {
        key: 'wait_per_request',
        label: 'waited for locks per request',
        value: scope.requests ? waitedNs(data) / scope.requests : null,
        unit: 'ns_per_request',
        better: 'lower',
      },
      {
        key: 'kernel_wait',
        label: 'waited for kernel locks',
        value: data.kernel?.wait_ns ?? null,
        unit: 'ns',
        adds: true,
        better: 'lower',
        headline: true,
        view: 'kernel',
      },
      {
        key: 'kernel_waits',
        label: 'kernel lock waits',
        value: data.kernel?.waits ?? null,
        unit: 'count',
        adds: true,
        better: 'lower',
        view: 'kernel',
      },
      {
        key: 'condition',
        label: 'waited on conditions',
        value: data.user.by_class['condition']?.wait_ns ?? 0,
        unit: 'ns',
        adds: true,
        better: 'neutral',
      },
    ],
    table: {
      columns: [
        { key: 'waiter', label: 'waits in', unit: 'text' },
        { key: 'class', label: 'class', unit: 'text' },
        { key: 'lock', label: 'lock', unit: 'text' },
        { key: 'address', label: 'address', unit: 'text' },
        { key: 'waits', label: 'waits', unit: 'count' },
        { key: 'wait', label: 'time', unit: 'ns' },
        { key: 'per_request', label: 'per request', unit: 'ns_per_request' },
      ],
      rows: (data, scope) =>
        (data.user.by_lock ?? byClass(data))
          .map((row) => ({
            ...{
              waiter: row.waiter,
              class: row.class,
              lock: row.name ?? null,
              address: row.address,
              waits: row.count,
              wait: row.wait_ns,
            },
            per_request: scope.requests ? row.wait_ns / scope.requests : null,
          }))
          // Threads wait on conditions for work, mostly: that is longest, and seldom what anybody asks for.
          .sort((a, b) => Number(isOnLock(b.class)) - Number(isOnLock(a.class)) || b.wait - a.wait),
    },
    remarks: (data) => {
      const [most] = (data.user.by_lock ?? []).filter(isNamedLock).sort((a, b) => b.wait_ns - a.wait_ns)
      if (most === undefined) return []
      const where =
        most.waiter === null ? '' : most.waiter.startsWith('called from ') ? `, ${most.waiter}` : ` in ${most.waiter}`
      return [`most waited for: ${most.name}${where}`]
    },
    flame: {
      unit: 'ns',
      title: 'Locks',
      views: [
        {
          name: 'locks',
          title: 'time waited for user locks',
          keep: (dims) => dims['lock'] === 'user' && isLock(dims['class'] as LockClass),
          histogram: 'user locks',
        },
        {
          name: 'conditions',
          title: 'time waited on conditions',
          keep: (dims) => dims['lock'] === 'user' && !isLock(dims['class'] as LockClass) && dims['class'] !== 'idle',
        },
        { name: 'idle', title: 'idle time', keep: (dims) => dims['class'] === 'idle' },
        { name: 'kernel', title: 'time waited for kernel locks', keep: (dims) => dims['lock'] === 'kernel' },
      ],
    },
  },
  // enter 500 ns with a stack, exit 900 ns
  estimateNs: (data) =>
    Object.values(data.user.by_class).reduce((n, sum) => n + sum.waits, 0) * 1400 + (data.kernel?.waits ?? 0) * 2000,
})

const waitedNs = ({ user }: z.infer<typeof recordSchema>): number => user.wait_ns + (user.by_name?.wait_ns ?? 0)

const isNamedLock = (row: { class: string; name?: string | null | undefined }): boolean =>
  isOnLock(row.class) && Boolean(row.name)

const isOnLock = (of: string): boolean => isLock(of as LockClass) || of.startsWith('kernel ')

/** Until the first stacks come, and in recordings without them: what was waited for is all that is known. */
function byClass({ user, kernel }: z.infer<typeof recordSchema>) {
  const unknown = { waiter: null, name: null, address: null }
  return [
    ...Object.entries(user.by_class).map(([name, sum]) => ({
      ...unknown,
      class: name,
      count: sum.waits,
      wait_ns: sum.wait_ns,
    })),
    ...Object.entries(kernel?.by_kind ?? {}).map(([name, ns]) => ({
      ...unknown,
      class: `kernel ${name}`,
      count: null,
      wait_ns: ns,
    })),
  ]
}
