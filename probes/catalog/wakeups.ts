import { z } from 'zod'
import { type DecodedStack, defineProbe } from '../define.ts'
import type { DecodeContext, RawFrame, WindowFrame } from '../engine/frame.ts'
import { histogramOf, percentile } from '../histogram.ts'
import { count, histogram } from '../record.ts'
import { all, any, bitAnd, eq, gt, int, kstack, ne, nsecs, pid, read, since, tid, u64, ustack } from '../script/expr.ts'
import { phaseStart } from '../script/frame.ts'
import { addTo, countIn, resultMap, stateMap } from '../script/maps.ts'
import { assign, bind, log16, on, positive, record, set, when } from '../script/parts.ts'
import { GONE, STILL_RUNNABLE } from '../script/task-state.ts'
import { forgetIfKnown, type PerThread } from '../script/thread-end.ts'
import { interruptEntry } from '../symbols/interrupt.ts'
import { type WaitClass, waitClass } from '../symbols/waiting.ts'

// By thread that waits: since when and where; then when, where and by which process it was woken (0: not yet).
const since_ = stateMap('wake_since', 'int', 'int')
const kernelStack = stateMap('wake_kstack', 'stack', 'int')
const userStack = stateMap('wake_ustack', 'stack', 'int')
const wokenAt = stateMap('wake_woken', 'int', 'int')
const wakerPid = stateMap('wake_pid', 'int', 'int')
const wakerKernel = stateMap('wake_waker_kstack', 'stack', 'int')
const wakerUser = stateMap('wake_waker_ustack', 'stack', 'int')
const perThread: PerThread = {
  since: since_,
  maps: [kernelStack, userStack, wakerPid, wakerKernel, wakerUser, since_, wokenAt],
  // it waits, or was woken from its last wait
  isKnown: (thread) => any(positive(read(since_, thread)), positive(read(wokenAt, thread))),
}

const waits = resultMap('wake_latency', 'count', 'int')
const time = resultMap('wake_ns', 'sum', 'int')
const stacks = resultMap('wake_stacks', 'stats', 'stack', 'stack', 'int', 'stack', 'stack')

/** Stands between where a thread waited and who ended the wait. */
const WOKEN_BY = '[woken by]'

export const wakeups = defineProbe({
  name: 'wakeups',
  rank: 35,
  question: 'Who ends its waits: which code, in which process, or which interrupt?',
  blindTo: [
    'waits that had not ended when a phase did',
    'what led to an interrupt: a packet’s sender, a disk’s queue',
    'user frames of code built without frame pointers',
  ],
  cost: 'high',
  isDefault: false,
  params: z.object({}),
  record: z.object({ wakeups: count(), blocked_ns: count(), blocked: histogram() }),
  stackUnit: 'ns',
  variants: [
    {
      name: 'tracepoint',
      needs: [],
      script: (_params, filter) => ({
        handlers: [
          on('sched:sched_switch', 'a thread begins to wait; another goes on, after who woke it', (args) => ({
            body: [
              when(ne(bitAnd(args.prev_state, GONE), 0), [forgetIfKnown(perThread, tid)]),
              when(
                all(
                  filter.mine,
                  eq(bitAnd(args.prev_state, GONE), 0),
                  ...STILL_RUNNABLE.map((state) => ne(args.prev_state, state)),
                ),
                [
                  set(since_, [tid], nsecs),
                  set(wokenAt, [tid], u64(0)),
                  set(kernelStack, [tid], kstack),
                  set(userStack, [tid], ustack),
                ],
              ),
              ...bind('next', u64(args.next_pid), (next) =>
                bind('t0', read(since_, next), (t0) =>
                  bind('woken', read(wokenAt, next), (woken) => [
                    when(
                      all(positive(t0), positive(woken)),
                      bind('phase_start', read(phaseStart), (phase) =>
                        bind('from', t0, (from) => [
                          // a wait that began before this phase counts from its start
                          when(gt(phase, from), [assign(from, phase)]),
                          when(
                            gt(woken, from),
                            bind('blocked', since(woken, from), (blocked) =>
                              log16(blocked, 'wk', (bucket) => [
                                record(
                                  countIn(waits, bucket),
                                  addTo(time, [int(0)], blocked),
                                  addTo(
                                    stacks,
                                    [
                                      read(kernelStack, next),
                                      read(userStack, next),
                                      read(wakerPid, next),
                                      read(wakerKernel, next),
                                      read(wakerUser, next),
                                    ],
                                    blocked,
                                  ),
                                ),
                              ]),
                            ),
                          ),
                          set(since_, [next], u64(0)),
                        ]),
                      ),
                    ),
                  ]),
                ),
              ),
            ],
          })),
          on('sched:sched_waking', 'somebody wakes a thread that waits; the current task is the waker', (args) => ({
            body: bind('thread', u64(args.pid), (thread) => [
              when(all(positive(read(since_, thread)), eq(read(wokenAt, thread), 0)), [
                set(wokenAt, [thread], nsecs),
                set(wakerPid, [thread], u64(pid)),
                set(wakerKernel, [thread], kstack),
                set(wakerUser, [thread], ustack),
              ]),
            ]),
          })),
        ],
        perThread: [perThread],
      }),
      decode,
    },
  ],
  draw: {
    tab: 'Wakeups',
    lanes: [{ label: 'waits ended', figures: ['wakeups'] }],
    histograms: (data) => [{ label: 'blocked until woken', histogram: data.blocked }],
    figures: (data, scope) => [
      {
        key: 'wakeups',
        label: 'waits ended',
        value: data.wakeups,
        unit: 'count',
        adds: true,
        better: 'neutral',
        headline: true,
      },
      {
        key: 'per_request',
        label: 'waits ended per request',
        value: scope.requests ? data.wakeups / scope.requests : null,
        unit: 'per_request',
        better: 'lower',
      },
      {
        key: 'blocked',
        label: 'blocked until woken, with waiting for work',
        value: data.blocked_ns,
        unit: 'ns',
        adds: true,
        better: 'neutral',
      },
      { key: 'p99', label: 'blocked p99', value: percentile(data.blocked, 0.99), unit: 'ns', better: 'neutral' },
    ],
    flame: {
      unit: 'ns',
      title: 'Wakeups',
      views: [
        {
          name: 'blocked',
          title: 'blocked time, and who ended it',
          keep: (dims) => dims['for'] !== 'work' && dims['for'] !== 'unknown',
          histogram: 'blocked until woken',
        },
        { name: 'waiting', title: 'time waiting for work, and who brought it', keep: (dims) => dims['for'] === 'work' },
        {
          name: 'unknown',
          title: 'time in waits of unknown kind, and who ended it',
          keep: (dims) => dims['for'] === 'unknown',
        },
      ],
    },
  },
  // a switch with two stacks and a wakeup with two
  estimateNs: (data) => data.wakeups * 4500,
})

function decode(frame: WindowFrame, context: DecodeContext) {
  const buckets = frame.rows(waits).map((row) => [Number(row.key[0]), row.value] as const)
  const blockedNs = frame.rows(time).reduce((n, row) => n + row.value, 0)
  return {
    data: {
      wakeups: buckets.reduce((n, [, value]) => n + value, 0),
      blocked_ns: blockedNs,
      blocked: histogramOf(buckets, blockedNs),
    },
    stacks: frame.rows(stacks).map(({ key, value, count: events }): DecodedStack => {
      const blocked = context.names(key[1] as RawFrame[], key[0] as RawFrame[])
      const waker = wakerOf(context, Number(key[2]), key[4] as RawFrame[], key[3] as RawFrame[])
      return {
        value,
        count: events,
        frames: [...blocked, WOKEN_BY, ...waker],
        dims: dimsOf(waitClass(blocked)),
      }
    }),
  }
}

const dimsOf = (waited: WaitClass): Record<string, string> => (waited === 'blocked' ? {} : { for: waited })

/**
 * Who woke, as it stands below the wait: from the wakeup itself up to what called it, and last the process. Below an
 * interrupt lies whatever it interrupted, which has nothing to do with it.
 */
function wakerOf(context: DecodeContext, waker: number, user: RawFrame[], kernel: RawFrame[]): string[] {
  const inKernel = context.names([], kernel)
  const entry = interruptEntry(inKernel)
  if (entry !== null) return [...inKernel.slice(entry).reverse(), '[interrupt]']
  const name = context.processName(waker)
  return [...context.names(user, kernel).reverse(), name === null ? '[process gone]' : `[${name}]`]
}
