import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mixOf } from '../../../audit/load/mix.ts'

const counts = (mix: readonly number[], kinds: number) =>
  Array.from({ length: kinds }, (_, kind) => mix.filter((one) => one === kind).length)

describe('requests by weight', () => {
  it.each([
    [[1], [1]],
    [
      [1, 1],
      [1, 1],
    ],
    [
      [2, 4],
      [1, 2],
    ],
    [
      [0.7, 0.3],
      [7, 3],
    ],
    [
      [90, 9, 1],
      [90, 9, 1],
    ],
    [
      [1, 0, 2],
      [1, 0, 2],
    ],
    [
      [0.125, 0.875],
      [1, 7],
    ],
  ])('%o take turns in the smallest cycle', (weights, slots) => {
    expect(counts(mixOf(weights), weights.length)).toEqual(slots)
  })

  it('are spread over the cycle: none is ever more than a place behind or ahead of its share, at two kinds', () => {
    const mix = mixOf([7, 3])
    for (let length = 1; length <= mix.length; length++) {
      const [first = 0] = counts(mix.slice(0, length), 2)
      expect(Math.abs(first - length * 0.7)).toBeLessThanOrEqual(1)
    }
  })

  it('get their share whatever the weights, and each above 0 comes', () => {
    const weight = fc.oneof(fc.integer({ min: 0, max: 1000 }), fc.double({ min: 0.001, max: 100, noNaN: true }))
    fc.assert(
      fc.property(fc.array(weight, { minLength: 1, maxLength: 6 }), (weights) => {
        const sum = weights.reduce((a, b) => a + b, 0)
        fc.pre(sum > 0)
        const mix = mixOf(weights)
        expect(mix.length).toBeLessThanOrEqual(10_000 + weights.length)
        for (const [kind, count] of counts(mix, weights.length).entries()) {
          const share = (weights[kind] ?? 0) / sum
          if (share > 0) expect(count).toBeGreaterThan(0)
          expect(Math.abs(count / mix.length - share)).toBeLessThan(0.001)
        }
      }),
      { numRuns: 50 },
    )
  })
})
