import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyRecord, createRunModel, intervalsOf } from '../../../audit/model/apply.ts'
import { costOf } from '../../../audit/model/cost.ts'
import { header, phase } from './records.ts'
import { catalog, load, ms, overhead, replay, window } from './small-run.ts'

test('what a screen keeps of a long run is bounded, and its sums are not touched by that', () => {
  const windows = Array.from({ length: 1000 }, (_, n) => window(1, n, n + 1, { events: 1, deepest: n }))
  const costs = Array.from({ length: 10_000 }, (_, n) => overhead(n * ms, n * 1e5))
  const model = replay([header(), phase(1, 'a', 0), ...windows, ...costs])
  const seen = model.phases[0]?.probes.get('waits')
  expect(seen?.history.length).toBeLessThan(500)
  expect(seen?.history.reduce((sum, { data }) => sum + Number((data as { events: number }).events), 0)).toBe(1000)
  expect(seen?.history.at(-1)?.data).toEqual({ events: 1, deepest: 999 })
  expect(seen).toMatchObject({ windows: 1000, data: { events: 1000, deepest: 999 } })
  expect(model.overhead.length).toBeLessThan(5000)
  expect(costOf(model, null, []).tracerPct).toBeCloseTo(10)
})

test('lanes reach back to the start of a long phase, older parts more coarsely, and their latencies are of all requests', () => {
  const slices = Array.from({ length: 1000 }, (_, s) => load(1, s * 1e6, (s + 1) * 1e6, {}, [s < 500 ? 1 : 100]))
  const history = replay([header(), phase(1, 'soak', 0), ...slices]).phases[0]?.load?.history ?? []
  expect(history.length).toBeLessThan(500)
  expect(history.map(({ startUs }) => startUs)).toEqual([0, ...history.map(({ endUs }) => endUs).slice(0, -1)])
  const old = history.filter(({ endUs }) => endUs < 900e6).map(({ startUs, endUs }) => (endUs - startUs) / 1e6)
  expect(Math.max(...old)).toBeLessThanOrEqual(4 * Math.min(...old))
  expect(history.slice(-30).every(({ startUs, endUs }) => endUs - startUs === 1e6)).toBe(true)
  for (const span of history) {
    expect(span.rps).toBeCloseTo(1)
    expect(span.p50Ms).toBeCloseTo(span.endUs <= 501e6 ? 1 : 100, 0)
  }
})

test('of a run that nobody looks back on only sums and the latest are kept', () => {
  const model = createRunModel(catalog, { looksBack: false })
  const windows = Array.from({ length: 10 }, (_, n) => window(1, n, n + 1, { events: 1, deepest: n }))
  for (const record of [header(), phase(1, 'a', 0), ...windows]) applyRecord(model, record)
  const seen = model.phases[0]?.probes.get('waits')
  expect(seen).toMatchObject({ windows: 10, data: { events: 10, deepest: 9 } })
  expect(seen?.history.map(({ startUs }) => startUs)).toEqual([8, 9])
})

test('windows add up to the same in whatever pieces the phase was cut', () => {
  const pieces = fc.array(fc.record({ events: fc.nat(1000), deepest: fc.option(fc.nat(50)) }), {
    minLength: 1,
    maxLength: 20,
  })
  fc.assert(
    fc.property(pieces, (all) => {
      const model = replay([header(), phase(1, 'a', 0), ...all.map((data, n) => window(1, n, n + 1, data))])
      const depths = all.flatMap(({ deepest }) => (deepest === null ? [] : [deepest]))
      expect(model.phases[0]?.probes.get('waits')?.data).toEqual({
        events: all.reduce((n, { events }) => n + events, 0),
        deepest: depths.length > 0 ? Math.max(...depths) : null,
      })
    }),
  )
})

test('numbers of a phase are stated with where another run may lie, once there is enough of it to tell', () => {
  const model = createRunModel(catalog)
  for (const record of [header({ plan: {} }), phase(1, 'soak', 0)]) applyRecord(model, record)
  const second = (s: number) => {
    const [from, to] = [s * 1_000_000, (s + 1) * 1_000_000]
    applyRecord(model, window(1, from, to, { events: s % 2 === 0 ? 39 : 41, deepest: 1 }))
    applyRecord(model, load(1, from, to, {}, s % 2 === 0 ? [9, 9, 9, 9] : [11, 11, 11, 11]))
  }
  const [soak] = model.phases
  if (!soak) throw new Error('no phase')
  for (let s = 0; s < 4; s++) second(s)
  expect(intervalsOf(model, soak)).toEqual({})
  for (let s = 4; s < 40; s++) second(s)
  const { 'response_ms.p50': p50, 'waits.per_request': events } = intervalsOf(model, soak)
  // 40 seconds of 9.75 or 10.25 events a request: 0.25 / sqrt(39), twice, to either side of 10; and 2 % from run to run.
  const half = Math.hypot(0.081, 1.96 * 0.02 * 10)
  expect(events?.low).toBeCloseTo(10 - half, 2)
  expect(events?.high).toBeCloseTo(10 + half, 2)
  // Medians of 9 or 11 ms (9 of all) vary four times as much, and 8 % from run to run.
  const wide = Math.hypot(4 * 0.081, 1.96 * 0.08 * 9)
  expect((p50?.high ?? 0) - (p50?.low ?? 0)).toBeCloseTo(2 * wide, 1)
})
