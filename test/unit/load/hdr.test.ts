import { expect, it } from 'vitest'
import { decodeHdr, emptyHdr, encodeHdr, mergeHdr, percentilesOf, recordMs } from '../../../audit/load/hdr.ts'

const of = (...values: number[]) => {
  const histogram = emptyHdr()
  for (const value of values) recordMs(histogram, value)
  return histogram
}

it('has no percentile of nothing', () => {
  expect(percentilesOf(emptyHdr())).toEqual({ p50: null, p90: null, p99: null, p999: null, max: null })
})

it('keeps three significant digits in ms', () => {
  const found = percentilesOf(of(...Array.from({ length: 1000 }, (_, i) => i + 1)))
  const expected = { p50: 500, p90: 900, p99: 990, p999: 999, max: 1000 }
  for (const [key, value] of Object.entries(expected)) {
    const actual = found[key as keyof typeof found] ?? Number.NaN
    expect(Math.abs(actual - value) / value).toBeLessThan(0.001)
  }
})

it('survives encoding', () => {
  const histogram = of(0.001, 0.5, 12.345, 59_000)
  expect(percentilesOf(decodeHdr(encodeHdr(histogram)))).toEqual(percentilesOf(histogram))
})

it('adds slices to what one histogram of all would be', () => {
  const merged = mergeHdr(of(1, 2, 3), decodeHdr(encodeHdr(of(100, 200))))
  expect(merged.totalCount).toBe(5)
  expect(percentilesOf(merged)).toEqual(percentilesOf(of(1, 2, 3, 100, 200)))
})

it('holds what is out of range at its ends', () => {
  const found = percentilesOf(of(-1, 120_000))
  expect(found.p50).toBe(0)
  expect(found.max).toBeGreaterThanOrEqual(60_000)
  expect(found.max).toBeLessThan(60_100)
})

it('refuses text that is no histogram', () => {
  expect(() => decodeHdr('bm90IGEgaGlzdG9ncmFt')).toThrow()
})
