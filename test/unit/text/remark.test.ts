import { describe, expect, it } from 'vitest'
import type { PhaseModel } from '../../../audit/index.ts'
import type { Figure, Probe } from '../../../probes/index.ts'
import { remarkOf } from '../../../ui/text/remark.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'

const catalog = syntheticCatalog()
const { model } = syntheticRun(60)
const [idle, baseline, stress] = model.phases
const calls = catalog.get('calls')
const stalls = catalog.get('stalls')
if (!idle || !baseline || !stress || !calls || !stalls) throw new Error('the run has three phases and three probes')

const remark = (phase: PhaseModel, probe?: Probe, phases = [idle, baseline, phase]) =>
  remarkOf({ ...model, phases }, catalog, phase, probe)
const withoutDrops = { ...stress, telemetry: new Map() }
const withoutLoad = { ...withoutDrops, load: null }

describe('the remark', () => {
  it.each([
    [
      'late answers and what was dropped',
      stress,
      'stress is worst so far: response p99 39.2 ms (4.51 ms in baseline, ×8.7); with it overflows, namespace 245 (0 in baseline)',
    ],
    [
      'without drops the wait that grew most',
      withoutDrops,
      'stress is worst so far: response p99 39.2 ms (4.51 ms in baseline, ×8.7); with it Waits waited mean 10.5 ms (32.5 µs in baseline, ×323)',
    ],
    [
      'without load only what explains it',
      { ...withoutLoad, name: 'canary', kind: 'mark' },
      'canary is worst so far: Waits waited mean 10.5 ms (32.5 µs in baseline, ×323)',
    ],
    [
      'failed requests before late ones when one in a hundred fails',
      { ...withoutDrops, load: stress.load && { ...stress.load, errors: { timeout: 17_010 } } },
      'stress is worst so far: error rate 10.0 % (0 % in baseline; more than 1.00 %); with it Waits waited mean 10.5 ms (32.5 µs in baseline, ×323)',
    ],
  ])('names %s', (_, phase, expected) => {
    const { tone, texts } = remark(phase)
    expect([tone, texts[0]]).toEqual(['worse', expected])
  })

  it('says the same in fewer words', () => {
    const { texts } = remark(stress)
    expect(texts.map((text) => text.length)).toEqual(texts.map((text) => text.length).toSorted((a, b) => b - a))
    expect(texts.at(-2)).toBe('stress is worst so far: p99 39.2 ms (×8.7), overflows, namespace 245')
    expect(texts.at(-1)).toBe('stress is worst so far: response p99 39.2 ms (×8.7)')
  })

  it('does not blame one drop in ten thousand requests', () => {
    const netns = {
      firstUs: 0,
      lastUs: 35e6,
      first: { 'TcpExt.ListenOverflows': 0 },
      last: { 'TcpExt.ListenOverflows': 17 },
      low: {},
      high: {},
      restarted: [],
    }
    expect(remark({ ...stress, telemetry: new Map([['netns', netns]]) }).texts[0]).toContain(
      'with it Waits waited mean',
    )
  })

  it('is about the probe that is looked at, and about the run where that probe has nothing to say', () => {
    expect(remark(stress, calls).texts[0]).toBe('stress so far: Calls per request 41.7 (22.9 in baseline, ×1.8)')
    const calm = { ...stress, probes: new Map([...stress.probes].filter(([name]) => name !== 'calls')) }
    expect(remark(calm, calls).texts[0]).toMatch(/^stress is worst so far: response p99/)
  })

  it.each([
    [
      'the baseline',
      baseline,
      [idle, baseline, stress],
      'later phases are compared with baseline; stress is worst: response p99 39.2 ms (4.51 ms in baseline, ×8.7)',
    ],
    ['the baseline while it runs', baseline, [idle, baseline], 'later phases are compared with baseline'],
    [
      'a phase before it',
      idle,
      [idle, baseline, stress],
      'idle comes before the baseline: nothing to compare it with; stress is worst: response p99 39.2 ms (4.51 ms in baseline, ×8.7)',
    ],
    ['the only phase', idle, [idle], 'no earlier phase to compare with; m begins a new one'],
    [
      'a phase like the baseline',
      { ...baseline, id: 9, startUs: 9e9, name: 'again' },
      undefined,
      'nothing stands out in again against baseline: compared are errors, response p99, response p50, 4 figures of probes',
    ],
  ])('has no alarm for %s', (_, phase, phases, expected) => {
    const { tone, texts } = remark(phase, undefined, phases)
    expect(tone).not.toBe('worse')
    expect(texts[0]).toBe(expected)
  })

  describe('ranks what one probe measured', () => {
    const figure = (key: string, unit: Figure['unit'], value: number, adds = false): Figure => ({
      key,
      label: key,
      unit,
      value,
      better: 'lower',
      adds,
    })
    /** A probe whose figures are as given, in the phase that has load, and one of each in the baseline. */
    const saying = (...figures: Figure[]): Probe => ({
      ...stalls,
      draw: {
        ...stalls.draw,
        figures: (data) =>
          data === now.data ? figures : figures.map((f) => ({ ...f, value: f.unit.startsWith('ns') ? 1e6 : 1 })),
      },
    })
    const now = { probe: 'stalls', windows: 1, coveredUs: 35e6, data: { blocked_ns: 1 }, history: [], hasStacks: false }
    const phase = { ...stress, probes: new Map([['stalls', now]]) }

    it.each([
      ['a wait before a count that grew more', [figure('errors', 'count', 9e5, true), figure('p99', 'ns', 4e6)], 'p99'],
      ['work per request before a count', [figure('seen', 'count', 900), figure('each', 'per_request', 4)], 'each'],
      [
        'a wait too short to be felt last',
        [figure('tiny', 'ns', 2e5 + 1.6e6 / 10), figure('each', 'per_request', 4)],
        'each',
      ],
      ['the wait that grew most', [figure('p50', 'ns', 3e6), figure('p99', 'ns', 9e6)], 'p99'],
      [
        'a single wait before the mean of a request',
        [figure('mean', 'ns_per_request', 9e6), figure('p99', 'ns', 3e6)],
        'p99',
      ],
    ])('%s', (_, figures, first) => {
      expect(remark(phase, saying(...figures)).texts[0]).toMatch(new RegExp(`^stress so far: Stalls ${first} `))
    })

    it('a count and its rate once', () => {
      const rate = { ...figure('rate', 'per_s', 9), label: 'sent again' }
      const count = { ...figure('count', 'count', 90, true), label: 'sent again' }
      expect(remark(phase, saying(count, rate)).texts[0]).toBe(
        'stress so far: Stalls sent again 9/s (1/s in baseline, ×9.0)',
      )
    })
  })
})
