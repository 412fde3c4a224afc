import { z } from 'zod'

/** What `z.array(z.tuple([z.number(), z.number()]))` is in JSON Schema. */
const PAIRS = {
  type: 'array',
  items: {
    type: 'array',
    prefixItems: [{ type: 'number' }, { type: 'number' }],
    items: false,
    minItems: 2,
    maxItems: 2,
  },
}
/** Buckets up to 2^63 ns, and room. */
const MOST_BUCKETS = 1024

/**
 * As that schema would judge, which copies each pair: a long recording has millions. Buckets that ascend within their
 * range are few in one histogram, and in all of a phase's together.
 */
function isBuckets(value: unknown): boolean {
  if (!Array.isArray(value)) return false
  let last = -1
  for (const pair of value) {
    if (!Array.isArray(pair) || pair.length !== 2 || !Number.isFinite(pair[1])) return false
    const bucket: unknown = pair[0]
    if (!Number.isInteger(bucket) || !(Number(bucket) > last && Number(bucket) < MOST_BUCKETS)) return false
    last = Number(bucket)
  }
  return true
}

/**
 * The latency histogram of the whole product: log-linear, 16 buckets per octave ("log16"), values below 16 exact, every
 * other bucket at most 6.25 % wide. The kernel programs compute the same index with shifts (probes/script/log16.ts), so
 * a bucket means the same on every bpftrace version. Source of the scheme: HdrHistogram with 4 significant bits.
 */
export const histogramSchema = z.object({
  unit: z.literal('ns'),
  scheme: z.literal('log16'),
  /** number of values */
  count: z.number(),
  /** exact sum of the values, ns */
  sum: z.number(),
  /** upper edge of the highest non-empty bucket, ns: at most 6.25 % above the true maximum */
  max: z.number(),
  /** [bucket index, count], ascending, no empty buckets */
  buckets: z.custom<[bucket: number, count: number][]>(isBuckets, 'pairs of a bucket and a count').meta(PAIRS),
})
export type Histogram = z.infer<typeof histogramSchema>

export const emptyHistogram = (): Histogram => ({ unit: 'ns', scheme: 'log16', count: 0, sum: 0, max: 0, buckets: [] })

/** Index of the bucket that holds `value` (ns, >= 0). Exact for integers up to 2^53. */
export function bucketOf(value: number): number {
  if (value < 16) return Math.floor(value)
  const exponent = Math.floor(Math.log2(value))
  // Math.log2 may round up just below a power of two.
  const e = 2 ** exponent > value ? exponent - 1 : exponent
  return (e - 3) * 16 + Math.floor(value / 2 ** (e - 4)) - 16
}

/** Smallest value of a bucket, ns. */
export function bucketFloor(bucket: number): number {
  return bucket < 16 ? bucket : (16 + (bucket % 16)) * 2 ** (Math.floor(bucket / 16) - 1)
}

/** Smallest value above a bucket, ns (exclusive upper edge). */
export function bucketCeil(bucket: number): number {
  return bucket < 16 ? bucket + 1 : bucketFloor(bucket) + 2 ** (Math.floor(bucket / 16) - 1)
}

/** Builds a histogram from bucket counts and the exact sum kept beside them. */
export function histogramOf(buckets: Iterable<readonly [number, number]>, sum: number): Histogram {
  const merged = new Map<number, number>()
  for (const [bucket, count] of buckets) if (count > 0) merged.set(bucket, (merged.get(bucket) ?? 0) + count)
  const sorted = [...merged].sort((a, b) => a[0] - b[0])
  const last = sorted.at(-1)
  return {
    unit: 'ns',
    scheme: 'log16',
    count: sorted.reduce((n, [, count]) => n + count, 0),
    sum,
    max: last ? bucketCeil(last[0]) - 1 : 0,
    buckets: sorted,
  }
}

export function mergeHistograms(a: Histogram, b: Histogram): Histogram {
  if (a.count === 0) return b
  if (b.count === 0) return a
  const buckets = a.buckets.slice()
  let at = 0
  for (const theirs of b.buckets) {
    while ((buckets[at]?.[0] ?? theirs[0]) < theirs[0]) at++
    const ours = buckets[at]
    if (ours && ours[0] === theirs[0]) buckets[at] = [ours[0], ours[1] + theirs[1]]
    else buckets.splice(at, 0, theirs)
  }
  return { ...a, count: a.count + b.count, sum: a.sum + b.sum, max: Math.max(a.max, b.max), buckets }
}

/**
 * The value below which a share `q` (0..1) of the values lies, ns, interpolated inside its bucket; `null` of an empty
 * histogram: there is no percentile of nothing. Error: at most one bucket (6.25 %).
 */
export function percentile(histogram: Histogram, q: number): number | null {
  if (histogram.count === 0) return null
  const rank = q * histogram.count
  let seen = 0
  for (const [bucket, count] of histogram.buckets) {
    if (seen + count >= rank) {
      const low = bucketFloor(bucket)
      const high = bucketCeil(bucket) - 1
      return low + (high - low) * Math.max(0, (rank - seen) / count)
    }
    seen += count
  }
  return histogram.max
}

/** Arithmetic mean, ns; exact. `null` of an empty histogram. */
export const mean = (histogram: Histogram): number | null =>
  histogram.count === 0 ? null : histogram.sum / histogram.count
