import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FALSE_DISCOVERIES, ratioInterval, type Sides, significanceOf } from '../../../audit/profile/significance.ts'
import { VIEWER_SIGNIFICANCE } from '../../../ui/flame/viewer/significance.ts'

interface InViewer {
  significantOf: (sides: Sides) => { significant: Uint8Array; tested: number; ascending: Float64Array }
  intervalOf: (sides: Sides, i: number) => { low: number; high: number } | null
}
/** The part of the viewer's script that judges, with the constants it is given in the file. */
const inViewer: InViewer = new Function('FIXED', `${VIEWER_SIGNIFICANCE}; return { significantOf, intervalOf }`)({
  falseDiscoveries: FALSE_DISCOVERIES,
  few: 10,
  steps: [1.1, 1.5, 3],
})

const side = fc.record({
  base: fc.oneof(fc.nat(12), fc.nat(5000), fc.nat(4_000_000)),
  candidate: fc.oneof(fc.nat(12), fc.nat(5000), fc.nat(4_000_000)),
  spread: fc.constantFrom(1, 2, 3.7, 1000, Number.POSITIVE_INFINITY),
})
const sidesOf = fc
  .record({
    frames: fc.array(side, { minLength: 1, maxLength: 40 }),
    baseExposure: fc.constantFrom(0, 1, 1000, 12_345),
    candidateExposure: fc.constantFrom(1, 2000, 99),
    isShare: fc.boolean(),
  })
  .map(({ frames, baseExposure, candidateExposure, isShare }): Sides => {
    const base = Float64Array.from(frames, (one) => one.base)
    const candidate = Float64Array.from(frames, (one) => one.candidate)
    const variance = Float64Array.from(frames, (one) => (one.base + one.candidate) * one.spread)
    const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0)
    if (!isShare) return { base, candidate, variance, baseExposure, candidateExposure, whole: null }
    const whole = { weight: sum(base) + sum(candidate), variance: sum(variance) }
    return { base, candidate, variance, baseExposure: sum(base), candidateExposure: sum(candidate), whole }
  })

test('the viewer judges a difference as the profile does: p-values, discoveries, intervals', () => {
  let discoveries = 0
  fc.assert(
    fc.property(sidesOf, (sides) => {
      const expected = significanceOf(sides)
      const found = inViewer.significantOf(sides)
      expect(found.ascending).toEqual(expected.pValue.filter((p) => p <= FALSE_DISCOVERIES).sort())
      expect(found.tested).toBe(expected.tested)
      expect(found.significant).toEqual(expected.significant)
      for (let i = 0; i < sides.base.length; i++) expect(inViewer.intervalOf(sides, i)).toEqual(ratioInterval(sides, i))
      discoveries += expected.significant.reduce((sum, one) => sum + one, 0)
    }),
    { numRuns: 500 },
  )
  expect(discoveries).toBeGreaterThan(1000)
})
