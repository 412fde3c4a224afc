import { z } from 'zod'
import type { DecodedStack } from '../../define.ts'
import type { DecodeContext, OpenRow, RawFrame, WindowFrame } from '../../engine/frame.ts'
import { histogramOf } from '../../histogram.ts'
import type { Sleeper } from '../../host/sleepers.ts'
import { FUTEX, futexOf } from '../../locks/futex-wait.ts'
import { count, histogram, latest } from '../../record.ts'
import { type Told, waitClass } from '../../symbols/waiting.ts'
import {
  BLOCKED,
  firstSeen,
  kernelStack,
  kind,
  LENGTH_STEP,
  LENGTHS,
  RUNNABLE,
  since_,
  stacks,
  stateOf,
  switches,
  time,
  userStack,
  waits,
  woken,
} from './programs.ts'
import { KIND } from './wait-kind.ts'

export const recordSchema = z.object({
  switches: z.object({ voluntary: count(), involuntary: count() }),
  blocked_ns: count(),
  runnable_ns: count(),
  /**
   * The blocked time of the stacks recorded so far, by what it was for: waiting for work, locks and everything else that
   * keeps requests waiting, or what cannot be told. Comes with the stacks, so it lags behind `blocked_ns` within a phase.
   */
  idle_ns: count().optional(),
  working_ns: count().optional(),
  /** the part of `working_ns` in which it waited for locks */
  lock_ns: count().optional(),
  unknown_ns: count().optional(),
  blocked: histogram(),
  runnable: histogram(),
  /** threads off the CPU when the phase ended; their time up to there is in the sums and stacks, not in the histograms */
  open: latest(z.object({ threads: z.number(), longest_ns: z.number() }).nullable()),
})

export function decode(frame: WindowFrame, context: DecodeContext) {
  const isWanted = (state: unknown, isRunnable: boolean) => (Number(state) === RUNNABLE) === isRunnable
  const buckets = (isRunnable: boolean) =>
    frame
      .rows(waits)
      .filter((row) => isWanted(row.key[0], isRunnable))
      .map((row) => [Number(row.key[1]), row.value] as const)
  const total = (isRunnable: boolean) =>
    frame.rows(time).reduce((n, row) => (isWanted(row.key[0], isRunnable) ? n + row.value : n), 0)
  const switched = (isPreempted: boolean) =>
    frame
      .rows(switches)
      .reduce((n, row) => ((Number(row.key[0]) === KIND.preempted) === isPreempted ? n + row.value : n), 0)
  const rows: DecodedStack[] = frame.rows(stacks).map(({ key, value, count: events }) => {
    const frames = context.names(key[2] as RawFrame[], key[1] as RawFrame[])
    const state = Number(key[0])
    return { value, count: events, frames, dims: dimsOf(state % LENGTH_STEP, Math.floor(state / LENGTH_STEP), frames) }
  })
  const open = openWaits(frame, context)
  const early = firstWaits(frame, context)
  rows.push(...open.rows, ...early)
  const sum = (...waiting: (string | undefined)[]) =>
    rows.reduce(
      (n, { value, dims }) => (dims?.['state'] === 'blocked' && waiting.includes(dims['for']) ? n + value : n),
      0,
    )
  return {
    data: {
      switches: { voluntary: switched(false), involuntary: switched(true) },
      blocked_ns: total(false) + open.blockedNs + early.reduce((n, { value }) => n + value, 0),
      runnable_ns: total(true) + open.runnableNs,
      ...(frame.withStacks
        ? {
            idle_ns: sum('work'),
            working_ns: sum(undefined, 'lock'),
            lock_ns: sum('lock'),
            unknown_ns: sum('unknown'),
          }
        : {}),
      blocked: histogramOf(buckets(false), total(false)),
      runnable: histogramOf(buckets(true), total(true)),
      open: open.threads,
    },
    stacks: rows,
  }
}

/** What system calls told, by the state of a row. */
const TOLD: Readonly<Record<number, Told>> = {
  [stateOf(KIND.condition)]: 'condition',
  [stateOf(KIND.lock)]: 'lock',
  [stateOf(KIND.unknown)]: 'unknown',
  [stateOf(KIND.work)]: 'work',
  [stateOf(KIND.delay)]: 'delay',
}

/** What a row is: waiting for a CPU, or blocked and for what; of what kept requests waiting the longest length it reached. */
function dimsOf(state: number, reached: number, frames: readonly string[]): Record<string, string> {
  if (state === RUNNABLE) return { state: 'runnable' }
  const waited = waitClass(frames, TOLD[state] ?? 'nothing')
  if (waited === 'work' || waited === 'unknown') return { state: 'blocked', for: waited }
  const length = LENGTHS[reached - 1]
  return { state: 'blocked', ...(waited === 'lock' ? { for: 'lock' } : {}), ...(length ? { over: length.name } : {}) }
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
    const wakeup = kinds.get(thread) === KIND.preempted ? t0 : Number(wokenAt.get(thread) ?? 0)
    const ready = wakeup === 0 || wakeup > frame.endNs ? frame.endNs : Math.max(from, wakeup)
    const frames = context.names((user.get(thread) ?? []) as RawFrame[], (kernel.get(thread) ?? []) as RawFrame[])
    const known = Number(kinds.get(thread) ?? 0)
    const blockedAs = known === 0 || known === KIND.preempted ? BLOCKED : stateOf(known)
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
  const state = stateOf(kindOf(sleeper, context))
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

/**
 * The same judgement as in the kernel, of a thread that has done nothing else since before the attach: a nap, or a read of
 * what no request could come from, is how it gets its work.
 */
function kindOf({ syscall, reads }: Sleeper, context: DecodeContext): number {
  if (syscall === null) return KIND.voluntary
  const [first = 0n, second = 0n, third = 0n] = syscall.args
  switch (context.syscallName(syscall.number)) {
    case 'futex': {
      const [op, value] = [Number(second & 0xffff_ffffn), Number(third & 0xffff_ffffn)]
      const futex = futexOf(op, value)
      if (futex === FUTEX.mutex || futex === FUTEX.priorityInheriting) return KIND.lock
      return futex === FUTEX.condition ? KIND.condition : KIND.unknown
    }
    case 'nanosleep':
    case 'clock_nanosleep':
      return KIND.work
    case 'read':
    case 'readv':
    case 'recvfrom':
    case 'recvmsg':
    case 'recvmmsg':
      return KIND_OF_READ[reads]
    case 'poll':
    case 'ppoll':
      return second === 0n && first === 0n ? KIND.work : KIND.voluntary
    default:
      return KIND.voluntary
  }
}

const KIND_OF_READ = {
  accepted: KIND.work,
  connected: KIND.delay,
  jobs: KIND.work,
  file: KIND.voluntary,
  unknown: KIND.unknown,
} as const
