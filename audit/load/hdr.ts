import { deflateSync, inflateSync } from 'node:zlib'
import type { LoadPercentiles } from '../model/run.ts'

/**
 * Latency histograms in us, three significant digits, up to 60 s: HdrHistogram's buckets and its V2 compressed encoding
 * (github.com/HdrHistogram/HdrHistogram), which its tools and hdr-histogram-js read. Written here because a recording holds
 * three of them for each second of load, and every one is read on replay and added up in the generator and the recorder:
 * 23 us each where hdr-histogram-js takes 250.
 */
export interface Hdr {
  readonly total: number
  /** latency in ms; below 0 counts as 0, above 60 s as 60 s */
  recordMs: (ms: number) => void
  add: (counts: HdrCounts) => void
  reset: () => void
  counts: () => HdrCounts
  percentiles: () => LoadPercentiles
  /** V2 compressed, base64: what the `load` record of a recording holds */
  encode: () => string
}

/** What a histogram holds: the buckets that are not empty, in order of value. */
export interface HdrCounts {
  buckets: number[]
  counts: number[]
  total: number
}

/** Highest latency that is told apart, us: 60 s. Longer ones count as this. */
export const HIGHEST_US = 60_000_000
const DIGITS = 3
/** Buckets of each doubling: 1024 keep three digits. The first 2048 are one us wide. */
const HALF = 1024
const HALF_BITS = 10

const bucketOf = (us: number): number => {
  const shift = Math.max(0, 31 - Math.clz32(us) - HALF_BITS)
  return shift * HALF + (us >> shift)
}
/** the highest value of a bucket, us: what HdrHistogram reports for it */
const highestIn = (bucket: number): number => {
  const shift = Math.max(0, Math.floor(bucket / HALF) - 1)
  return (bucket - shift * HALF + 1) * 2 ** shift - 1
}
const LAST_BUCKET = bucketOf(HIGHEST_US)

export function createHdr(): Hdr {
  let counts = new Float64Array(2 * HALF)
  let total = 0
  let known: LoadPercentiles | null = null
  const count = (bucket: number, by: number) => {
    if (bucket >= counts.length) {
      const longer = new Float64Array(Math.min(LAST_BUCKET + 1, Math.max(bucket + 1, counts.length * 2)))
      longer.set(counts)
      counts = longer
    }
    counts[bucket] = (counts[bucket] ?? 0) + by
    total += by
    known = null
  }
  const sparse = (): HdrCounts => {
    const out: HdrCounts = { buckets: [], counts: [], total }
    for (let bucket = 0; bucket < counts.length; bucket++) {
      const n = counts[bucket] ?? 0
      if (n === 0) continue
      out.buckets.push(bucket)
      out.counts.push(n)
    }
    return out
  }
  return {
    get total() {
      return total
    },
    recordMs: (ms) => count(bucketOf(Math.min(HIGHEST_US, Math.max(0, Math.round(ms * 1000)))), 1),
    add: (other) => {
      for (let i = 0; i < other.buckets.length; i++) count(other.buckets[i] ?? 0, other.counts[i] ?? 0)
    },
    reset: () => {
      counts.fill(0)
      total = 0
      known = null
    },
    counts: sparse,
    percentiles: () => {
      known ??= percentilesOf(sparse())
      return known
    },
    encode: () => encode(sparse()),
  }
}

/** Adds up histograms; of none at all, an empty one. */
export function sumHdr(all: Iterable<HdrCounts>): Hdr {
  const sum = createHdr()
  for (const one of all) sum.add(one)
  return sum
}

const NOTHING: LoadPercentiles = { p50: null, p90: null, p99: null, p999: null, max: null }

/** Percentiles in ms; all `null` of an empty histogram: there is no percentile of nothing. */
export function percentilesOf({ buckets, counts, total }: HdrCounts): LoadPercentiles {
  if (total === 0) return NOTHING
  let at = 0
  let seen = counts[0] ?? 0
  // Each rank is at or behind the one before: one way through the buckets finds them all.
  const rank = (percent: number): number => {
    // Less than a request too much comes from 99.9 being no exact number.
    const wanted = Math.max(1, Math.ceil((percent / 100) * total - 1e-12 * total))
    while (seen < wanted && at < buckets.length - 1) seen += counts[++at] ?? 0
    return highestIn(buckets[at] ?? 0) / 1000
  }
  return { p50: rank(50), p90: rank(90), p99: rank(99), p999: rank(99.9), max: rank(100) }
}

const COOKIE = 0x1c849303
const COMPRESSED_COOKIE = 0x1c849304
/** word size 1: LEB128 */
const LEB128 = 0x10
const HEADER_BYTES = 40
/** Every bucket with a count of nine bytes stays far below. */
const MOST_BYTES = 1 << 20

function encode({ buckets, counts }: HdrCounts): string {
  const bytes: number[] = []
  let next = 0
  for (const [i, bucket] of buckets.entries()) {
    if (bucket > next) putZigZag(bytes, bucket - next === 1 ? 0 : next - bucket)
    putZigZag(bytes, counts[i] ?? 0)
    next = bucket + 1
  }
  const plain = Buffer.alloc(HEADER_BYTES + bytes.length)
  plain.writeInt32BE(COOKIE | LEB128, 0)
  plain.writeInt32BE(bytes.length, 4)
  plain.writeInt32BE(0, 8) // index of the first bucket
  plain.writeInt32BE(DIGITS, 12)
  plain.writeBigInt64BE(1n, 16) // lowest discernible
  plain.writeBigInt64BE(BigInt(HIGHEST_US), 24)
  plain.writeDoubleBE(1, 32) // integer to double ratio
  plain.set(bytes, HEADER_BYTES)
  const packed = deflateSync(plain)
  const head = Buffer.alloc(8)
  head.writeInt32BE(COMPRESSED_COOKIE | LEB128, 0)
  head.writeInt32BE(packed.length, 4)
  return Buffer.concat([head, packed]).toString('base64')
}

/** A run of `n` empty buckets is -n. */
function putZigZag(bytes: number[], value: number): void {
  let left = value < 0 ? -2 * value - 1 : 2 * value
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) | 128)
  bytes.push(left)
}

/** Reads a histogram of a `load` record; throws on text that is none, or none of these buckets. */
export function readHdr(base64: string): HdrCounts {
  const data = Buffer.from(base64, 'base64')
  if (data.length < 8 || (data.readInt32BE(0) & ~0xf0) !== COMPRESSED_COOKIE) throw new TypeError('no V2 HdrHistogram')
  const plain = inflateSync(data.subarray(8, 8 + data.readInt32BE(4)), { maxOutputLength: MOST_BYTES })
  if (plain.length < HEADER_BYTES || (plain.readInt32BE(0) & ~0xf0) !== COOKIE)
    throw new TypeError('no V2 HdrHistogram')
  // The index of the first bucket is not looked at: hdr-histogram-js, which wrote older recordings, says 1 and means 0.
  if (plain.readInt32BE(12) !== DIGITS || plain.readBigInt64BE(16) !== 1n)
    throw new TypeError('a HdrHistogram of other buckets')
  return readBuckets(plain.subarray(HEADER_BYTES, HEADER_BYTES + plain.readInt32BE(4)))
}

function readBuckets(bytes: Uint8Array): HdrCounts {
  const out: HdrCounts = { buckets: [], counts: [], total: 0 }
  let bucket = 0
  for (let at = 0; at < bytes.length; ) {
    let value = 0
    let byte = 0
    for (let unit = 1; ; unit *= 128) {
      byte = bytes[at++] ?? 0
      value += (byte & 127) * unit
      if (byte < 128) break
    }
    if (value % 2 === 1) {
      bucket += (value + 1) / 2
      continue
    }
    if (value > 0) {
      out.buckets.push(bucket)
      out.counts.push(value / 2)
      out.total += value / 2
    }
    bucket++
  }
  if (bucket > LAST_BUCKET + 1) throw new TypeError('a HdrHistogram of longer latencies')
  return out
}
