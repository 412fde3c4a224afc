import { z } from 'zod'
import type { DecodedStack } from '../../define.ts'
import type { DecodeContext, OpenRow, RawFrame, WindowFrame } from '../../engine/frame.ts'
import { histogramOf } from '../../histogram.ts'
import type { Sleeper } from '../../host/sleepers.ts'
import { count, histogram, latest } from '../../record.ts'
import { pollsForWork } from '../../symbols/waiting.ts'
import {
  BLOCKED,
  BLOCKED_FOR_SIGNAL,
  FOR_SIGNAL,
  FUTEX_MASK,
  FUTEX_WAITS,
  firstSeen,
  kernelStack,
  kind,
  LENGTH_STEP,
  LENGTHS,
  LOCK_IS_TAKEN,
  PREEMPTED,
  RUNNABLE,
  since_,
  stacks,
  switches,
  time,
  userStack,
  VOLUNTARY,
  waits,
  woken,
} from './programs.ts'

export const recordSchema = z.object({
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

export function decode(frame: WindowFrame, context: DecodeContext) {
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
