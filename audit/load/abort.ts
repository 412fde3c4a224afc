import type { AbortRule } from '../plan/plan.ts'
import type { LoadSlice } from './generator.ts'

/** Why a load is stopped: what was counted when the rule was broken. */
export interface AbortReason {
  failed: number
  ended: number
  /** failed / ended, 0..1 */
  share: number
  /** span that was counted, ms */
  spanMs: number
}

/**
 * Watches the share of failed requests over a sliding window. Slices are fed as they come (about one a second); the first
 * that breaks the rule is answered with the reason. Requests that the generator never sent (`dropped`) say nothing about
 * the target and do not count.
 */
export function createAbortWatch(rule: AbortRule): (slice: LoadSlice) => AbortReason | null {
  let kept: { startMs: number; endMs: number; done: number; failed: number }[] = []
  return ({ startNs, endNs, done, errors }) => {
    kept.push({ startMs: msOf(startNs), endMs: msOf(endNs), done, failed: failuresOf(errors) })
    const endMs = Math.max(...kept.map((slice) => slice.endMs))
    // A slice that lies half inside counts whole: a rule must not wait for the edge of a second.
    kept = kept.filter((slice) => slice.endMs > endMs - rule.windowMs)
    const ended = kept.reduce((n, slice) => n + slice.done, 0)
    const failed = kept.reduce((n, slice) => n + slice.failed, 0)
    const share = ended === 0 ? 0 : failed / ended
    if (ended < rule.minRequests || share <= rule.errors) return null
    return { failed, ended, share, spanMs: endMs - Math.min(...kept.map((slice) => slice.startMs)) }
  }
}

const msOf = (ns: bigint): number => Number(ns / 1000n) / 1000

/** Failed requests that the target had a chance to answer. */
export const failuresOf = ({ dropped: _dropped, ...errors }: Readonly<Record<string, number>>): number =>
  Object.values(errors).reduce((n, count) => n + count, 0)
