import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyRecord, createRunModel } from '../../../audit/model/apply.ts'
import type { PhaseModel, RunModel } from '../../../audit/model/run.ts'
import { summarize } from '../../../audit/model/summary.ts'
import { againstIdle, counterGrowth, perSecond } from '../../../audit/model/telemetry.ts'
import type { RecordingRecord } from '../../../audit/recording/format.ts'
import { header, phase } from './records.ts'

const second = 1e6
const whole = (source: string, atUs: number, values: Record<string, number>): RecordingRecord => ({
  type: 'telemetry',
  t_us: atUs,
  source,
  values,
})
const partial = (source: string, atUs: number, values: Record<string, number>): RecordingRecord => ({
  type: 'telemetry',
  t_us: atUs,
  source,
  values,
  partial: true,
})
function replay(...records: RecordingRecord[]): RunModel {
  const model = createRunModel(new Map())
  for (const record of [header(), ...records]) applyRecord(model, record)
  return model
}
function phaseOf(model: RunModel, id: number): PhaseModel {
  const found = model.phases.find((one) => one.id === id)
  if (!found) throw new Error(`no phase ${id}`)
  return found
}
/** One phase of 10 s with these samples of a source. */
const during = (source: string, ...samples: Record<string, number>[]): PhaseModel =>
  phaseOf(replay(phase(1, 'a', 0), ...samples.map((values, n) => whole(source, n * second, values))), 1)

describe('a counter', () => {
  test.each<[string, Record<string, number>[], number | null]>([
    ['that grew', [{ drop: 3 }, { drop: 5 }], 2],
    ['that stood still', [{ drop: 3 }, { drop: 3 }], 0],
    ['that began anew', [{ drop: 300 }, { drop: 2 }, { drop: 900 }], null],
    ['that was away for a while', [{ drop: 3 }, { found: 1 }, { drop: 5 }], null],
    ['that is away at the end', [{ drop: 3 }, { found: 1 }], null],
    ['that came later', [{ found: 1 }, { drop: 5 }, { drop: 6 }], null],
    ['that was read once', [{ drop: 3 }], null],
    ['that was never read', [{ found: 1 }, { found: 1 }], null],
  ])('%s', (_, samples, expected) => {
    expect(counterGrowth(during('conntrack', ...samples), 'conntrack', 'drop')).toBe(expected)
  })

  test('is never negative, and unknown whenever it fell, whatever it did', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 2, maxLength: 10 }), (values) => {
        const seen = during('vmstat', ...values.map((oom_kill) => ({ oom_kill })))
        const fell = values.some((value, at) => at > 0 && value < (values[at - 1] ?? 0))
        const expected = fell ? null : (values.at(-1) ?? 0) - (values[0] ?? 0)
        expect(counterGrowth(seen, 'vmstat', 'oom_kill')).toBe(expected)
      }),
    )
  })

  test('that began anew in one phase is known again in the next', () => {
    const model = replay(
      ...[phase(1, 'a', 0), whole('vmstat', 0, { oom_kill: 9 }), whole('vmstat', second, { oom_kill: 1 })],
      ...[phase(1, 'a', 0, second), phase(2, 'b', second), partial('vmstat', 2 * second, { oom_kill: 4 })],
    )
    expect([1, 2].map((id) => counterGrowth(phaseOf(model, id), 'vmstat', 'oom_kill'))).toEqual([null, 3])
    const [a, b] = summarize(model, new Map()).phases
    expect(a).toMatchObject({ counters: {}, restarted: ['vmstat.oom_kill'] })
    expect(b).toMatchObject({ counters: { 'vmstat.oom_kill': 3 } })
    expect(b).not.toHaveProperty('restarted')
  })
})

describe('samples of what changed', () => {
  test('come to the same as whole ones, in every phase', () => {
    const step = fc.record({ oom_kill: fc.nat(3), pgfault: fc.nat(3), boundary: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        const values = { oom_kill: 0, pgfault: 0 }
        let id = 1
        const wholes: RecordingRecord[] = [phase(1, 'p', 0)]
        const partials: RecordingRecord[] = [phase(1, 'p', 0)]
        for (const [at, { boundary, ...grown }] of steps.entries()) {
          const atUs = (at + 1) * second
          const before = { ...values }
          values.oom_kill += grown.oom_kill
          values.pgfault += grown.pgfault
          const changed = Object.entries(values).filter(
            ([name, value]) => value !== before[name as keyof typeof before],
          )
          wholes.push(whole('vmstat', atUs, { ...values }))
          partials.push(
            at === 0 ? whole('vmstat', atUs, { ...values }) : partial('vmstat', atUs, Object.fromEntries(changed)),
          )
          if (!boundary) continue
          for (const records of [wholes, partials]) records.push(phase(id, 'p', 0, atUs), phase(id + 1, 'p', atUs))
          id++
        }
        expect(replay(...partials).phases).toEqual(replay(...wholes).phases)
      }),
    )
  })

  test('change nothing of a phase that has ended', () => {
    const model = replay(
      ...[phase(1, 'a', 0), whole('files', 0, { allocated: 5 }), phase(1, 'a', 0, second)],
      ...[partial('files', 2 * second, { allocated: 90 }), phase(2, 'b', 3 * second)],
    )
    expect(phaseOf(model, 1).telemetry.get('files')).toMatchObject({ last: { allocated: 5 }, high: { allocated: 5 } })
    expect(phaseOf(model, 2).telemetry.get('files')?.first).toEqual({ allocated: 90 })
  })

  test('of a recording whose beginning is lost count from the first that is there', () => {
    const model = replay(
      phase(1, 'a', 0),
      partial('vmstat', 0, { oom_kill: 2 }),
      partial('vmstat', second, { oom_kill: 5 }),
    )
    expect(counterGrowth(phaseOf(model, 1), 'vmstat', 'oom_kill')).toBe(3)
  })
})

describe('a level', () => {
  const model = replay(
    ...[phase(1, 'a', 0), whole('resources', 0, { fds: 10, fd_limit: 100 })],
    ...[70, 30].map((fds, n) => partial('resources', (n + 1) * second, { fds })),
    ...[phase(1, 'a', 0, 2 * second), phase(2, 'b', 2 * second), partial('resources', 3 * second, {})],
  )
  test('has its least and its most in the phase', () => {
    expect(phaseOf(model, 1).telemetry.get('resources')).toMatchObject({
      ...{ low: { fds: 10, fd_limit: 100 }, high: { fds: 70, fd_limit: 100 }, restarted: [] },
    })
  })

  test('that did not change since the phase before is one of this phase', () => {
    expect(phaseOf(model, 2).telemetry.get('resources')).toMatchObject({
      low: { fds: 30 },
      high: { fds: 30, fd_limit: 100 },
    })
  })

  test('is in the summary with its last and its most, and not among the counters', () => {
    const [a] = summarize(model, new Map()).phases
    expect(a?.gauges).toMatchObject({ 'resources.fds': { last: 30, max: 70 } })
    expect(a?.counters).toEqual({})
  })

  test('of ever new names is kept for a bounded number of them', () => {
    const names = Array.from({ length: 5000 }, (_, n) => whole('connections', n, { [`to 127.0.0.1:${n}`]: 1 }))
    const seen = phaseOf(replay(phase(1, 'a', 0), ...names), 1).telemetry.get('connections')
    expect(Object.keys(seen?.high ?? {}).length).toBeLessThan(300)
    expect(Object.keys(seen?.last ?? {})).toHaveLength(1)
  })
})

describe('against idle', () => {
  const model = replay(
    ...[phase(1, 'idle', 0), whole('vmstat', 0, { pgfault: 0 }), whole('vmstat', 10 * second, { pgfault: 50 })],
    ...[phase(1, 'idle', 0, 10 * second), phase(2, 'stress', 10 * second)],
    whole('vmstat', 12 * second, { pgfault: 450 }),
  )
  test('a counter is told per second of both', () => {
    expect(againstIdle(model, phaseOf(model, 2), 'vmstat', 'pgfault')).toEqual({ perSecond: 200, idlePerSecond: 5 })
    expect(perSecond(phaseOf(model, 2), 'vmstat', 'pgfault')).toBe(200)
  })

  test('is unknown without an idle phase, and for what was not sampled', () => {
    expect(againstIdle(model, phaseOf(model, 1), 'vmstat', 'pgfault')).toEqual({ perSecond: 5, idlePerSecond: null })
    expect(againstIdle(model, phaseOf(model, 2), 'vmstat', 'no')).toEqual({ perSecond: null, idlePerSecond: null })
  })
})
