import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { durationMs } from '../../../audit/load/k6/duration.ts'
import { inspectable } from '../../../audit/load/k6/inspect.ts'
import { placeOf } from '../../../audit/load/k6/places.ts'
import { timetableOf } from '../../../audit/load/k6/plan.ts'
import { kindOfName } from '../../../audit/plan/phase-kind.ts'

const inspection = JSON.parse(
  readFileSync(new URL('../../../fixtures/samples/k6/phases.inspect.json', import.meta.url), 'utf8'),
)
const spans = (scenarios: Record<string, unknown>) =>
  timetableOf({ scenarios }).phases.map(({ name, kind, startMs, endMs }) => [name, kind, startMs, endMs])
const constant = (startTime: string | null, duration: string, rate = 10) => ({
  ...{ executor: 'constant-arrival-rate', startTime, duration, rate, timeUnit: null, gracefulStop: null },
})

/** Integral of a rate over a phase, requests. */
const sumOf = (rate: (afterMs: number) => number, lengthMs: number) =>
  Array.from({ length: lengthMs }, (_, ms) => rate(ms + 0.5) / 1000).reduce((a, b) => a + b, 0)

describe('the timetable of a script', () => {
  it('has a phase for each scenario and for the pause between', () => {
    const { phases, totalMs, maxVus } = timetableOf(inspection)
    expect(phases.map(({ name, kind, startMs, endMs }) => [name, kind, startMs, endMs])).toEqual([
      ['baseline', 'baseline', 0, 6000],
      ['stress', 'stress', 6000, 13_000],
      ['after stress', 'mark', 13_000, 14_000],
      ['soak', 'soak', 14_000, 20_000],
    ])
    expect([totalMs, maxVus]).toEqual([21_000, 24])
  })

  it('plans what arrival rates ask for, and nothing for virtual users', () => {
    const [baseline, stress, pause, soak] = timetableOf(inspection).phases
    expect(baseline.rates).toEqual({ baseline: null })
    expect(pause?.rates).toEqual({})
    // 20 to 200 in 3 s, 200 to 800 in 4 s
    expect(sumOf(stress?.rates['stress'] ?? (() => 0), 7000)).toBeCloseTo(330 + 2000, 3)
    expect(sumOf(soak?.rates['soak'] ?? (() => 0), 6000)).toBeCloseTo(480, 6)
    expect(soak?.rates['soak']?.(6000)).toBe(0)
  })

  it('joins the names of scenarios that run together', () => {
    expect(spans({ browse: constant(null, '10s'), stress: constant('4s', '3s') })).toEqual([
      ['browse', 'mark', 0, 4000],
      ['browse+stress', 'mark', 4000, 7000],
      ['browse', 'mark', 7000, 10_000],
    ])
  })

  it('begins idle where the first scenario begins late', () => {
    expect(spans({ soak: constant('1m', '1h') })).toEqual([
      ['idle', 'idle', 0, 60_000],
      ['soak', 'soak', 60_000, 3_660_000],
    ])
  })

  it('knows the lengths of all executors, with the defaults of k6', () => {
    expect(spans({ default: { executor: 'shared-iterations', vus: 1, iterations: 1, maxDuration: null } })).toEqual([
      ['default', 'mark', 0, 600_000],
    ])
    expect(spans({ a: { executor: 'per-vu-iterations', maxDuration: '30s' } })).toEqual([['a', 'mark', 0, 30_000]])
    expect(spans({ a: { executor: 'constant-vus', duration: '30s' } })).toEqual([['a', 'mark', 0, 30_000]])
  })

  it('counts rates in the time unit of the script; a stage without a length is a jump', () => {
    const perMinute = { ...constant(null, '1m', 120), timeUnit: '1m0s' }
    expect(timetableOf({ scenarios: { a: perMinute } }).phases[0].rates['a']?.(5)).toBe(2)
    const stages = [
      { duration: '10s', target: 100 },
      { duration: '0s', target: 500 },
      { duration: '10s', target: 500 },
    ]
    const ramp = { executor: 'ramping-arrival-rate', startRate: 100, stages }
    const rate = timetableOf({ scenarios: { a: ramp } }).phases[0].rates['a']
    expect([rate?.(9_999), rate?.(10_000), rate?.(19_999)]).toEqual([100, 500, 500])
  })

  it('plans nothing where this k6 does only a part of the load', () => {
    const { phases } = timetableOf({ scenarios: { a: constant(null, '1s') }, executionSegment: '0:1/2' })
    expect(phases[0].rates).toEqual({ a: null })
  })

  it.each([
    ['no object', 3],
    ['no scenarios', {}],
    ['empty scenarios', { scenarios: {} }],
    ['a wrong duration', { scenarios: { a: constant('soon', '1s') } }],
  ])('refuses %s', (_, told) => {
    expect(() => timetableOf(told)).toThrow()
  })
})

it.each([
  ['idle', 'idle'],
  ['warmup', 'warmup'],
  ['warm_up', 'warmup'],
  ['API-Baseline', 'baseline'],
  ['stress_200', 'stress'],
  ['spike', 'stress'],
  ['soak', 'soak'],
  ['stress-recovery', 'recovery'],
  ['checkout', 'mark'],
])('scenario %s is %s', (name, kind) => {
  expect(kindOfName(name)).toBe(kind)
})

it.each([
  ['30s', 30_000],
  ['1h2m3.5s', 3_723_500],
  ['1m0s', 60_000],
  ['250ms', 250],
  ['1d2h', 93_600_000],
  ['1.5µs', 0.0015],
  ['500', 500],
  [500, 500],
  ['', null],
  ['5 s', null],
  ['soon', null],
])('duration %j is %s ms', (text, ms) => {
  expect(durationMs(text)).toBe(ms)
})

describe('a request is placed', () => {
  const { phases } = timetableOf({
    scenarios: { a: constant(null, '10s'), b: constant('4s', '3s'), c: constant('12s', '1s') },
  })
  it.each([
    ['a', 0, 0],
    ['a', 3999, 0],
    ['a', 4001, 1],
    ['a', 9000, 2],
    ['a', 11_000, 2], // it stops gracefully in the pause
    ['b', 3990, 1], // k6 began a little before we thought
    ['b', 9000, 1],
    ['c', 11_999, 4],
    ['c', 99_000, 4],
    ['', 5, null],
    ['unheard', 5, null],
  ])('of scenario %s at %d ms into phase %s', (scenario, startMs, index) => {
    expect(placeOf(phases, scenario, startMs)).toBe(index)
  })
})

it('of the arguments of k6 run those that decide the timetable are inspected', () => {
  const args = [
    '-e',
    'A=b=c',
    '--vus=10',
    '-d',
    '30s',
    '--out',
    'json=x',
    '--stage',
    '5s:10',
    '-s',
    '5s:20',
    '--env=C=d',
    '-q',
  ]
  expect(inspectable(args)).toEqual({
    flags: ['-e', 'A=b=c', '--env', 'C=d'],
    options: { K6_VUS: '10', K6_DURATION: '30s', K6_STAGES: '5s:10,5s:20' },
  })
})
