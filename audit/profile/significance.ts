import { binomialTestFor } from './binomial.ts'
import type { ColumnPair } from './diff.ts'
import type { Profile } from './profile.ts'
import { columnOf, inclusive } from './totals.ts'

/** Share of false discoveries among all that is called significant. */
export const FALSE_DISCOVERIES = 0.05
/** Standard normal quantile of a 95 % interval. */
const INTERVAL_Z = 1.959964

/**
 * What is compared, one entry a frame (or a function): weights of both sides, what they are divided by, and the variance
 * of their sum. Where both are divided by their totals, shares are compared and `whole` holds what the totals are made of.
 */
export interface Sides {
  base: Float64Array
  candidate: Float64Array
  variance: Float64Array
  /** requests, seconds, or the total weight; positive, else nothing is tested */
  baseExposure: number
  candidateExposure: number
  whole: { weight: number; variance: number } | null
}

export interface Significance {
  /** 1: the sides differ. 0: no difference can be told */
  significant: Uint8Array
  /** two-sided; NaN where too few events were seen for any outcome to be significant, or their number is unknown */
  pValue: Float64Array
  /** log2 of candidate over base, each per exposure; -Infinity gone, Infinity new, NaN neither side has any */
  logRatio: Float64Array
  /** how many were tested */
  tested: number
}

export interface Interval {
  low: number
  high: number
}

/**
 * Which frames differ between two columns, by their inclusive weights.
 *
 * Model: events come as a Poisson process, each with a weight of its own (compound Poisson). A weight is turned into
 * events by dividing it by the weight of a typical one, (variance / weight): samples and counts stay what they are.
 * Test: given how many events both sides have together, the candidate's are binomial when the rates are equal
 * (Przyborowski and Wilenski, Biometrika 31, 1940). Shares: the frame's events against all others, of which there is a
 * fixed number, so the variance shrinks by 1 - share; the smaller of the frame and the rest is tested, they are one question.
 *
 * False discoveries are held at 5 % by Benjamini and Hochberg (JRSS B 57, 1995). A frame's events are also its callers',
 * so tests depend positively, for which BH holds (Benjamini and Yekutieli, Annals of Statistics 29, 2001; proven
 * one-sided, simulated two-sided in test/unit/profile/significance.test.ts); their correction for any dependence would
 * cost a factor ln(m), 13 for 375 000 frames. Frames with too few events to be significant whatever the outcome are not
 * counted as tests: how many events there are says nothing of where they are (Tarone, Biometrics 46, 1990).
 *
 * What it cannot see: events that come in bursts vary more than Poisson's, and two runs differ by more than their events.
 */
export const significance = (profile: Profile, pair: ColumnPair): Significance =>
  significanceOf(sidesOf(profile, pair, (self) => inclusive(profile, self)))

/** The sides of a pair of columns; `sum` turns self weights into those that are compared, e.g. inclusive ones. */
export function sidesOf(profile: Profile, pair: ColumnPair, sum: (self: Float64Array) => Float64Array): Sides {
  const base = columnOf(profile, pair.base, profile.self).subarray(0, profile.size)
  const candidate = columnOf(profile, pair.candidate, profile.self).subarray(0, profile.size)
  const variance = selfVariance(profile, pair)
  const { baseScale, candidateScale } = pair
  const baseTotal = total(base)
  const candidateTotal = total(candidate)
  return {
    base: sum(base),
    candidate: sum(candidate),
    variance: sum(variance),
    baseExposure: baseScale === undefined ? baseTotal : 1 / baseScale,
    candidateExposure: candidateScale === undefined ? candidateTotal : 1 / candidateScale,
    whole:
      baseScale === undefined && candidateScale === undefined
        ? { weight: baseTotal + candidateTotal, variance: total(variance) }
        : null,
  }
}

/**
 * Variance of the self weights of both columns together. n events of one size vary by weight²/n. A recording keeps how
 * many waits a stack had and how long they were together, not each: they are taken to vary as much as exponential ones
 * do (their deviation equals their mean), which doubles it. Infinite where events are unknown.
 */
function selfVariance(profile: Profile, pair: ColumnPair): Float64Array {
  const spread = profile.unit === 'ns' ? 2 : 1
  const variance = new Float64Array(profile.size)
  for (const key of [pair.base, pair.candidate]) {
    const self = columnOf(profile, key, profile.self)
    const counts = columnOf(profile, key, profile.selfCount)
    for (let node = 0; node < profile.size; node++) {
      const weight = self[node] ?? 0
      if (weight > 0) variance[node] = (variance[node] ?? 0) + (spread * weight * weight) / (counts[node] ?? 0)
    }
  }
  return variance
}

/** The same for sides made elsewhere, e.g. one entry a function. */
export function significanceOf(sides: Sides): Significance {
  const size = sides.base.length
  const pValue = new Float64Array(size)
  const logRatio = new Float64Array(size)
  const significant = new Uint8Array(size)
  const pOf = testFor(sides)
  let tested = 0
  for (let i = 0; i < size; i++) {
    const p = pOf(i)
    pValue[i] = p
    logRatio[i] = Math.log2(ratioOf(sides, i))
    if (p <= 1) tested++
  }
  const limit = discoveryLimit(pValue, tested)
  for (let i = 0; i < size; i++) significant[i] = (pValue[i] ?? 1) <= limit ? 1 : 0
  return { significant, pValue, logRatio, tested }
}

/** Candidate over base, each per exposure; NaN where neither side has any. */
export const ratioOf = ({ base, candidate, baseExposure, candidateExposure }: Sides, i: number): number =>
  (candidate[i] ?? 0) / candidateExposure / ((base[i] ?? 0) / baseExposure)

/**
 * 95 % interval of the ratio, for this frame alone; null where nothing is known. It is the normal test with continuity
 * correction turned around (Wilson's interval; Newcombe, Statistics in Medicine 17, 1998, method 4).
 */
export function ratioInterval(sides: Sides, i: number): Interval | null {
  const seen = eventsOf(sides, sides.base[i] ?? 0, sides.candidate[i] ?? 0, sides.variance[i] ?? 0)
  if (!seen) return null
  const { events: n, ofCandidate: x, remaining } = seen
  const p = x / n
  const z2 = INTERVAL_Z * INTERVAL_Z * remaining
  const edge = (sign: -1 | 1): number => {
    const spread = Math.sqrt(Math.max(0, z2 + sign * 2 - 1 / n + 4 * p * (n * (1 - p) - sign)))
    return (2 * n * p + z2 + sign + sign * Math.sqrt(z2) * spread) / (2 * (n + z2))
  }
  const rate = (part: number): number => ((part / (1 - part)) * sides.baseExposure) / sides.candidateExposure
  return { low: x > 0 ? rate(Math.max(0, edge(-1))) : 0, high: x < n ? rate(Math.min(1, edge(1))) : Infinity }
}

/**
 * Benjamini and Hochberg: p-values up to this are discoveries. Their k is the largest for which k p-values are at most
 * k / tests * 5 %; coming from above, counting again and again ends there, without sorting.
 */
function discoveryLimit(pValues: Float64Array, tests: number): number {
  for (let count = tests; ; ) {
    const limit = (count / tests) * FALSE_DISCOVERIES
    let within = 0
    for (const p of pValues) if (p <= limit) within++
    if (within === count || within === 0) return within === 0 ? -1 : limit
    count = within
  }
}

function testFor(sides: Sides): (i: number) => number {
  const { baseExposure, candidateExposure, whole } = sides
  const chance = candidateExposure / (baseExposure + candidateExposure)
  const test = binomialTestFor(chance)
  // With fewer events even all of them on one side would not be significant.
  const fewest = Math.log(FALSE_DISCOVERIES / 2) / Math.log(Math.min(chance, 1 - chance))
  return (i) => {
    const base = sides.base[i] ?? 0
    const candidate = sides.candidate[i] ?? 0
    const variance = sides.variance[i] ?? 0
    const isMost = whole !== null && base + candidate > whole.weight / 2
    const seen = isMost
      ? eventsOf(sides, baseExposure - base, candidateExposure - candidate, whole.variance - variance)
      : eventsOf(sides, base, candidate, variance)
    return seen && seen.events >= fewest ? test(seen.ofCandidate, seen.events, seen.remaining) : Number.NaN
  }
}

interface Events {
  /** of both sides */
  events: number
  ofCandidate: number
  /** part of a binomial's variance that remains: 1 - share where the total is given, else 1 */
  remaining: number
}

/** Two weights as numbers of events; null where that is unknown or there are none. */
function eventsOf(sides: Sides, base: number, candidate: number, variance: number): Events | null {
  const { whole } = sides
  const weight = base + candidate
  const share = whole ? weight / whole.weight : 0
  const remaining = 1 - share
  const spread = whole ? (remaining ** 2 * variance + share ** 2 * (whole.variance - variance)) / remaining : variance
  const events = weight ** 2 / spread
  const exposed = sides.baseExposure > 0 && sides.candidateExposure > 0 && remaining > 1e-9
  // Sums of fractions stray from whole numbers in their last digits.
  const whole6 = (count: number): number => Math.round(count * 1e6) / 1e6
  const ofCandidate = Math.max(0, whole6((candidate / weight) * events))
  return exposed && events > 1e-6 && events < Infinity ? { events: whole6(events), ofCandidate, remaining } : null
}

function total(values: Float64Array): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}
