import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'
import type { LoadPercentiles } from '../model/run.ts'

/** Highest latency that is told apart, us: 60 s. Longer ones count as this. */
export const HIGHEST_US = 60_000_000

/** An empty latency histogram: us, three significant digits, up to 60 s (HdrHistogram). */
export const emptyHdr = (): Histogram =>
  build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: 3,
  })

/** Records a latency given in ms; below 0 counts as 0, above 60 s as 60 s. */
export const recordMs = (histogram: Histogram, ms: number): void =>
  histogram.recordValue(Math.min(HIGHEST_US, Math.max(0, Math.round(ms * 1000))))

/** HDR V2 compressed, base64: what the `load` record of a recording holds. */
export const encodeHdr = (histogram: Histogram): string => encodeIntoCompressedBase64(histogram)

/** Reads a histogram of a `load` record; throws on text that is none. */
export const decodeHdr = (base64: string): Histogram => decodeFromCompressedBase64(base64, 32)

/** Adds `other` to `into` and returns `into`. */
export function mergeHdr(into: Histogram, other: Histogram): Histogram {
  into.add(other)
  return into
}

/** Percentiles in ms; all `null` of an empty histogram: there is no percentile of nothing. */
export function percentilesOf(histogram: Histogram): LoadPercentiles {
  const at = (percent: number) => (histogram.totalCount === 0 ? null : histogram.getValueAtPercentile(percent) / 1000)
  return { p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: at(100) }
}
