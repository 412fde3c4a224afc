/** What a number may be off by, judged by how it varied within the phase; 95 %. */
export interface Interval {
  low: number
  high: number
}

/** Blocks of time kept of a phase; beyond, neighbours are put together, so that memory is bounded however long it is. */
const MOST_BLOCKS = 64
/** Fewer say nothing about how much they vary. */
const LEAST_BLOCKS = 5
const SECOND_US = 1_000_000

/** Sums by name over equal blocks of time. Blocks of a second become longer as the phase does. */
export interface Blocks {
  add: (atUs: number, name: string, value: number) => void
  /** interval of the ratio of one name's sum to another's; null: too few blocks to tell */
  interval: (numerator: string, denominator: string) => Interval | null
  names: () => Iterable<string>
}

export function createBlocks(startUs: number): Blocks {
  let widthUs = SECOND_US
  const sums = new Map<string, number[]>()
  return {
    add: (atUs, name, value) => {
      while ((atUs - startUs) / widthUs >= MOST_BLOCKS) {
        widthUs *= 2
        for (const [key, values] of sums) sums.set(key, paired(values))
      }
      const values = sums.get(name) ?? []
      sums.set(name, values)
      const block = Math.max(0, Math.floor((atUs - startUs) / widthUs))
      values[block] = (values[block] ?? 0) + value
    },
    interval: (numerator, denominator) => {
      const [above = [], below = []] = [sums.get(numerator), sums.get(denominator)]
      const used = [...below.keys()].filter((block) => (below[block] ?? 0) > 0)
      return ratioInterval(used.map((block) => [above[block] ?? 0, below[block] ?? 0] as const))
    },
    names: () => sums.keys(),
  }
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
