/** Where a number lies in 95 of 100 cases. */
export interface Interval {
  low: number
  high: number
}

/**
 * How runs of the same plan on the same host differ from one another beyond what varies within a phase: standard deviation
 * as a part of the value. A run cannot tell this of itself. Measured with six audits of the quick preset, a Node.js server
 * on a shared virtual machine of two CPUs: medians of response 7 to 10 % (all phases of a run together fast or slow: the
 * host), calls per request 0.2 to 2 % (how requests come in bunches). `npm run bench -- repeat` measures a host anew.
 */
const BETWEEN_RUNS = { time: 0.08, count: 0.02 } as const

/** The interval in which another run is expected, from that of what varied within the phase. */
export function ofAnotherRun(value: number, within: Interval, kind: keyof typeof BETWEEN_RUNS): Interval {
  const between = studentT(Number.POSITIVE_INFINITY) * BETWEEN_RUNS[kind] * value
  return {
    low: Math.max(0, value - Math.hypot(value - within.low, between)),
    high: value + Math.hypot(within.high - value, between),
  }
}

/** Blocks of time kept of a phase; beyond, neighbours are put together, so that memory is bounded however long it is. */
const MOST_BLOCKS = 64
/** Fewer say nothing about how much they vary. */
const LEAST_BLOCKS = 5
const SECOND_US = 1_000_000

/** Sums by name over equal blocks of time. Blocks of a second become longer as the phase does. */
export interface Blocks {
  add: (atUs: number, name: string, value: number) => void
  /** the same of what was added up over a stretch of time: each block has its part */
  spread: (fromUs: number, toUs: number, name: string, value: number) => void
  /** interval of the ratio of one name's sum to another's; null: too few blocks to tell */
  interval: (numerator: string, denominator: string) => Interval | null
  names: () => Iterable<string>
}

export function createBlocks(startUs: number): Blocks {
  let widthUs = SECOND_US
  const sums = new Map<string, number[]>()
  /** Makes blocks so long that a moment lies in one of them. */
  const reachTo = (atUs: number) => {
    while ((atUs - startUs) / widthUs >= MOST_BLOCKS) {
      widthUs *= 2
      for (const [key, values] of sums) sums.set(key, paired(values))
    }
  }
  const add: Blocks['add'] = (atUs, name, value) => {
    reachTo(atUs)
    const values = sums.get(name) ?? []
    sums.set(name, values)
    const block = Math.max(0, Math.floor((atUs - startUs) / widthUs))
    values[block] = (values[block] ?? 0) + value
  }
  return {
    add,
    spread: (fromUs, toUs, name, value) => {
      // First: then there are no more parts than blocks, however long the stretch is said to be.
      const first = Math.max(fromUs, startUs)
      reachTo(Math.max(first, toUs - 1))
      const parts = Math.max(1, Math.round((toUs - first) / widthUs))
      for (let i = 0; i < parts; i++) add(first + ((i + 0.5) * (toUs - first)) / parts, name, value / parts)
    },
    interval: (numerator, denominator) => {
      const [above = [], below = []] = [sums.get(numerator), sums.get(denominator)]
      const used = [...below.keys()].filter((block) => (below[block] ?? 0) > 0)
      return ratioInterval(used.map((block) => [above[block] ?? 0, below[block] ?? 0] as const))
    },
    names: () => sums.keys(),
  }
}

/** The names under which load is kept beside the probes' figures per request. */
export const [P50_TIMES_DONE, DONE] = ['p50 x done', 'done']

/** The intervals of a phase's median and figures per request; `times`: which of these are times. */
export function statedIntervals(
  blocks: Blocks,
  p50: number | null,
  times: ReadonlySet<string>,
): Record<string, Interval> {
  const out: Record<string, Interval> = {}
  const spread = blocks.interval(P50_TIMES_DONE, DONE)
  if (p50 !== null && spread !== null) {
    // The mean of the seconds' medians varies like the median, but need not be it.
    const half = (spread.high - spread.low) / 2
    out['response_ms.p50'] = ofAnotherRun(p50, { low: p50 - half, high: p50 + half }, 'time')
  }
  for (const name of blocks.names()) {
    const interval = name === DONE || name === P50_TIMES_DONE ? null : blocks.interval(name, DONE)
    if (!interval) continue
    const value = (interval.low + interval.high) / 2
    out[name] = ofAnotherRun(value, interval, times.has(name) ? 'time' : 'count')
  }
  return out
}

const paired = (values: readonly number[]): number[] =>
  Array.from({ length: Math.ceil(values.length / 2) }, (_, i) => (values[2 * i] ?? 0) + (values[2 * i + 1] ?? 0))

/**
 * Interval of a ratio of sums by its linearised variance over blocks (Cochran, Sampling Techniques, 6.4), widened where
 * neighbouring blocks resemble each other: then there are fewer independent ones than there seem (lag-1 autocorrelation).
 */
export function ratioInterval(blocks: readonly (readonly [numerator: number, denominator: number])[]): Interval | null {
  const n = blocks.length
  if (n < LEAST_BLOCKS) return null
  const total = blocks.reduce((sum, [, denominator]) => sum + denominator, 0)
  const ratio = blocks.reduce((sum, [numerator]) => sum + numerator, 0) / total
  const residuals = blocks.map(([numerator, denominator]) => numerator - ratio * denominator)
  const squares = residuals.reduce((sum, residual) => sum + residual * residual, 0)
  if (squares === 0) return { low: ratio, high: ratio }
  const likeness = residuals.slice(1).reduce((sum, residual, i) => sum + residual * (residuals[i] ?? 0), 0) / squares
  const r = Math.min(0.9, Math.max(0, likeness))
  const error = Math.sqrt(((n / (n - 1)) * squares * (1 + r)) / (1 - r)) / total
  const half = studentT(n * ((1 - r) / (1 + r)) - 1) * error
  return { low: ratio - half, high: ratio + half }
}

/** Two-sided 95 % quantile of Student's t, for at least one degree of freedom; within 4 % of the tables. */
export function studentT(freedom: number): number {
  const f = Math.max(1, freedom)
  if (f < 2) return 12.706 + (f - 1) * (4.303 - 12.706)
  const z = 1.959964
  // Cornish-Fisher expansion (Abramowitz and Stegun, 26.7.5).
  const [g1, g2, g3] = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
  ]
  return z + g1 / f + g2 / f ** 2 + g3 / f ** 3
}
