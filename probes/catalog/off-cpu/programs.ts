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
} from '../../script/expr.ts'
import { phaseStart } from '../../script/frame.ts'
import { addTo, countIn, openMap, resultMap, stateMap } from '../../script/maps.ts'
import {
  assign,
  bind,
  forget,
  type Handler,
  log16,
  maskedIn,
  on,
  onEach,
  positive,
  record,
  set,
  type TargetFilter,
  when,
} from '../../script/parts.ts'
import { GONE, STILL_RUNNABLE } from '../../script/task-state.ts'
import { forgetIfKnown, type PerThread } from '../../script/thread-end.ts'

// Open waits, by thread: since when, woken when (0: not yet), of what kind, and where.
export const since_ = openMap('off_since', 'int', 'int')
export const woken = openMap('off_woken', 'int', 'int')
export const kind = openMap('off_kind', 'int', 'int')
export const kernelStack = openMap('off_kstack', 'stack', 'int')
export const userStack = openMap('off_ustack', 'stack', 'int')
export const VOLUNTARY = 1
export const PREEMPTED = 2
/** voluntary, in a futex wait that is no lock's: a condition, a semaphore, a parked thread */
export const FOR_SIGNAL = 3

/** Threads inside such a futex wait. Arguments tell it, so that a libc without symbols is no hindrance. */
const waitsForSignal = stateMap('off_signal', 'int', 'int')
// Futex operations that wait and are not LOCK_PI; the mask removes PRIVATE and CLOCK_REALTIME. A lock waits with value 2.
export const FUTEX_WAITS = [0, 9, 11]
export const FUTEX_MASK = 127
export const LOCK_IS_TAKEN = 2

/** `kind` is there as long as anything is */
export const perThread: PerThread = {
  since: since_,
  maps: [since_, woken, waitsForSignal, kernelStack, userStack, kind],
  isKnown: (thread) => positive(read(kind, thread)),
}

export const BLOCKED = 0
export const RUNNABLE = 1
export const BLOCKED_FOR_SIGNAL = 2
/** Waits are told apart by how long they were, so that the stacks behind a histogram's tail can be shown alone. */
export const LENGTHS = [
  { ns: 1e6, name: '1 ms' },
  { ns: 1e7, name: '10 ms' },
  { ns: 1e8, name: '100 ms' },
] as const
/** A stack's key holds the state, plus this for each of the lengths that the wait reached. */
export const LENGTH_STEP = 4
export const switches = resultMap('off_switches', 'count', 'int')
export const waits = resultMap('off_latency', 'count', 'int', 'int')
export const time = resultMap('off_ns', 'sum', 'int')
export const stacks = resultMap('off_stacks', 'stats', 'int', 'stack', 'stack')
/** When a thread that is older than the probe was seen to leave the CPU for the first time; comes with the stacks. */
export const firstSeen = resultMap('off_first', 'max', 'int', 'stack')

/** What happens when a thread leaves the CPU, is woken, and runs again. */
export const switchHandlers = (filter: TargetFilter): Handler[] => [
  on(
    'sched:sched_switch',
    'a thread leaves the CPU (the current task is still the one that leaves), another gets it',
    (args) => ({
      body: [
        when(ne(bitAnd(args.prev_state, GONE), 0), [forgetIfKnown(perThread, tid)]),
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
                                      addTo(stacks, [kept, read(kernelStack, next), read(userStack, next)], blocked),
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
]
