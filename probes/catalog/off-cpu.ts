import { z } from 'zod'
import { type DecodedStack, defineProbe } from '../define.ts'
import type { DecodeContext, OpenRow, RawFrame, WindowFrame } from '../engine/frame.ts'
import { histogramOf, percentile } from '../histogram.ts'
import type { Sleeper } from '../host/sleepers.ts'
import { count, histogram, latest } from '../record.ts'
import {
  add,
  all,
  any,
  bitAnd,
  eq,
  ge,
  gt,
  int,
  kstack,
  ne,
  nsecs,
  read,
  since,
  tid,
  u64,
  ustack,
} from '../script/expr.ts'
import { phaseStart } from '../script/frame.ts'
import { addTo, countIn, openMap, resultMap, stateMap } from '../script/maps.ts'
import { assign, bind, forget, log16, maskedIn, on, onEach, positive, record, set, when } from '../script/parts.ts'
import { GONE, STILL_RUNNABLE } from '../script/task-state.ts'
import { pollsForWork } from '../symbols/waiting.ts'

// Open waits, by thread: since when, woken when (0: not yet), of what kind, and where.
const since_ = openMap('off_since', 'int', 'int')
const woken = openMap('off_woken', 'int', 'int')
const kind = openMap('off_kind', 'int', 'int')
const kernelStack = openMap('off_kstack', 'stack', 'int')
const userStack = openMap('off_ustack', 'stack', 'int')
const VOLUNTARY = 1
const PREEMPTED = 2
/** voluntary, in a futex wait that is no lock's: a condition, a semaphore, a parked thread */
const FOR_SIGNAL = 3

/** Threads inside such a futex wait. Arguments tell it, so that a libc without symbols is no hindrance. */
const waitsForSignal = stateMap('off_signal', 'int', 'int')
// Futex operations that wait and are not LOCK_PI; the mask removes PRIVATE and CLOCK_REALTIME. A lock waits with value 2.
const FUTEX_WAITS = [0, 9, 11]
const FUTEX_MASK = 127
const LOCK_IS_TAKEN = 2

const BLOCKED = 0
const RUNNABLE = 1
const BLOCKED_FOR_SIGNAL = 2
/** Waits are told apart by how long they were, so that the stacks behind a histogram's tail can be shown alone. */
const LENGTHS = [
  { ns: 1e6, name: '1 ms' },
  { ns: 1e7, name: '10 ms' },
  { ns: 1e8, name: '100 ms' },
] as const
/** A stack's key holds the state, plus this for each of the lengths that the wait reached. */
const LENGTH_STEP = 4
const switches = resultMap('off_switches', 'count', 'int')
const waits = resultMap('off_latency', 'count', 'int', 'int')
const time = resultMap('off_ns', 'sum', 'int')
const stacks = resultMap('off_stacks', 'stats', 'int', 'stack', 'stack')
/** When a thread that is older than the probe was seen to leave the CPU for the first time; comes with the stacks. */
const firstSeen = resultMap('off_first', 'max', 'int', 'stack')

const recordSchema = z.object({
  switches: z.object({ voluntary: count(), involuntary: count() }),
  blocked_ns: count(),
  runnable_ns: count(),
  /**
   * The blocked time of the stacks recorded so far, by what it was for: waiting for work (epoll, accept, a futex that is
   * no lock's) or anything else. Comes with the stacks, so it lags behind `blocked_ns` within a phase.
   */
  idle_ns: count().optional(),
  working_ns: count().optional(),
  blocked: histogram(),
  runnable: histogram(),
  /** threads off the CPU when the phase ended; their time up to there is in the sums and stacks, not in the histograms */
  open: latest(z.object({ threads: z.number(), longest_ns: z.number() }).nullable()),
})

export const offCpu = defineProbe({
  name: 'off-cpu',
  rank: 30,
  question: 'Where do its threads wait instead of running, and how long do they wait for a CPU?',
  blindTo: [
    'the caller of a libc leaf function where libc keeps no frame pointer',
    'user frames of code built without frame pointers',
    'user frames of the first wait of threads that slept from before the attach (the kernel’s are shown)',
    'whether a condition variable is idle or delays a request: it counts as waiting for work',
  ],
  cost: 'medium',
  isDefault: true,
  params: z.object({}),
  record: recordSchema,
  stackUnit: 'ns',
  variants: [
    {
      name: 'tracepoint',
      needs: [],
      script: (_params, filter) => ({
        handlers: [
          on(
            'sched:sched_switch',
            'a thread leaves the CPU (the current task is still the one that leaves), another gets it',
            (args) => ({
              body: [
                when(all(filter.mine, eq(bitAnd(args.prev_state, GONE), 0)), [
                  when(eq(read(kind, tid), 0), [record(addTo(firstSeen, [tid, kstack], nsecs))]),
                  set(since_, [tid], nsecs),
                  set(woken, [tid], u64(0)),
                  set(kernelStack, [tid], kstack),
                  set(userStack, [tid], ustack),
                  when(
                    any(...STILL_RUNNABLE.map((state) => eq(args.prev_state, state))),
                    [set(kind, [tid], u64(PREEMPTED))],
                    [
                      set(kind, [tid], u64(VOLUNTARY)),
                      when(positive(read(waitsForSignal, tid)), [set(kind, [tid], u64(FOR_SIGNAL))]),
                    ],
                  ),
                ]),
                ...bind('next', u64(args.next_pid), (next) =>
                  bind('t0', read(since_, next), (t0) => [
                    when(
                      positive(t0),
                      bind('kind', read(kind, next), (itsKind) =>
                        bind('phase_start', read(phaseStart), (phase) =>
                          bind('from', t0, (from) => [
                            // a wait that began before this phase counts from its start: the rest was listed at the cut
                            when(gt(phase, from), [assign(from, phase)]),
                            ...bind('woken', read(woken, next), (wokenAt) => [
                              when(eq(itsKind, PREEMPTED), [assign(wokenAt, t0)]),
                              when(eq(wokenAt, 0), [assign(wokenAt, nsecs)]),
                              ...bind('ready', from, (ready) => [
                                when(gt(wokenAt, from), [assign(ready, wokenAt)]),
                                ...bind('blocked', since(ready, from), (blocked) =>
                                  bind('runnable', since(nsecs, ready), (runnable) => [
                                    ...bind('state', int(BLOCKED), (state) => [
                                      when(eq(itsKind, FOR_SIGNAL), [assign(state, int(BLOCKED_FOR_SIGNAL))]),
                                      when(
                                        positive(blocked),
                                        log16(blocked, 'bl', (bucket) =>
                                          bind('kept', state, (kept) => [
                                            ...LENGTHS.map(({ ns }) =>
                                              when(ge(blocked, ns), [assign(kept, add(kept, LENGTH_STEP))]),
                                            ),
                                            record(
                                              countIn(waits, state, bucket),
                                              addTo(time, [state], blocked),
                                              addTo(
                                                stacks,
                                                [kept, read(kernelStack, next), read(userStack, next)],
                                                blocked,
                                              ),
                                            ),
                                          ]),
                                        ),
                                      ),
                                    ]),
                                    when(
                                      positive(runnable),
                                      log16(runnable, 'ru', (bucket) => [
                                        record(
                                          countIn(waits, int(RUNNABLE), bucket),
                                          addTo(time, [int(RUNNABLE)], runnable),
                                          addTo(
                                            stacks,
                                            [int(RUNNABLE), read(kernelStack, next), read(userStack, next)],
                                            runnable,
                                          ),
                                        ),
                                      ]),
                                    ),
                                    record(countIn(switches, itsKind)),
                                    set(since_, [next], u64(0)),
                                  ]),
                                ),
                              ]),
                            ]),
                          ]),
                        ),
                      ),
                    ),
                  ]),
                ),
              ],
            }),
          ),
          onEach(
            ['sched:sched_wakeup', 'sched:sched_wakeup_new'],
            'it is woken: from here on it waits for a CPU, not for an event',
            (args) => ({
              body: [when(positive(read(since_, u64(args.pid))), [set(woken, [u64(args.pid)], nsecs)])],
            }),
          ),
          on('sched:sched_wakeup_new', 'a thread begins: it did not sleep before', (args) => ({
            when: filter.mine,
            body: [set(kind, [u64(args.pid)], u64(VOLUNTARY))],
          })),
          on('syscalls:sys_enter_futex', 'a thread is about to wait for a signal of another', (args) => ({
            when: all(filter.mine, maskedIn(args.op, FUTEX_MASK, FUTEX_WAITS), ne(args.val, LOCK_IS_TAKEN)),
            body: [set(waitsForSignal, [tid], u64(1))],
          })),
          on('syscalls:sys_exit_futex', 'it goes on', () => ({
            when: filter.mine,
            body: [when(positive(read(waitsForSignal, tid)), [forget(waitsForSignal, tid)])],
          })),
          on('sched:sched_process_exit', 'a thread ends', () => ({
            when: filter.mine,
            body: [since_, woken, kind, waitsForSignal, kernelStack, userStack].map((map) => forget(map, tid)),
          })),
        ],
      }),
      decode,
    },
  ],
  draw: {
    tab: 'Off-CPU',
    lane: 'runnable',
    histograms: (data) => [
      { label: 'blocked', histogram: data.blocked },
      { label: 'waiting for a CPU', histogram: data.runnable },
    ],
    figures: (data, scope) => {
      const perRequest = (ns: number | undefined) => (scope.requests && ns !== undefined ? ns / scope.requests : null)
      return [
        {
          key: 'blocked_per_request',
          label: 'blocked per request',
          value: perRequest(data.working_ns),
          unit: 'ns_per_request',
          better: 'lower',
          headline: true,
        },
        {
          key: 'working',
          label: 'blocked',
          value: data.working_ns ?? null,
          unit: 'ns',
          adds: true,
          better: 'neutral',
          headline: true,
        },
        {
          key: 'idle',
          label: 'waiting for work',
          value: data.idle_ns ?? null,
          unit: 'ns',
          adds: true,
          better: 'neutral',
        },
        {
          key: 'blocked',
          label: 'blocked, with waiting for work',
          value: data.blocked_ns,
          unit: 'ns',
          adds: true,
          better: 'neutral',
        },
        {
          key: 'runnable',
          label: 'waiting for a CPU',
          value: data.runnable_ns,
          unit: 'ns',
          adds: true,
          better: 'lower',
          headline: true,
        },
        {
          key: 'runnable_per_request',
          label: 'waiting for a CPU per request',
          value: perRequest(data.runnable_ns),
          unit: 'ns_per_request',
          better: 'lower',
        },
        {
          key: 'blocked_p99',
          label: 'blocked p99',
          value: percentile(data.blocked, 0.99),
          unit: 'ns',
          better: 'neutral',
        },
        {
          key: 'runnable_p99',
          label: 'waiting for a CPU p99',
          value: percentile(data.runnable, 0.99),
          unit: 'ns',
          better: 'lower',
        },
        {
          key: 'voluntary',
          label: 'voluntary switches',
          value: data.switches.voluntary,
          unit: 'count',
          adds: true,
          better: 'neutral',
        },
        {
          key: 'involuntary',
          label: 'preempted',
          value: data.switches.involuntary,
          unit: 'count',
          adds: true,
          better: 'lower',
        },
      ]
    },
    flame: {
      unit: 'ns',
      title: 'Off-CPU',
      views: [
        {
          name: 'blocked',
          title: 'blocked time',
          keep: (dims) => dims['state'] === 'blocked' && dims['for'] !== 'work',
          histogram: 'blocked',
        },
        { name: 'waiting', title: 'time waiting for work', keep: (dims) => dims['for'] === 'work' },
        {
          name: 'runnable',
          title: 'time waiting for a CPU',
          keep: (dims) => dims['state'] === 'runnable',
          histogram: 'waiting for a CPU',
        },
        ...LENGTHS.map(({ name, ns }, least) => ({
          name: `over-${name.replace(' ', '')}`,
          title: `blocked in waits of ${name} and more`,
          keep: (dims: Record<string, string>) => LENGTHS.findIndex((length) => length.name === dims['over']) >= least,
          histogram: 'blocked',
          leastNs: ns,
        })),
      ],
    },
  },
  // 2.2 us a switch with two stacks, 0.3 us a wakeup
  estimateNs: (data) => (data.switches.voluntary + data.switches.involuntary) * 2600,
})

function decode(frame: WindowFrame, context: DecodeContext) {
  const buckets = (...states: number[]) =>
    frame
      .rows(waits)
      .filter((row) => states.includes(Number(row.key[0])))
      .map((row) => [Number(row.key[1]), row.value] as const)
  const total = (...states: number[]) =>
    frame.rows(time).reduce((n, row) => (states.includes(Number(row.key[0])) ? n + row.value : n), 0)
  const switched = (...as: number[]) =>
    frame.rows(switches).reduce((n, row) => (as.includes(Number(row.key[0])) ? n + row.value : n), 0)
  const rows: DecodedStack[] = frame.rows(stacks).map(({ key, value, count: events }) => {
    const frames = context.names(key[2] as RawFrame[], key[1] as RawFrame[])
    const state = Number(key[0])
    return { value, count: events, frames, dims: dimsOf(state % LENGTH_STEP, Math.floor(state / LENGTH_STEP), frames) }
  })
  const open = openWaits(frame, context)
  const early = firstWaits(frame, context)
  rows.push(...open.rows, ...early)
  const sum = (waiting: string | undefined) =>
    rows.reduce((n, { value, dims }) => (dims?.['state'] === 'blocked' && dims['for'] === waiting ? n + value : n), 0)
  const blocked = [BLOCKED, BLOCKED_FOR_SIGNAL]
  return {
    data: {
      switches: { voluntary: switched(VOLUNTARY, FOR_SIGNAL), involuntary: switched(PREEMPTED) },
      blocked_ns: total(...blocked) + open.blockedNs + early.reduce((n, { value }) => n + value, 0),
      runnable_ns: total(RUNNABLE) + open.runnableNs,
      ...(frame.withStacks ? { idle_ns: sum('work'), working_ns: sum(undefined) } : {}),
      blocked: histogramOf(buckets(...blocked), total(...blocked)),
      runnable: histogramOf(buckets(RUNNABLE), total(RUNNABLE)),
      open: open.threads,
    },
    stacks: rows,
  }
}

/** What a row is: waiting for a CPU, blocked, or blocked for want of work; and the longest of the lengths it reached. */
function dimsOf(state: number, reached: number, frames: readonly string[]): Record<string, string> {
  if (state === RUNNABLE) return { state: 'runnable' }
  if (state === BLOCKED_FOR_SIGNAL || pollsForWork(frames)) return { state: 'blocked', for: 'work' }
  const length = LENGTHS[reached - 1]
  return length ? { state: 'blocked', over: length.name } : { state: 'blocked' }
}

const lengthsReached = (ns: number): number => LENGTHS.filter((length) => ns >= length.ns).length

/** The part of waits that had not ended when the phase did: from where they began, or the phase, to its end. */
function openWaits(frame: WindowFrame, context: DecodeContext) {
  const byThread = (map: typeof since_ | typeof kernelStack) =>
    new Map((frame.open(map) ?? []).map((row) => [row.key[0], row.value]))
  const began = frame.open(since_)
  if (began === null) return { rows: [], blockedNs: 0, runnableNs: 0, threads: null }
  const [wokenAt, kinds, kernel, user] = [byThread(woken), byThread(kind), byThread(kernelStack), byThread(userStack)]
  const rows: DecodedStack[] = []
  let [blockedNs, runnableNs, longest, threads] = [0, 0, 0, 0]
  for (const { key, value } of began) {
    const t0 = Number(value)
    if (t0 === 0 || t0 > frame.endNs) continue
    const thread = key[0]
    const from = Math.max(t0, context.phaseStartNs)
    const wakeup = kinds.get(thread) === PREEMPTED ? t0 : Number(wokenAt.get(thread) ?? 0)
    const ready = wakeup === 0 || wakeup > frame.endNs ? frame.endNs : Math.max(from, wakeup)
    const frames = context.names((user.get(thread) ?? []) as RawFrame[], (kernel.get(thread) ?? []) as RawFrame[])
    const blockedAs = kinds.get(thread) === FOR_SIGNAL ? BLOCKED_FOR_SIGNAL : BLOCKED
    if (ready > from)
      rows.push({
        value: ready - from,
        count: 1,
        frames,
        dims: dimsOf(blockedAs, lengthsReached(ready - from), frames),
      })
    if (frame.endNs > ready)
      rows.push({ value: frame.endNs - ready, count: 1, frames, dims: dimsOf(RUNNABLE, 0, frames) })
    blockedNs += ready - from
    runnableNs += frame.endNs - ready
    longest = Math.max(longest, frame.endNs - t0)
    threads += 1
  }
  const wholePhaseNs = frame.endNs - context.phaseStartNs
  for (const sleeper of longAsleep(began, context)) {
    rows.push(asleep(sleeper, wholePhaseNs, context))
    blockedNs += wholePhaseNs
    longest = Math.max(longest, wholePhaseNs)
    threads += 1
  }
  return { rows, blockedNs, runnableNs, threads: { threads, longest_ns: longest } }
}

/** A wait whose beginning nobody saw, as /proc shows it. */
function asleep(sleeper: Sleeper, ns: number, context: DecodeContext): DecodedStack {
  const user = sleeper.userAddress === null ? [] : [{ address: sleeper.userAddress, symbol: null, module: null }]
  const kernel = sleeper.kernelStack.map((symbol) => ({ address: null, symbol, module: null }))
  const frames = context.names(user, kernel)
  const state = isForSignal(sleeper, context) ? BLOCKED_FOR_SIGNAL : BLOCKED
  return { value: ns, count: 1, frames, dims: dimsOf(state, lengthsReached(ns), frames) }
}

/**
 * The waits of threads that had slept since before the attach and then went on: from the phase's start until they were
 * seen to leave the CPU again, which is later than they were woken by as long as they then ran.
 */
function firstWaits(frame: WindowFrame, context: DecodeContext): DecodedStack[] {
  const slept = new Map(context.sleptAtStart.map((sleeper) => [sleeper.tid, sleeper]))
  return frame.rows(firstSeen).flatMap(({ key, value }) => {
    const sleeper = slept.get(Number(key[0]))
    return sleeper && value > context.phaseStartNs ? [asleep(sleeper, value - context.phaseStartNs, context)] : []
  })
}

/**
 * Threads that have slept since before the probe attached: no switch of theirs was seen, so no map has an entry of them,
 * and without this a process that hangs would look as if it never blocked.
 */
function longAsleep(began: readonly OpenRow[], context: DecodeContext): Sleeper[] {
  const seen = new Set(began.map((row) => row.key[0]))
  return context.sleepers.filter(({ tid: thread }) => !seen.has(thread))
}

/** The same judgement as in the kernel: a futex wait that is no lock's. */
function isForSignal({ syscall }: Sleeper, context: DecodeContext): boolean {
  if (syscall === null || context.syscallName(syscall.number) !== 'futex') return false
  const [, op = 0n, value = 0n] = syscall.args
  return FUTEX_WAITS.includes(Number(op) & FUTEX_MASK) && Number(value & 0xffff_ffffn) !== LOCK_IS_TAKEN
}
