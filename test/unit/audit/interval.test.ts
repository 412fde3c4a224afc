import { describe, expect, test } from 'vitest'
import { createBlocks, ratioInterval, studentT } from '../../../audit/model/interval.ts'

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
