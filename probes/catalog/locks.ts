import { z } from 'zod'
import { type Decoded, type DecodedStack, defineProbe } from '../define.ts'
import type { DecodeContext, RawFrame, WindowFrame } from '../engine/frame.ts'
import { emptyHistogram, histogramOf, percentile } from '../histogram.ts'
import { type LockClass, refineClass } from '../locks/lock-class.ts'
import { byKey, count, histogram } from '../record.ts'
import { all, bitAnd, eq, gt, kstack, nsecs, read, since, tid, u64, ustack } from '../script/expr.ts'
import { phaseStart } from '../script/frame.ts'
import { addTo, countIn, openMap, resultMap, stateMap } from '../script/maps.ts'
import {
  assign,
  bind,
  forget,
  type Handler,
  log16,
  maskedIn,
  on,
  positive,
  record,
  set,
  type TargetFilter,
  when,
} from '../script/parts.ts'

// Futex operations that wait (include/uapi/linux/futex.h); the mask removes PRIVATE and CLOCK_REALTIME.
const OP_MASK = 127
const WAIT = 0
const LOCK_PI = 6
const WAIT_BITSET = 9
const WAIT_REQUEUE_PI = 11
const LOCK_PI2 = 13

/**
 * What the arguments of the call alone tell. glibc's low-level lock waits with FUTEX_WAIT and the value 2; Rust's std
 * mutex with FUTEX_WAIT_BITSET and 2; condition variables and semaphores with WAIT_BITSET and 0.
 */
const CLASSES: Record<number, LockClass> = { 1: 'mutex', 2: 'mutex', 3: 'condition', 4: 'other' }
const classOf = (code: unknown): LockClass => CLASSES[Number(code)] ?? 'other'
const LOW_LEVEL_LOCK = 1
const PRIORITY_INHERITING = 2
const BITSET = 3
const OTHER = 4

const began = openMap('futex_since', 'int', 'int')
const address = openMap('futex_address', 'int', 'int')
const kind = openMap('futex_class', 'int', 'int')
const place = openMap('futex_stack', 'stack', 'int')
const waits = resultMap('futex_latency', 'count', 'int', 'int')
const time = resultMap('futex_ns', 'stats', 'int', 'address')
const stacks = resultMap('futex_stacks', 'stats', 'int', 'address', 'stack')

const kernelBegan = stateMap('lock_since', 'int', 'int', 'int')
const kernelFlags = stateMap('lock_flags', 'int', 'int', 'int')
const kernelWaits = resultMap('lock_ns', 'stats', 'int')
const kernelStacks = resultMap('lock_stacks', 'stats', 'int', 'address', 'stack')

/** Flags of lock:contention_begin (include/trace/events/lock.h). */
const kernelKind = (flags: number): string =>
  flags & 32
    ? 'mutex'
    : flags & 16
      ? 'percpu-rwsem'
      : flags & 8
        ? 'rtmutex'
        : flags & 6
          ? flags & 1
            ? 'rwlock'
            : 'rwsem'
          : flags & 1
            ? 'spinlock'
            : 'other'

const recordSchema = z.object({
  user: z.object({
    /** waits on mutexes and their time, by the arguments of the calls; stacks know read-write locks, too */
    waits: count(),
    wait_ns: count(),
    latency: histogram(),
    /** different lock addresses waited for in one window, summed over windows */
    contended: count(),
    by_class: byKey(z.object({ waits: count(), wait_ns: count() })),
  }),
  kernel: z.object({ waits: count(), wait_ns: count(), by_kind: byKey(count()) }).nullable(),
})
type Data = z.infer<typeof recordSchema>

const userHandlers = (filter: TargetFilter): Handler[] => [
  on('syscalls:sys_enter_futex', 'a thread is about to sleep on a futex', (args) => ({
    when: all(filter.mine, maskedIn(args.op, OP_MASK, [WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2])),
    body: bind('class', u64(OTHER), (itsClass) => [
      when(all(eq(bitAnd(args.op, OP_MASK), WAIT), eq(args.val, 2)), [assign(itsClass, u64(LOW_LEVEL_LOCK))]),
      when(maskedIn(args.op, OP_MASK, [LOCK_PI, LOCK_PI2]), [assign(itsClass, u64(PRIORITY_INHERITING))]),
      when(maskedIn(args.op, OP_MASK, [WAIT_BITSET, WAIT_REQUEUE_PI]), [
        assign(itsClass, u64(BITSET)),
        when(eq(args.val, 2), [assign(itsClass, u64(LOW_LEVEL_LOCK))]),
      ]),
      set(kind, [tid], itsClass),
      set(address, [tid], u64(args.uaddr)),
      set(place, [tid], ustack),
      set(began, [tid], nsecs),
    ]),
  })),
  on('syscalls:sys_exit_futex', 'it goes on', () => ({
    when: filter.mine,
    body: bind('t0', read(began, tid), (t0) => [
      when(
        positive(t0),
        bind('phase_start', read(phaseStart), (phase) =>
          bind('from', t0, (from) => [
            when(gt(phase, from), [assign(from, phase)]),
            ...bind('class', read(kind, tid), (itsClass) =>
              bind('ns', since(nsecs, from), (ns) =>
                log16(ns, 'lat', (bucket) => [
                  record(
                    countIn(waits, itsClass, bucket),
                    addTo(time, [itsClass, read(address, tid)], ns),
                    addTo(stacks, [itsClass, read(address, tid), read(place, tid)], ns),
                  ),
                  forget(began, tid),
                ]),
              ),
            ),
          ]),
        ),
      ),
    ]),
  })),
  on('sched:sched_process_exit', 'a thread ends', () => ({
    when: filter.mine,
    body: [began, address, kind, place].map((map) => forget(map, tid)),
  })),
]

const kernelHandlers = (filter: TargetFilter): Handler[] => [
  on(
    'lock:contention_begin',
    'the slow path of a kernel lock (a mutex may begin several times: the first counts)',
    (args) => ({
      when: filter.mine,
      body: [
        when(eq(read(kernelBegan, tid, u64(args.lock_addr)), 0), [
          set(kernelBegan, [tid, u64(args.lock_addr)], nsecs),
          set(kernelFlags, [tid, u64(args.lock_addr)], u64(args.flags)),
        ]),
      ],
    }),
  ),
  on('lock:contention_end', 'it has the lock', (args) => ({
    when: filter.mine,
    body: bind('t0', read(kernelBegan, tid, u64(args.lock_addr)), (t0) => [
      when(
        positive(t0),
        bind('flags', read(kernelFlags, tid, u64(args.lock_addr)), (flags) =>
          bind('ns', since(nsecs, t0), (ns) => [
            record(addTo(kernelWaits, [flags], ns), addTo(kernelStacks, [flags, u64(args.lock_addr), kstack], ns)),
            forget(kernelBegan, tid, u64(args.lock_addr)),
            forget(kernelFlags, tid, u64(args.lock_addr)),
          ]),
        ),
      ),
    ]),
  })),
]

function decode(frame: WindowFrame, context: DecodeContext, withKernel: boolean): Decoded<Data> {
  const rows: DecodedStack[] = []
  const byClass = new Map<LockClass, { waits: number; wait_ns: number }>()
  const addresses = new Set<string>()
  const note = (as: LockClass, waited: number, ns: number, lock: string) => {
    const seen = byClass.get(as) ?? { waits: 0, wait_ns: 0 }
    byClass.set(as, { waits: seen.waits + waited, wait_ns: seen.wait_ns + ns })
    if (isLock(as)) addresses.add(lock)
  }
  for (const { key, value, count: waited } of frame.rows(time)) note(classOf(key[0]), waited, value, String(key[1]))
  for (const { key, value, count: waited } of frame.rows(stacks)) {
    const frames = context.names(key[2] as RawFrame[], [])
    const as = refineClass(classOf(key[0]), frames)
    rows.push({
      value,
      count: waited,
      frames,
      dims: { lock: 'user', address: String(key[1]), class: as },
    })
  }
  const open = openWaits(frame, context)
  for (const wait of open) {
    // An unfinished wait adds its time, not a wait: it is counted where it ends.
    note(wait.class, 0, wait.ns, wait.address)
    rows.push({
      value: wait.ns,
      count: 1,
      frames: wait.frames,
      dims: { lock: 'user', address: wait.address, class: wait.class },
    })
  }
  for (const { key, value, count: waited } of withKernel ? frame.rows(kernelStacks) : [])
    rows.push({
      value,
      count: waited,
      frames: context.names([], key[2] as RawFrame[]),
      dims: { lock: 'kernel', address: String(key[1]), class: kernelKind(Number(key[0])) },
    })
  const locks = [...byClass].filter(([as]) => isLock(as)).map(([, sum]) => sum)
  const lockBuckets = frame.rows(waits).filter((row) => isLock(classOf(row.key[0])))
  const ended = frame
    .rows(time)
    .filter((row) => isLock(classOf(row.key[0])))
    .reduce((n, row) => n + row.value, 0)
  return {
    data: {
      user: {
        waits: locks.reduce((n, sum) => n + sum.waits, 0),
        wait_ns: locks.reduce((n, sum) => n + sum.wait_ns, 0),
        latency:
          lockBuckets.length > 0
            ? histogramOf(
                lockBuckets.map((row) => [Number(row.key[1]), row.value] as const),
                ended,
              )
            : emptyHistogram(),
        contended: addresses.size,
        by_class: Object.fromEntries(byClass),
      },
      kernel: withKernel ? kernelData(frame) : null,
    },
    stacks: rows,
  }
}

function kernelData(frame: WindowFrame): NonNullable<Data['kernel']> {
  const rows = frame.rows(kernelWaits)
  const byKind: Record<string, number> = {}
  for (const row of rows) {
    const as = kernelKind(Number(row.key[0]))
    byKind[as] = (byKind[as] ?? 0) + row.value
  }
  return {
    waits: rows.reduce((n, row) => n + row.count, 0),
    wait_ns: rows.reduce((n, row) => n + row.value, 0),
    by_kind: byKind,
  }
}

function openWaits(frame: WindowFrame, context: DecodeContext) {
  const byThread = (map: typeof began | typeof place) =>
    new Map((frame.open(map) ?? []).map((row) => [row.key[0], row.value]))
  const [addresses, kinds, places] = [byThread(address), byThread(kind), byThread(place)]
  return (frame.open(began) ?? []).flatMap(({ key, value }) => {
    const t0 = Number(value)
    if (t0 === 0 || t0 > frame.endNs) return []
    const frames = context.names((places.get(key[0]) ?? []) as RawFrame[], [])
    const as = refineClass(classOf(kinds.get(key[0])), frames)
    const from = Math.max(t0, context.phaseStartNs)
    const wholePhase =
      t0 <= context.phaseStartNs || frame.endNs - from >= IDLE_SHARE * (frame.endNs - context.phaseStartNs)
    return [
      {
        frames,
        ns: frame.endNs - from,
        address: `0x${Number(addresses.get(key[0]) ?? 0).toString(16)}`,
        class: as === 'condition' && wholePhase ? ('idle' as const) : as,
      },
    ]
  })
}

/** A condition wait that lasts nine tenths of the phase or more is a thread without work, not a delay. */
const IDLE_SHARE = 0.9

const isLock = (as: LockClass) => as === 'mutex' || as === 'rwlock'

const params = z.object({})

export const locks = defineProbe({
  name: 'locks',
  rank: 40,
  question: 'Which locks do its threads wait for, how long, and where?',
  blindTo: [
    'locks that spin in user space (they are on-CPU time)',
    'Go mutexes (they park goroutines, not threads)',
    'lock waits that never reach the kernel',
    'which thread held the lock',
    'waits that began before the attach and have not ended: off-cpu shows those threads as blocked',
    'read-write locks, except in the stacks: the arguments of their waits look like those of conditions',
  ],
  cost: 'medium',
  isDefault: true,
  params,
  record: recordSchema,
  stackUnit: 'ns',
  variants: [
    {
      name: 'tracepoint',
      needs: [],
      script: (_params, filter) => ({ handlers: [...userHandlers(filter), ...kernelHandlers(filter)] }),
      decode: (frame, context) => decode(frame, context, true),
    },
    {
      name: 'user-only',
      needs: [],
      script: (_params, filter) => ({ handlers: userHandlers(filter) }),
      decode: (frame, context) => ({
        ...decode(frame, context, false),
        notes: ['kernel locks: unknown here (lock:contention_begin needs Linux 5.19)'],
      }),
    },
  ],
  draw: {
    tab: 'Locks',
    lane: 'wait',
    histograms: (data) => [{ label: 'user locks', histogram: data.user.latency }],
    figures: (data, scope) => [
      {
        key: 'waits',
        label: 'lock waits',
        value: data.user.waits,
        unit: 'count',
        adds: true,
        better: 'lower',
        headline: true,
      },
      {
        key: 'wait',
        label: 'waited for locks',
        value: data.user.wait_ns,
        unit: 'ns',
        adds: true,
        better: 'lower',
        headline: true,
      },
      { key: 'p99', label: 'lock wait p99', value: percentile(data.user.latency, 0.99), unit: 'ns', better: 'lower' },
      {
        key: 'wait_per_request',
        label: 'waited for locks per request',
        value: scope.requests ? data.user.wait_ns / scope.requests : null,
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
      },
      {
        key: 'kernel_waits',
        label: 'kernel lock waits',
        value: data.kernel?.waits ?? null,
        unit: 'count',
        adds: true,
        better: 'lower',
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
        { key: 'class', label: 'class', unit: 'text' },
        { key: 'waits', label: 'waits', unit: 'count' },
        { key: 'wait', label: 'time', unit: 'ns' },
        { key: 'per_request', label: 'per request', unit: 'ns_per_request' },
      ],
      rows: (data, scope) =>
        [
          ...Object.entries(data.user.by_class).map(([name, sum]) => ({
            class: name,
            waits: sum.waits,
            wait: sum.wait_ns,
          })),
          ...Object.entries(data.kernel?.by_kind ?? {}).map(([name, ns]) => ({
            class: `kernel ${name}`,
            waits: null,
            wait: ns,
          })),
        ]
          .sort((a, b) => b.wait - a.wait)
          .map((row) => ({ ...row, per_request: scope.requests ? row.wait / scope.requests : null })),
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
