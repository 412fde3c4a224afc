import { WAITS } from '../../locks/futex-wait.ts'
import {
  add,
  all,
  any,
  bitAnd,
  type Expr,
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
import { addTo, countIn, openMap, resultMap } from '../../script/maps.ts'
import {
  assign,
  bind,
  type Handler,
  log16,
  maskedIn,
  on,
  onEach,
  positive,
  record,
  type Statement,
  set,
  type TargetFilter,
  when,
} from '../../script/parts.ts'
import { GONE, STILL_RUNNABLE } from '../../script/task-state.ts'
import { forgetIfKnown, type PerThread } from '../../script/thread-end.ts'
import { born, judgeWait, KIND, ports, sources } from './wait-kind.ts'

// Open waits, by thread: since when, woken when (0: not yet), of what kind, and where.
export const since_ = openMap('off_since', 'int', 'int')
export const woken = openMap('off_woken', 'int', 'int')
export const kind = openMap('off_kind', 'int', 'int')
export const kernelStack = openMap('off_kstack', 'stack', 'int')
export const userStack = openMap('off_ustack', 'stack', 'int')
/** `kind` is there as long as anything is */
export const perThread: PerThread = {
  since: since_,
  maps: [since_, woken, sources, kernelStack, userStack],
  untilGone: [kind],
  isKnown: (thread) => positive(read(kind, thread)),
}

/** States of a stack's key: kinds of waits, from 0 on. */
export const stateOf = (kind: number): number => kind - 1
export const BLOCKED = stateOf(KIND.voluntary)
export const RUNNABLE = stateOf(KIND.preempted)
/** Waits are told apart by how long they were, so that the stacks behind a histogram's tail can be shown alone. */
export const LENGTHS = [
  { ns: 1e6, name: '1 ms' },
  { ns: 1e7, name: '10 ms' },
  { ns: 1e8, name: '100 ms' },
] as const
/** A stack's key holds the state, plus this for each of the lengths that the wait reached. */
export const LENGTH_STEP = 8
export const switches = resultMap('off_switches', 'count', 'int')
export const waits = resultMap('off_latency', 'count', 'int', 'int')
export const time = resultMap('off_ns', 'sum', 'int')
export const stacks = resultMap('off_stacks', 'stats', 'int', 'stack', 'stack')
/** When a thread that is older than the probe was seen to leave the CPU for the first time; comes with the stacks. */
export const firstSeen = resultMap('off_first', 'max', 'int', 'stack')

/** What happens when a thread leaves the CPU, is woken, and runs again. */
export const switchHandlers = (filter: TargetFilter, why: WhyItWaits): Handler[] => [
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
            [set(kind, [tid], u64(KIND.preempted))],
            bind('why', u64(KIND.voluntary), (itsKind) => [...why.judge(itsKind), set(kind, [tid], itsKind)]),
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
                      when(eq(itsKind, KIND.preempted), [assign(wokenAt, t0)]),
                      when(eq(wokenAt, 0), [assign(wokenAt, nsecs)]),
                      ...bind('ready', from, (ready) => [
                        when(gt(wokenAt, from), [assign(ready, wokenAt)]),
                        ...bind('blocked', since(ready, from), (blocked) =>
                          bind('runnable', since(nsecs, ready), (runnable) => [
                            ...bind('state', since(itsKind, int(1)), (state) => [
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
    body: [set(kind, [u64(args.pid)], u64(KIND.voluntary)), ...why.born(u64(args.pid))],
  })),
  ...why.handlers,
]

/** How the programs come to know what a thread waits for. */
export interface WhyItWaits {
  /** sets a variable to one of KIND */
  judge: (kind: Expr<'int'>) => readonly Statement[]
  born: (thread: Expr<'int'>) => readonly Statement[]
  handlers: readonly Handler[]
}

/** From the registers that it entered the kernel with. */
export const byRegisters = (filter: TargetFilter): WhyItWaits => ({
  judge: (itsKind) => judgeWait(filter, itsKind),
  born: (thread) => [born(thread)],
  handlers: [
    on('sock:inet_sock_set_state', 'the target begins to listen on a port', (args) => ({
      when: all(eq(args.newstate, LISTEN), filter.mine),
      body: [set(ports, [u64(args.sport)], u64(1))],
    })),
  ],
})
const LISTEN = 10

/** From the calls that wait on futexes, which must be traced for it; of the others only stacks tell. */
export const byFutexCalls = (filter: TargetFilter): WhyItWaits => ({
  judge: (itsKind) => [when(positive(read(sources, tid)), [assign(itsKind, read(sources, tid))])],
  born: () => [],
  handlers: [
    on(
      'syscalls:sys_enter_futex',
      'a thread is about to wait on a futex: for a lock, or for a signal of another',
      (args) => ({
        when: all(filter.mine, maskedIn(args.op, FUTEX_MASK, WAITS)),
        body: [
          set(sources, [tid], u64(KIND.condition)),
          when(any(eq(args.val, LOCK_IS_TAKEN), maskedIn(args.op, FUTEX_MASK, LOCKS)), [
            set(sources, [tid], u64(KIND.lock)),
          ]),
        ],
      }),
    ),
    on('syscalls:sys_exit_futex', 'it goes on', () => ({
      when: filter.mine,
      body: [when(positive(read(sources, tid)), [set(sources, [tid], u64(0))])],
    })),
  ],
})
const FUTEX_MASK = 127
const LOCKS = [6, 13]
const LOCK_IS_TAKEN = 2
