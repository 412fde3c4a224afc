/** The middle of several runs, and how far apart they were. */
export interface Spread {
  median: number
  min: number
  max: number
  runs: number
}

/** Median, least and greatest of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? Number.NaN
  const half = Math.floor(sorted.length / 2)
  return {
    median: sorted.length % 2 === 1 ? at(half) : (at(half - 1) + at(half)) / 2,
    min: at(0),
    max: at(sorted.length - 1),
    runs: sorted.length,
  }
}
