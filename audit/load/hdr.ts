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
  /** adds what `encode` wrote; throws on text that is no such histogram, and adds nothing then */
  addEncoded: (text: string) => void
  reset: () => void
  percentiles: () => LoadPercentiles
  /** what it holds; good until any other is listed */
  listed: () => HdrCounts
  /** V2 compressed, base64: what the `load` record of a recording holds */
  encode: () => string
}

/** What a histogram holds: its first `length` pairs are the buckets that are not empty, in order of value. */
export interface HdrCounts {
  buckets: Uint16Array
  counts: Float64Array
  length: number
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
  const add = (other: HdrCounts) => {
    for (let i = 0; i < other.length; i++) count(other.buckets[i] ?? 0, other.counts[i] ?? 0)
  }
  const listed = (): HdrCounts => {
    let length = 0
    for (let bucket = 0; bucket < counts.length; bucket++) {
      const n = counts[bucket] ?? 0
      if (n === 0) continue
      scratch.buckets[length] = bucket
      scratch.counts[length] = n
      length++
    }
    return { ...scratch, length, total }
  }
  return {
    get total() {
      return total
    },
    recordMs: (ms) => count(bucketOf(Math.min(HIGHEST_US, Math.max(0, Math.round(ms * 1000)))), 1),
    add,
    addEncoded: (text) => add(readHdr(text)),
    reset: () => {
      counts.fill(0)
      total = 0
      known = null
    },
    percentiles: () => {
      known ??= percentilesOf(listed())
      return known
    },
    listed,
    encode: () => encode(listed()),
  }
}

/** Adds up encoded histograms; of none at all, an empty one. */
export function sumHdr(encoded: Iterable<string>): Hdr {
  const sum = createHdr()
  for (const text of encoded) sum.addEncoded(text)
  return sum
}

/** What encoded histograms hold together, in order of latency. */
export function latenciesIn(encoded: Iterable<string>): { us: number; count: number }[] {
  const { buckets, counts, length } = sumHdr(encoded).listed()
  return Array.from({ length }, (_, i) => ({ us: highestIn(buckets[i] ?? 0), count: counts[i] ?? 0 }))
}

const createList = () => ({ buckets: new Uint16Array(LAST_BUCKET + 1), counts: new Float64Array(LAST_BUCKET + 1) })
/** Where a histogram is listed for a moment: allocating the lists costs as much as reading them. */
const scratch = createList()

const NOTHING: LoadPercentiles = { p50: null, p90: null, p99: null, p999: null, max: null }

/** Percentiles in ms; all `null` of an empty histogram: there is no percentile of nothing. */
export function percentilesOf({ buckets, counts, length, total }: HdrCounts): LoadPercentiles {
  if (total === 0) return NOTHING
  let at = 0
  let seen = counts[0] ?? 0
  // Each rank is at or behind the one before: one way through the buckets finds them all.
  const rank = (percent: number): number => {
    // Less than a request too much comes from 99.9 being no exact number.
    const wanted = Math.max(1, Math.ceil((percent / 100) * total - 1e-12 * total))
    while (seen < wanted && at < length - 1) seen += counts[++at] ?? 0
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

function encode({ buckets, counts, length }: HdrCounts): string {
  const bytes: number[] = []
  let next = 0
  for (let i = 0; i < length; i++) {
    const bucket = buckets[i] ?? 0
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

/**
 * Makes a reader of encoded histograms. What it returns is good until it reads again. It throws on text that is none, or
 * none of these buckets.
 */
export function createHdrReader(): (base64: string) => HdrCounts {
  const list = createList()
  return (base64) => {
    const data = Buffer.from(base64, 'base64')
    if (data.length < 8 || (data.readInt32BE(0) & ~0xf0) !== COMPRESSED_COOKIE)
      throw new TypeError('no V2 HdrHistogram')
    const plain = inflateSync(data.subarray(8, 8 + data.readInt32BE(4)), { maxOutputLength: MOST_BYTES })
    if (plain.length < HEADER_BYTES || (plain.readInt32BE(0) & ~0xf0) !== COOKIE)
      throw new TypeError('no V2 HdrHistogram')
    // The index of the first bucket is not looked at: hdr-histogram-js, which wrote older recordings, says 1 and means 0.
    if (plain.readInt32BE(12) !== DIGITS || plain.readBigInt64BE(16) !== 1n)
      throw new TypeError('a HdrHistogram of other buckets')
    return { ...list, ...readBuckets(plain.subarray(HEADER_BYTES, HEADER_BYTES + plain.readInt32BE(4)), list) }
  }
}
const readHdr = createHdrReader()

function readBuckets(
  bytes: Uint8Array,
  { buckets, counts }: ReturnType<typeof createList>,
): { length: number; total: number } {
  let length = 0
  let total = 0
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
    if (bucket > LAST_BUCKET) throw new TypeError('a HdrHistogram of longer latencies')
    if (value > 0) {
      buckets[length] = bucket
      counts[length] = value / 2
      length++
      total += value / 2
    }
    bucket++
  }
  return { length, total }
}
