import { describe, expect, it } from 'vitest'
import type { Figure } from '../../../probes/index.ts'
import {
  baselineOf,
  counterDelta,
  counterWorsening,
  errorPct,
  headlines,
  isNotJudged,
  placeInPlan,
  targetCpu,
  targetName,
  worsening,
} from '../../../ui/text/reading.ts'
import { syntheticRun } from '../../terminal/synthetic.ts'

const { model } = syntheticRun(60)
const [idle, baseline, stress] = model.phases
if (!idle || !baseline || !stress) throw new Error('the run has three phases')

const figure = (some: Partial<Figure>): Figure => ({
  key: 'k',
  label: 'l',
  value: 1,
  unit: 'ns',
  better: 'lower',
  ...some,
})

describe('baselineOf', () => {
  it.each([
    ['stress', stress, baseline],
    ['the baseline itself', baseline, null],
    ['idle', idle, null],
    ['no phase', null, null],
  ])('of %s', (_, phase, expected) => {
    expect(baselineOf(model, phase)).toBe(expected)
  })

  it('is the first measured phase where none is called baseline', () => {
    const first = { ...baseline, kind: 'mark' }
    expect(baselineOf({ ...model, phases: [idle, first, stress] }, stress)).toBe(first)
  })
})

describe('worsening', () => {
  it.each([
    ['a time that grew', { value: 30 }, { value: 10 }, 3],
    ['a time that shrank', { value: 5 }, { value: 10 }, 0.5],
    ['a rate that fell, where more is better', { value: 5, better: 'higher' }, { value: 10, better: 'higher' }, 2],
    ['nothing before', { value: 5 }, { value: 0 }, Number.POSITIVE_INFINITY],
    ['nothing twice', { value: 0 }, { value: 0 }, 1],
    ['an unknown', { value: null }, { value: 1 }, null],
    ['a figure without a good direction', { value: 9, better: 'neutral' }, { value: 1 }, null],
  ] as const)('of %s', (_, now, before, expected) => {
    expect(worsening(figure(now), figure(before), stress, baseline, 'waits')).toBe(expected)
  })

  const adds = (value: number) => figure({ unit: 'count', adds: true, value })

  it('compares what adds up per request, so that more load is not worse by itself', () => {
    const [now, then] = [stress.load?.done ?? 0, baseline.load?.done ?? 0]
    expect(now).toBeGreaterThan(then)
    expect(worsening(adds(now), adds(then), stress, baseline, 'waits')).toBeCloseTo(1)
  })

  it('compares what adds up per second without load, so that a longer phase is not a worse one', () => {
    const [idler, idle] = [stress, baseline].map((phase) => ({ ...phase, load: null }))
    // 35 s of stress, 20 s of baseline
    if (idler && idle) expect(worsening(adds(35), adds(20), idler, idle, 'waits')).toBe(1)
    expect.assertions(1)
  })
})

describe('counterWorsening', () => {
  const counting = (seconds: number, grown: number) => ({
    ...stress,
    telemetry: new Map([
      [
        'netns',
        {
          firstUs: 0,
          lastUs: seconds * 1e6,
          first: { drops: 10 },
          last: { drops: 10 + grown },
          low: {},
          high: {},
          restarted: [],
        },
      ],
    ]),
  })
  it.each([
    ['more often', counting(10, 40), counting(10, 10), 4],
    ['as often for twice as long', counting(20, 20), counting(10, 10), 1],
    ['for the first time', counting(10, 1), counting(10, 0), Number.POSITIVE_INFINITY],
    ['never', counting(10, 0), counting(10, 0), 1],
    ['without a baseline', counting(10, 1), null, null],
    ['of a source that could not be read', stress, { ...baseline, telemetry: new Map() }, null],
  ])('%s', (_, now, before, expected) => {
    expect(counterWorsening(now, before, 'netns', 'drops')).toBe(expected)
  })
})

describe('isNotJudged', () => {
  const planned = (plan: object, phase: object = {}) => {
    const warmup = { ...baseline, load: null, name: 'warmup', kind: 'warmup', ...phase }
    const header = model.header && { ...model.header, plan: { phases: [{ name: 'warmup', ...plan }] } }
    return isNotJudged({ ...model, header, phases: [warmup] }, warmup)
  }
  it.each([
    ['a phase that the plan discards', { discard: true }, {}, true],
    ['the same while it runs', { discard: true }, { endUs: null }, true],
    ['load that was planned and left no trace', { rate: '150/s' }, {}, true],
    ['load that was planned and may still come', { rate: '150/s' }, { endUs: null }, false],
    ['no load, as planned', { rate: '0/s' }, {}, false],
    ['a plan that does not say', {}, {}, false],
    ['another phase in its place', { discard: true }, { name: 'canary' }, false],
    ['load that was measured', { discard: true }, { load: baseline.load }, false],
  ])('%s', (_, plan, phase, expected) => {
    expect(planned(plan, phase)).toBe(expected)
  })
})

describe('headlines', () => {
  it('leaves out what is unknown and fills up to two', () => {
    const figures = [
      figure({ key: 'a', headline: true, value: null }),
      figure({ key: 'b', headline: true }),
      figure({ key: 'c' }),
      figure({ key: 'd' }),
    ]
    expect(headlines(figures).map(({ key }) => key)).toEqual(['b', 'c'])
  })
})

it('reads counters, errors, place and name', () => {
  expect(counterDelta(stress, 'netns', 'TcpExt.ListenOverflows')).toBe(245)
  expect(counterDelta(stress, 'netns', 'TcpExt.Nothing')).toBeNull()
  expect(errorPct(stress)).toBeCloseTo((35 / 170_080) * 100)
  expect(errorPct(idle)).toBeNull()
  expect(placeInPlan(model, stress)).toEqual({ index: 3, of: 3, durationUs: 9e8 })
  expect(placeInPlan({ ...model, header: null }, stress)).toEqual({ index: 3, of: 3, durationUs: null })
  expect(targetName(model)).toBe('api[4242] +3')
  expect(targetName({ ...model, header: null })).toBe('no target')
})

describe('targetCpu', () => {
  // 20 s of baseline at 2560 requests/s
  const using = (cpuNs: number, phase = baseline) => {
    const process = {
      firstUs: 5e6,
      lastUs: 25e6,
      first: { cpu_ns: 7e9 },
      last: { cpu_ns: 7e9 + cpuNs },
      low: {},
      high: {},
      restarted: [],
    }
    return targetCpu({ ...phase, telemetry: new Map([['process', process]]) })
  }
  const done = baseline.load?.done ?? 0

  it.each([
    ['of a core and of each request', using(5e9), { corePct: 25, perRequestNs: 5e9 / done }],
    ['without load', using(5e9, idle), { corePct: 25, perRequestNs: null }],
    ['when a process ended and took its time with it', using(-1), { corePct: null, perRequestNs: null }],
    ['where it was not sampled', targetCpu(baseline), { corePct: null, perRequestNs: null }],
  ])('%s', (_, cpu, expected) => {
    expect(cpu).toEqual(expected)
  })
})
