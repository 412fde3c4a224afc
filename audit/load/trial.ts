import { holdAgainst, resultText } from '../model/judging.ts'
import type { Thresholds } from '../plan/plan.ts'
import type { LoadSlice } from './generator.ts'
import { sumHdr } from './hdr.ts'
import { defaultValidity, judgePhase, type ValidityLimits } from './judge.ts'
import { addedUp } from './merge.ts'
import type { Trial } from './search.ts'

/** Judges one step of a search by its slices: by the thresholds, and whether the generator was the bottleneck. */
export function judgeTrial(
  rps: number,
  slices: readonly LoadSlice[],
  thresholds: readonly (Thresholds | null)[],
  validity: ValidityLimits = validityFor(thresholds),
): Trial {
  const errors = addedUp(slices.map((slice) => slice.errors))
  const sum = (pick: (slice: LoadSlice) => number) => slices.reduce((total, slice) => total + pick(slice), 0)
  const done = sum((slice) => slice.done)
  const response = percentilesOf(slices.map(({ hist }) => hist.response))
  const sendLagP99Ms = percentilesOf(slices.flatMap(({ hist }) => hist.send_lag ?? [])).p99
  const broken = thresholds.flatMap((limits) =>
    limits
      ? holdAgainst({ done, errors, response }, limits, true)
          .filter(({ kept }) => kept === false)
          .map(resultText)
      : [],
  )
  // The generator's own lack comes first: with it, latencies and errors say nothing about the target.
  const planned = sum((slice) => ((slice.target_rps ?? 0) * Number(slice.endNs - slice.startNs)) / 1e9)
  const { dropped = 0, ...others } = errors
  // In a search a full queue means that the target held all connections: its doing, too.
  const sent = sum((slice) => slice.sent) + dropped
  const { reasons } = judgePhase({ planned, sent, errors: others, sendLagP99Ms, generatorCpu: null }, validity)
  if (reasons.length > 0) return { rps, brokenBy: 'generator', text: reasons.join(', ') }
  if (dropped > 0) broken.push(`${dropped} requests waited in vain for a connection`)
  if (broken.length > 0) return { rps, brokenBy: 'target', text: [...new Set(broken)].join(', ') }
  return { rps, brokenBy: null, text: response.p99 === null ? 'no answers' : `p99 ${number(response.p99)} ms` }
}

/** The generator may be late by a tenth of the latency that is judged, and by 5 ms in any case. */
function validityFor(thresholds: readonly (Thresholds | null)[]): ValidityLimits {
  const p99Ms = Math.min(...thresholds.map((limits) => limits?.p99Ms ?? Number.POSITIVE_INFINITY))
  return Number.isFinite(p99Ms) ? { ...defaultValidity, maxSendLagP99Ms: Math.max(5, p99Ms / 10) } : defaultValidity
}

const percentilesOf = (encoded: readonly string[]) => sumHdr(encoded).percentiles()

const number = (value: number): string => String(Number(value.toPrecision(3)))
