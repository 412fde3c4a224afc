import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forecastOf, windowMsAt } from '../../../audit/plan/forecast.ts'
import { timetableOf } from '../../../audit/plan/timetable.ts'
import { planWith } from './plans.ts'

const timetable = (more: object) => timetableOf(planWith(more))
const probes = [
  { name: 'a', cost: 'high' },
  { name: 'b', cost: 'low' },
] as const
const forecast = (more: object) => {
  const made = planWith(more)
  return forecastOf(made, timetableOf(made), probes)
}

describe('the timetable', () => {
  test('of the standard course', () => {
    const { rows, ...totals } = timetable({ preset: 'standard' })
    expect(rows.map(({ startMs, requests }) => [(startMs ?? Number.NaN) / 1000, requests])).toEqual([
      [0, 0],
      [60, 30_000],
      [90, 300_000],
      [390, 1_800_000],
      [1290, 6_000],
      [1350, 11_520_000],
    ])
    expect(totals).toEqual({ durationMs: 15_750_000, requests: 13_656_000, highestRps: 2000, isUpperBound: false })
  })

  test('a ramp sends the integral of its rate', () => {
    expect(timetable({ phases: [{ name: 'up', duration: '10s', ramp: ['100/s', '300/s'] }] }).requests).toBe(2000)
  })

  test('after a search nothing has a fixed start', () => {
    const { rows, durationMs, isUpperBound } = timetable({
      phases: [
        { name: 'idle', duration: '5s', rate: 0 },
        { name: 'capacity', search: { from: '100/s', to: '400/s', each: '10s', precision: '50%' } },
        { name: 'soak', duration: '5s', rate: '80%' },
      ],
    })
    // 100, 200, 400 (fails), then 300 between 200 and 400: 400 is within 50 % of it.
    expect(rows.map((row) => [row.startMs, row.durationMs, row.requests])).toEqual([
      [0, 5000, 0],
      [5000, 40_000, 10_000],
      [null, 5000, 4000],
    ])
    expect([durationMs, isUpperBound]).toEqual([50_000, true])
  })

  test('a load of another tool has no numbers before it runs', () => {
    expect(timetable({ load: { driver: 'k6', script: 'load.js' } })).toEqual({
      rows: [],
      durationMs: null,
      requests: null,
      highestRps: null,
      isUpperBound: false,
    })
    expect(timetable({ load: { driver: 'none' }, phases: [{ name: 'a', duration: '1m' }] })).toMatchObject({
      rows: [{ durationMs: 60_000, requests: null }],
      requests: null,
    })
  })
})

test('no search takes longer than its row says, whatever the target bears', () => {
  const rate = fc.integer({ min: 1, max: 5000 })
  fc.assert(
    fc.property(
      rate,
      rate,
      fc.integer({ min: 1, max: 50 }),
      fc.double({ min: 0, max: 12_000, noNaN: true }),
      (from, more, percent, bears) => {
        const search = { from: `${from}/s`, to: `${from + more}/s`, each: '10s', precision: `${percent}%` }
        const steps = stepsOfASearch(from, from + more, percent / 100, bears)
        expect(steps * 10_000).toBeLessThanOrEqual(timetable({ phases: [{ name: 'a', search }] }).durationMs ?? 0)
      },
    ),
  )
})

/** The search as the plan's type describes it, on a target that bears `bears` requests/s and no more. */
function stepsOfASearch(from: number, to: number, precision: number, bears: number): number {
  let steps = 1
  if (from > bears) return steps
  let passed = from
  let failed: number | null = null
  while (failed === null && passed < to) {
    const next = Math.min(to, passed * 2)
    steps++
    if (next > bears) failed = next
    else passed = next
  }
  while (failed !== null && failed - passed > precision * passed) {
    const middle = (passed + failed) / 2
    steps++
    if (middle > bears) failed = middle
    else passed = middle
  }
  return steps
}

describe('the forecast', () => {
  test.each([
    [0, 1000, 1000],
    [299_000, 1000, 1000],
    [600_000, 1000, 2000],
    [3_000_000, 1000, 10_000],
    [14_000_000, 1000, 10_000],
    [600_000, 5000, 5000],
    [14_000_000, 60_000, 60_000],
  ])('at the age of %i ms a window of %i ms is %i ms long', (ageMs, intervalMs, lengthMs) => {
    expect(windowMsAt(ageMs, intervalMs)).toBe(lengthMs)
  })

  test('a soak of hours is told in few windows, a short phase in all of them', () => {
    expect(forecast({ phases: [{ name: 'a', duration: '5m', rate: '1%' }] }).windows).toBe(300)
    const soak = forecast({ phases: [{ name: 'a', duration: '4h', rate: '1%' }] }).windows ?? 0
    // 300 short ones, 300 ln 10 growing ones up to 50 minutes, then one each 10 s.
    const expected = 300 + 300 * Math.log(10) + (14_400 - 3000) / 10
    expect(Math.abs(soak - expected)).toBeLessThan(5)
  })

  test('disk is that of the README where its conditions are met: six probes, a minute, 1 s windows', () => {
    const made = planWith({ load: { driver: 'none' }, phases: [{ name: 'a', duration: '1m' }] })
    const six = Array.from({ length: 6 }, () => ({ name: 'a', cost: 'low' as const }))
    const { recordingBytes, recordingBytesPerMinute } = forecastOf(made, timetableOf(made), six)
    expect((recordingBytes ?? 0) / 2 ** 20).toBeCloseTo(0.7, 6)
    expect(recordingBytesPerMinute).toBeCloseTo(recordingBytes ?? 0, 3)
  })

  test('more load, more probes and shorter windows need more of it', () => {
    const bytes = (more: object) =>
      forecast({ phases: [{ name: 'a', duration: '1m', rate: '100%' }], ...more }).recordingBytes ?? 0
    expect(bytes({ peak: '5000/s' })).toBeGreaterThan(bytes({}))
    expect(bytes({ interval: '100ms' })).toBeGreaterThan(bytes({}))
  })

  test('tracing costs what its probes cost, at the highest rate of the plan', () => {
    expect(forecast({ preset: 'quick' })).toMatchObject({
      tracingUsPerRequest: { low: 9, high: 23 },
      tracingPct: { low: 1.8, high: 4.6 },
    })
  })

  test('what depends on another tool is unknown, not nothing', () => {
    expect(forecast({ load: { driver: 'k6', script: 'load.js' } })).toMatchObject({
      recordingBytes: null,
      windows: null,
      tracingPct: null,
      generatorPct: null,
    })
  })
})
