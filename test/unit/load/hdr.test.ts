import fc from 'fast-check'
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import { expect, it } from 'vitest'
import { createHdr, createHdrReader, type Hdr, percentilesOf, sumHdr } from '../../../audit/load/hdr.ts'

const of = (...values: number[]): Hdr => {
  const histogram = createHdr()
  for (const value of values) histogram.recordMs(value)
  return histogram
}

/** The same by the library of the same buckets. */
const theirs = (us: readonly number[]) => {
  const histogram = build({
    bitBucketSize: 'packed',
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  })
  for (const one of us) histogram.recordValue(one)
  return histogram
}
const their = (histogram: ReturnType<typeof theirs>) =>
  Object.fromEntries(
    Object.entries({ p50: 50, p90: 90, p99: 99, p999: 99.9, max: 100 }).map(([name, percent]) => [
      name,
      histogram.getValueAtPercentile(percent) / 1000,
    ]),
  )

/** us: small, large and repeated ones, with the ends of buckets */
const latency = fc.oneof(
  fc.integer({ min: 0, max: 60_000_000 }),
  fc.integer({ min: 0, max: 5_000 }),
  fc.constantFrom(0, 1, 1023, 1024, 2047, 2048, 2049, 4095, 4096, 60_000_000),
)
const latencies = fc.array(latency, { minLength: 1, maxLength: 300 })

it('has no percentile of nothing', () => {
  const nothing = { p50: null, p90: null, p99: null, p999: null, max: null }
  expect(createHdr().percentiles()).toEqual(nothing)
  expect(percentilesOf(createHdrReader()(createHdr().encode()))).toEqual(nothing)
})

it('keeps three significant digits in ms', () => {
  const found = of(...Array.from({ length: 1000 }, (_, i) => i + 1)).percentiles()
  const expected = { p50: 500, p90: 900, p99: 990, p999: 999, max: 1000 }
  for (const [key, value] of Object.entries(expected)) {
    const actual = found[key as keyof typeof found] ?? Number.NaN
    expect(Math.abs(actual - value) / value).toBeLessThan(0.001)
  }
})

it('has the percentiles that hdr-histogram-js has', () => {
  fc.assert(
    fc.property(latencies, (us) => {
      expect(of(...us.map((one) => one / 1000)).percentiles()).toEqual(their(theirs(us)))
    }),
  )
})

it('is read by hdr-histogram-js', () => {
  fc.assert(
    fc.property(latencies, (us) => {
      const read = decodeFromCompressedBase64(of(...us.map((one) => one / 1000)).encode())
      expect(read.totalCount).toBe(us.length)
      expect(their(read)).toEqual(their(theirs(us)))
    }),
  )
})

it('reads what hdr-histogram-js encodes', () => {
  fc.assert(
    fc.property(latencies, (us) => {
      const read = sumHdr([encodeIntoCompressedBase64(theirs(us))])
      expect(read.total).toBe(us.length)
      expect(read.encode()).toBe(of(...us.map((one) => one / 1000)).encode())
    }),
  )
})

it('adds slices to what one histogram of all would be', () => {
  fc.assert(
    fc.property(latencies, latencies, (a, b) => {
      const [first, second, all] = [a, b, [...a, ...b]].map((us) => of(...us.map((one) => one / 1000)))
      const sum = sumHdr([first?.encode() ?? '', second?.encode() ?? ''])
      expect(sum.total).toBe(all?.total)
      expect(sum.encode()).toBe(all?.encode())
    }),
  )
})

it('keeps counts that no 32 bits hold', () => {
  const sum = of(1)
  sum.add({ buckets: Uint16Array.of(1000), counts: Float64Array.of(2 ** 40), length: 1, total: 2 ** 40 })
  expect(sumHdr([sum.encode(), of(1).encode()]).total).toBe(2 ** 40 + 2)
})

it('a reader of its own keeps what it read while others read', () => {
  const [one, other] = [createHdrReader(), createHdrReader()]
  const first = one(of(1, 2, 3).encode())
  other(of(500).encode())
  sumHdr([of(900).encode()])
  expect(percentilesOf(first)).toEqual(of(1, 2, 3).percentiles())
})

it('begins anew after a reset', () => {
  const histogram = of(1, 50)
  histogram.percentiles()
  histogram.reset()
  histogram.recordMs(3)
  expect(histogram.encode()).toBe(of(3).encode())
  expect(histogram.percentiles()).toEqual(of(3).percentiles())
})

it('holds what is out of range at its ends', () => {
  const found = of(-1, 120_000).percentiles()
  expect(found.p50).toBe(0)
  expect(found.max).toBeGreaterThanOrEqual(60_000)
  expect(found.max).toBeLessThan(60_100)
})

it('refuses text that is no histogram, or one of other buckets', () => {
  const coarser = build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 2 })
  const longer = build({ highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: 3 })
  longer.recordValue(500_000_000)
  for (const text of [
    'bm90IGEgaGlzdG9ncmFt',
    '',
    'HISTFAAA',
    encodeIntoCompressedBase64(coarser),
    encodeIntoCompressedBase64(longer),
  ])
    expect(() => createHdr().addEncoded(text)).toThrow()
})
