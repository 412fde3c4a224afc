import { describe, expect, test } from 'vitest'
import { createBlocks, ofAnotherRun, ratioInterval, studentT } from '../../../audit/model/interval.ts'

/** xorshift32, so that a failure can be repeated */
function random(seed: number): () => number {
  let x = seed
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return (x >>> 0) / 2 ** 32
  }
}
const normal = (next: () => number) => Math.sqrt(-2 * Math.log(next() || 1e-9)) * Math.cos(2 * Math.PI * next())

describe('the interval of a ratio', () => {
  test.each([
    ['independent blocks', 0],
    ['blocks that resemble their neighbours', 0.6],
  ])('of %s holds the truth about 95 times in 100', (_, likeness) => {
    const next = random(12_345)
    let held = 0
    for (let run = 0; run < 1000; run++) {
      let drift = 0
      const blocks = Array.from({ length: 30 }, () => {
        drift = likeness * drift + Math.sqrt(1 - likeness ** 2) * normal(next)
        const requests = 100 + Math.round(20 * next())
        return [requests * (12 + drift), requests] as const
      })
      const interval = ratioInterval(blocks)
      if (interval && interval.low <= 12 && 12 <= interval.high) held++
    }
    expect(held).toBeGreaterThan(880)
    expect(held).toBeLessThan(995)
  })
  test('of what does not vary is a point', () => {
    expect(ratioInterval(Array.from({ length: 9 }, () => [24, 2] as const))).toEqual({ low: 12, high: 12 })
  })
  test('of too few blocks is unknown', () => {
    expect(ratioInterval([1, 2, 3, 4].map((n) => [n, 1] as const))).toBeNull()
  })
})

test.each([
  [2, 4.303],
  [4, 2.776],
  [10, 2.228],
  [29, 2.045],
  [1000, 1.962],
])('Student’s t of %i degrees of freedom', (freedom, t) => {
  expect(studentT(freedom) / t).toBeGreaterThan(0.96)
  expect(studentT(freedom) / t).toBeLessThan(1.02)
})

describe('another run', () => {
  // p50 of two phases of six audits (ms), with the half widths of what varied within each.
  const measured = [
    [0.78, 0.037],
    [0.703, 0.021],
    [0.756, 0.026],
    [0.74, 0.26],
    [0.852, 0.043],
    [0.928, 0.11],
  ] as const
  test('is within the interval, where that of the phase alone is too narrow', () => {
    const agree = (halfOf: (value: number, half: number) => number) =>
      measured.slice(1).filter(([value, half], i) => {
        const [before, its] = measured[i] ?? [value, half]
        return Math.abs(value - before) <= Math.hypot(halfOf(value, half), halfOf(before, its))
      }).length
    expect(agree((_, half) => half)).toBeLessThan(5)
    expect(
      agree((value, half) => ofAnotherRun(value, { low: value - half, high: value + half }, 'time').high - value),
    ).toBe(5)
  })
  test('is never told to be nearer than within the phase, nor below nothing', () => {
    const { low, high } = ofAnotherRun(10, { low: -3, high: 23 }, 'count')
    expect(low).toBe(0)
    expect(high).toBeGreaterThan(23)
    expect(high).toBeLessThan(23.1)
  })
  test('of a count lies nearer than that of a time', () => {
    const width = (kind: 'time' | 'count') => ofAnotherRun(100, { low: 100, high: 100 }, kind).high - 100
    expect(width('count')).toBeCloseTo(3.92, 1)
    expect(width('time')).toBeCloseTo(15.7, 1)
  })
})

describe('blocks of time', () => {
  test('are bounded however long the phase, and the ratio stays that of the sums', () => {
    const blocks = createBlocks(5_000_000)
    for (let s = 0; s < 14_400; s++) {
      blocks.add(5_000_000 + s * 1_000_000, 'calls', 24 + (s % 2))
      blocks.add(5_000_000 + s * 1_000_000, 'requests', 2)
    }
    const interval = blocks.interval('calls', 'requests')
    expect(interval?.low).toBeLessThanOrEqual(12.25)
    expect(interval?.high).toBeGreaterThanOrEqual(12.25)
    expect((interval?.high ?? 0) - (interval?.low ?? 0)).toBeLessThan(0.05)
  })
  test('without a request say nothing', () => {
    const blocks = createBlocks(0)
    for (let s = 0; s < 20; s++) blocks.add(s * 1_000_000, 'calls', 7)
    expect(blocks.interval('calls', 'requests')).toBeNull()
  })
})

test('what is told every five seconds of all five varies as it did, not as it was told', () => {
  const [told, spread] = [createBlocks(0), createBlocks(0)]
  for (let s = 0; s < 40; s++) {
    for (const blocks of [told, spread]) blocks.spread(s * 1e6, (s + 1) * 1e6, 'done', 100)
    if (s % 5 !== 4) continue
    told.add(s * 1e6, 'blocked', 5000)
    spread.spread((s - 4) * 1e6, (s + 1) * 1e6, 'blocked', 5000)
  }
  expect(spread.interval('blocked', 'done')).toEqual({ low: 10, high: 10 })
  const wide = told.interval('blocked', 'done')
  expect((wide?.high ?? 0) - (wide?.low ?? 0)).toBeGreaterThan(10)
})
