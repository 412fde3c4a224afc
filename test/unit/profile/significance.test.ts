import { describe, expect, test } from 'vitest'
import { binomialTestFor } from '../../../audit/profile/binomial.ts'
import { createProfile } from '../../../audit/profile/build.ts'
import { findPath } from '../../../audit/profile/frame.ts'
import { ratioInterval, ratioOf, type Sides, sidesOf, significance } from '../../../audit/profile/significance.ts'
import { inclusive } from '../../../audit/profile/totals.ts'
import { poisson, randomTree, seeded } from './simulate.ts'

describe('the binomial test', () => {
  test.each([20, 100, 101, 400])('agrees with the sum of all terms, n = %d', (n) => {
    for (const p of [0.05, 0.2, 0.5, 0.66, 0.9]) {
      const pValue = binomialTestFor(p)
      for (let x = 0; x <= n; x += Math.max(1, n >> 5)) {
        const exact = bySummation(x, n, p)
        if (exact < 1e-12) continue
        const tolerance = n <= 100 ? 1e-9 : Math.min(x, n - x) < 5 ? 0.06 : 0.02
        expect(Math.abs(pValue(x, n) / exact - 1), `${x} of ${n} at ${p}`).toBeLessThan(tolerance)
      }
    }
  })
})

describe('which frames differ', () => {
  test('nothing differs from itself', () => {
    const { profile } = randomTree(500, seeded(3))
    for (const pair of [
      { base: 'a', candidate: 'a' },
      { base: 'a', candidate: 'a', baseScale: 0.01, candidateScale: 0.01 },
    ]) {
      const found = significance(profile, pair)
      expect(found.significant).not.toContain(1)
      expect(found.logRatio.every((ratio) => ratio === 0 || Number.isNaN(ratio))).toBe(true)
    }
  })

  test.each(['requests', 'shares'] as const)(
    'of pairs that were drawn from the same rates, at most 5 % have a single significant frame (%s)',
    (what) => {
      const random = seeded(11)
      const { profile, rates } = randomTree(600, random)
      let falseAlarms = 0
      let frames = 0
      let tests = 0
      const pairs = 200
      for (let i = 0; i < pairs; i++) {
        draw(profile, rates, (rate) => [poisson(rate, random), poisson(rate * 1.7, random)])
        const scales = what === 'requests' ? { baseScale: 1 / 1000, candidateScale: 1 / 1700 } : {}
        const { significant, tested } = significance(profile, { base: 'a', candidate: 'b', ...scales })
        const found = sum(significant)
        falseAlarms += found > 0 ? 1 : 0
        frames += found
        tests += tested
      }
      expect(tests / pairs).toBeGreaterThan(100)
      // Every discovery is false here, so pairs with one are held at 5 %; 10 of 200 on average at most, 18 is p < 0.01.
      expect(falseAlarms).toBeLessThan(18)
      expect(frames / tests).toBeLessThan(0.05)
    },
  )

  test('a planted +20 % is found, with its callers, and little else', () => {
    const random = seeded(5)
    const { profile, rates } = randomTree(600, random)
    const heaviest = rates.indexOf(Math.max(...rates))
    rates[heaviest] = 3000
    let found = 0
    let falseShares = 0
    const pairs = 100
    for (let i = 0; i < pairs; i++) {
      draw(profile, rates, (rate, node) => [
        poisson(rate, random),
        poisson(rate * (node === heaviest ? 1.2 : 1), random),
      ])
      const { significant } = significance(profile, {
        base: 'a',
        candidate: 'b',
        baseScale: 1 / 1000,
        candidateScale: 1 / 1000,
      })
      found += significant[heaviest] ?? 0
      const callers = new Set<number>()
      for (let at = heaviest; at >= 0; at = profile.parentOf[at] ?? -1) callers.add(at)
      const wrong = significant.filter((is, node) => is && !callers.has(node)).length
      falseShares += wrong / Math.max(1, sum(significant))
    }
    expect(found).toBeGreaterThanOrEqual(98)
    expect(falseShares / pairs).toBeLessThan(0.05)
  })

  test('waits of different length are judged by time: the same number, twice as long', () => {
    const profile = createProfile('ns')
    for (const [column, meanNs] of [
      ['a', 1e6],
      ['b', 2e6],
    ] as const) {
      profile.add(['main', 'longer'], 400 * meanNs, 400, column)
      profile.add(['main', 'same'], 400 * 1e6, 400, column)
    }
    const pair = { base: 'a', candidate: 'b', baseScale: 1 / 100, candidateScale: 1 / 100 }
    const { significant, logRatio } = significance(profile, pair)
    const longer = findPath(profile, ['main', 'longer']) ?? -1
    expect([significant[longer], significant[findPath(profile, ['main', 'same']) ?? -1]]).toEqual([1, 0])
    expect(logRatio[longer]).toBe(1)
  })

  test('of waits with the same rates and lengths at most 5 % of pairs have a significant frame', () => {
    const random = seeded(31)
    const { profile, rates } = randomTree(300, random)
    const times = { ...profile, unit: 'ns' as const }
    const waits = (count: number, meanNs: number): number => {
      let sum = 0
      for (let i = 0; i < count; i++) sum -= meanNs * Math.log(1 - random())
      return Math.round(sum)
    }
    let falseAlarms = 0
    const pairs = 100
    for (let i = 0; i < pairs; i++) {
      for (let node = 1; node < profile.size; node++)
        for (const column of [0, 1]) {
          const count = poisson((rates[node] ?? 0) * (column + 1), random)
          const [self, selfCount] = [profile.self[column], profile.selfCount[column]]
          if (self) self[node] = waits(count, 1e6 * (1 + (node % 7)))
          if (selfCount) selfCount[node] = count
        }
      const pair = { base: 'a', candidate: 'b', baseScale: 1 / 100, candidateScale: 1 / 200 }
      if (sum(significance(times, pair).significant) > 0) falseAlarms++
    }
    // 5 of 100 on average at most; 12 is p < 0.01.
    expect(falseAlarms).toBeLessThan(12)
  })

  test('time without a number of events behind it is not judged', () => {
    const profile = createProfile('ns')
    profile.add(['main'], 1e9, 0, 'a')
    profile.add(['main'], 9e9, 0, 'b')
    const pair = { base: 'a', candidate: 'b', baseScale: 1, candidateScale: 1 }
    expect([...significance(profile, pair).pValue]).toEqual([Number.NaN, Number.NaN])
    expect(ratioInterval(sides(profile, pair), 1)).toBeNull()
  })

  test.each([
    [0, 5, false],
    [0, 30, true],
    [30, 0, true],
    [100, 120, false],
    [1000, 1200, true],
  ])('%d samples against %d: significant is %s', (a, b, is) => {
    const profile = createProfile('samples')
    profile.add(['main'], a, a, 'a')
    profile.add(['main'], b, b, 'b')
    const found = significance(profile, { base: 'a', candidate: 'b', baseScale: 1, candidateScale: 1 })
    expect(found.significant[1]).toBe(is ? 1 : 0)
  })

  test('shares: a frame and the rest of the profile are one question', () => {
    const profile = createProfile('samples')
    profile.add(['most'], 9000, 9000, 'a')
    profile.add(['rest'], 1000, 1000, 'a')
    profile.add(['most'], 8800, 8800, 'b')
    profile.add(['rest'], 1200, 1200, 'b')
    const { pValue } = significance(profile, { base: 'a', candidate: 'b' })
    expect(pValue[1]).toBe(pValue[2])
    // Two proportions of 10 000 each, 0.1 and 0.12: z = 4.5.
    expect(Math.abs(Math.log10((pValue[1] ?? 1) / 6.6e-6))).toBeLessThan(0.1)
    expect(pValue[0]).toBeNaN()
  })
})

describe('the interval of a ratio', () => {
  test('holds the true ratio in 95 of 100 pairs, and 1 where the test alone finds nothing', () => {
    const random = seeded(23)
    const profile = createProfile('samples')
    const node = profile.child(0, profile.intern('main'))
    const pair = { base: 'a', candidate: 'b', baseScale: 1 / 100, candidateScale: 1 / 150 }
    for (const column of ['a', 'b']) profile.column(column)
    for (const expected of [20, 300]) {
      let covered = 0
      const pairs = 1000
      for (let i = 0; i < pairs; i++) {
        const rates = new Float64Array([0, expected])
        draw(profile, rates, (rate) => [poisson(rate, random), poisson(rate * 1.5 * 1.3, random)])
        const interval = ratioInterval(sides(profile, pair), node)
        const ratio = ratioOf(sides(profile, pair), node)
        expect(interval && interval.low <= ratio && ratio <= interval.high).toBe(true)
        if (interval && interval.low <= 1.3 && 1.3 <= interval.high) covered++
      }
      expect(covered / pairs).toBeGreaterThan(0.94)
      expect(covered / pairs).toBeLessThan(0.985)
    }
  })

  test('of what is new has no upper end, of what is gone begins at 0', () => {
    const profile = createProfile('samples')
    profile.add(['new'], 50, 50, 'b')
    profile.add(['gone'], 50, 50, 'a')
    const both = sides(profile, { base: 'a', candidate: 'b', baseScale: 1, candidateScale: 1 })
    const [isNew, isGone] = [ratioInterval(both, 1), ratioInterval(both, 2)]
    expect(isNew).toMatchObject({ high: Infinity })
    expect(isNew?.low).toBeGreaterThan(5)
    expect(isGone).toMatchObject({ low: 0 })
    expect(isGone?.high).toBeLessThan(0.2)
  })
})

const sides = (profile: ReturnType<typeof createProfile>, pair: Parameters<typeof sidesOf>[1]): Sides =>
  sidesOf(profile, pair, (self) => inclusive(profile, self))

/** Replaces what the columns `a` and `b` hold of each node. */
function draw(
  profile: ReturnType<typeof createProfile>,
  rates: Float64Array,
  counts: (rate: number, node: number) => [number, number],
): void {
  for (let node = 1; node < profile.size; node++)
    for (const [column, count] of counts(rates[node] ?? 0, node).entries())
      for (const weights of [profile.self[column], profile.selfCount[column]]) if (weights) weights[node] = count
}

const sum = (values: Uint8Array): number => values.reduce((all, value) => all + value, 0)

function bySummation(x: number, n: number, p: number): number {
  let lower = 0
  let upper = 0
  let logWays = 0
  for (let k = 0; k <= n; k++) {
    if (k > 0) logWays += Math.log(n - k + 1) - Math.log(k)
    const chance = Math.exp(logWays + k * Math.log(p) + (n - k) * Math.log(1 - p))
    if (k <= x) lower += chance
    if (k >= x) upper += chance
  }
  return Math.min(1, 2 * Math.min(lower, upper))
}
