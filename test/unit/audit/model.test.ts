import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createHdr } from '../../../audit/load/hdr.ts'
import { applyRecord, createRunModel, intervalsOf, profileOf } from '../../../audit/model/apply.ts'
import { costOf } from '../../../audit/model/cost.ts'
import type { PhaseModel, RunModel } from '../../../audit/model/run.ts'
import { summarize } from '../../../audit/model/summary.ts'
import { pathOf } from '../../../audit/profile/frame.ts'
import { columnTotals } from '../../../audit/profile/totals.ts'
import type { LoadRecord, RecordingRecord, StackRow } from '../../../audit/recording/format.ts'
import { parseRecord, type RecordingLine } from '../../../audit/recording/reader.ts'
import { defineProbe, type Probe } from '../../../probes/define.ts'
import { count, peak } from '../../../probes/record.ts'
import { header, ndjson, note, phase } from './records.ts'

interface Data {
  events: number
  deepest: number | null
}
/** A probe as small as one can be that has data, figures and stacks in two views. */
const waits = defineProbe<object, Data>({
  name: 'waits',
  rank: 1,
  question: 'How often does it wait?',
  blindTo: [],
  cost: 'low',
  isDefault: true,
  params: z.object({}),
  variants: [],
  record: z.object({ events: count(), deepest: peak().nullable() }),
  stackUnit: 'ns',
  draw: {
    tab: 'Waits',
    lanes: [{ label: 'rate', figures: ['rate'] }],
    figures: (data, scope) => [
      { key: 'events', label: 'events', value: data.events, unit: 'count', better: 'lower' },
      { key: 'rate', label: 'events', value: (data.events * 1e6) / scope.durationUs, unit: 'per_s', better: 'lower' },
      {
        key: 'per_request',
        label: 'events per request',
        value: scope.requests ? data.events / scope.requests : null,
        unit: 'per_request',
        better: 'lower',
      },
      {
        key: 'blocked_per_request',
        label: 'blocked per request',
        value: scope.requests ? (data.events * 5000) / scope.requests : null,
        unit: 'ns_per_request',
        better: 'lower',
      },
    ],
    flame: {
      unit: 'ns',
      title: 'Waits',
      views: [
        { name: 'blocked', title: 'blocked', keep: (dims) => dims['state'] === 'blocked' },
        { name: 'all', title: 'all', keep: () => true },
      ],
    },
  },
  estimateNs: (data) => data.events * 1000,
})
const catalog: ReadonlyMap<string, Probe> = new Map([['waits', waits as Probe]])

function replay(lines: readonly RecordingLine[]): RunModel {
  const model = createRunModel(catalog)
  for (const line of lines) applyRecord(model, line)
  return model
}
const phaseNamed = (model: RunModel, name: string): PhaseModel => {
  const found = model.phases.find((one) => one.name === name)
  if (!found) throw new Error(`no phase ${name}`)
  return found
}

const ms = 1000
const window = (id: number, startUs: number, endUs: number, data: unknown, probe = 'waits'): RecordingRecord => ({
  type: 'window',
  probe,
  phase: id,
  start_us: startUs,
  end_us: endUs,
  data,
})
const stacks = (id: number, rows: StackRow[]): RecordingRecord => ({
  type: 'stacks',
  probe: 'waits',
  phase: id,
  start_us: 0,
  end_us: 1,
  unit: 'ns',
  rows,
})
const telemetry = (atUs: number, values: Record<string, number>): RecordingRecord => ({
  type: 'telemetry',
  t_us: atUs,
  source: 'netns',
  values,
})
const loss = (startUs: number, endUs: number, kind: 'map_full' | 'lost_events', n: number): RecordingRecord => ({
  type: 'loss',
  start_us: startUs,
  end_us: endUs,
  probe: 'tracer',
  kind,
  count: n,
})
const overhead = (atUs: number, tracerNs: number, bpfNs?: Record<string, number>): RecordingRecord => ({
  type: 'overhead',
  t_us: atUs,
  tracer_cpu_ns: tracerNs,
  recorder_cpu_ns: tracerNs / 2,
  ...(bpfNs ? { bpf_ns: bpfNs } : {}),
})
const hdr = (all: readonly number[]) => {
  const histogram = createHdr()
  for (const one of all) histogram.recordMs(one)
  return histogram.encode()
}
const load = (
  id: number,
  startUs: number,
  endUs: number,
  more: Partial<LoadRecord>,
  response: number[],
): LoadRecord => ({
  type: 'load',
  phase: id,
  start_us: startUs,
  end_us: endUs,
  target_rps: 10,
  sent: response.length,
  done: response.length,
  errors: {},
  in_flight: 0,
  queued: 0,
  hist: { response: hdr(response), service: hdr(response), send_lag: hdr([0]) },
  ...more,
})

/** Two phases as a recorder writes them. */
const run: RecordingRecord[] = [
  header(),
  phase(1, 'baseline', 0),
  telemetry(0, { overflows: 100, rto: 7 }),
  overhead(0, 0),
  window(1, 0, 400 * ms, { events: 4, deepest: 3 }),
  { type: 'frames', from: 0, names: ['main', 'read', 'schedule_[k]'] },
  stacks(1, [
    [500, 2, [0, 1, 2], { state: 'blocked' }],
    [70, 1, [0, 1], { state: 'runnable' }],
  ]),
  telemetry(400 * ms, { overflows: 103, rto: 7 }),
  overhead(400 * ms, 8e6),
  load(1, 0, 500 * ms, { errors: { timeout: 1 }, generator_cpu_us: 10 }, [1, 2, 3, 100]),
  window(1, 400 * ms, 1000 * ms, { events: 6, deepest: 1 }),
  loss(400 * ms, 1000 * ms, 'map_full', 2),
  telemetry(1000 * ms, { overflows: 110, rto: 7 }),
  overhead(1000 * ms, 20e6),
  phase(1, 'baseline', 0, 1000 * ms),
  phase(2, 'stress', 1000 * ms),
  // An answer that came late, and its slice after the phase was over: it belongs to the phase of its start.
  load(1, 500 * ms, 1000 * ms, { errors: { timeout: 2, reset: 1 }, generator_cpu_us: 5 }, [1, 2]),
  window(2, 1000 * ms, 3000 * ms, { events: 50, deepest: null }),
  { type: 'frames', from: 3, names: ['futex_[k]'] },
  stacks(2, [[9000, 4, [0, 1, 3], { state: 'blocked' }]]),
  loss(1000 * ms, 3000 * ms, 'lost_events', 5),
  telemetry(3000 * ms, { overflows: 150, rto: 9 }),
  overhead(3000 * ms, 120e6),
  { type: 'mark', t_us: 1000 * ms, text: 'stress' },
  note('something', 3000 * ms),
  phase(2, 'stress', 1000 * ms, 3000 * ms),
  { type: 'end', t_us: 3100 * ms, reason: 'done', exit_code: 0, verdict: 'done' },
]

describe('a recording becomes a model', () => {
  const model = replay(run)

  test('with its phases in order, each with its span', () => {
    expect(model.phases.map(({ id, name, startUs, endUs }) => [id, name, startUs, endUs])).toEqual([
      [1, 'baseline', 0, 1000 * ms],
      [2, 'stress', 1000 * ms, 3000 * ms],
    ])
    expect(model.current?.name).toBe('stress')
    expect(model.nowUs).toBe(3100 * ms)
    expect(model.header?.tool).toBe('probe/0.1.0')
    expect(model.end?.reason).toBe('done')
    expect(model.revision).toBe(run.length)
  })

  test('with the windows of a phase added up by the probe’s own rules, and kept', () => {
    const seen = phaseNamed(model, 'baseline').probes.get('waits')
    expect(seen).toMatchObject({ windows: 2, coveredUs: 1000 * ms, data: { events: 10, deepest: 3 }, hasStacks: true })
    expect(seen?.history.map(({ data }) => data)).toEqual([
      { events: 4, deepest: 3 },
      { events: 6, deepest: 1 },
    ])
    expect(phaseNamed(model, 'stress').probes.get('waits')?.data).toEqual({ events: 50, deepest: null })
  })

  test('with counters that go on over the boundary: what grew between two samples is in one phase only', () => {
    const grown = (name: string) => {
      const seen = phaseNamed(model, name).telemetry.get('netns')
      return (seen?.last['overflows'] ?? 0) - (seen?.first['overflows'] ?? 0)
    }
    expect([grown('baseline'), grown('stress')]).toEqual([10, 40])
    expect(phaseNamed(model, 'stress').telemetry.get('netns')).toMatchObject({ firstUs: 1000 * ms, lastUs: 3000 * ms })
  })

  test('with each loss in the phase it happened in', () => {
    expect(phaseNamed(model, 'baseline').loss).toEqual({ map_full: 2 })
    expect(phaseNamed(model, 'stress').loss).toEqual({ lost_events: 5 })
    expect(model.loss).toHaveLength(2)
  })

  test('with requests in the phase of their start, sums exact and percentiles of all slices', () => {
    const found = phaseNamed(model, 'baseline').load
    expect(found).toMatchObject({
      sent: 6,
      done: 6,
      errors: { timeout: 3, reset: 1 },
      generatorCpuUs: 15,
      planned: 10,
      startUs: 0,
      endUs: 1000 * ms,
    })
    expect(found?.response?.max).toBeCloseTo(100, 0)
    expect(found?.response?.p50).toBeCloseTo(2, 1)
    expect(found?.history.map(({ rps, errors }) => [rps, errors])).toEqual([
      [8, 1],
      [4, 3],
    ])
    expect(phaseNamed(model, 'stress').load).toBeNull()
  })
  test('a slice of a few ms, the last answer of a phase, has no rate of its own', () => {
    const model = createRunModel(catalog)
    const slices = [load(1, 0, 1_000_000, {}, [1, 1, 1, 1]), load(1, 1_000_000, 1_001_600, { target_rps: 0 }, [1])]
    for (const record of [phase(1, 'soak', 0), ...slices]) applyRecord(model, record)
    const seen = model.phases[0]?.load
    expect(seen?.done).toBe(5)
    expect(seen?.history.map(({ endUs, rps }) => [endUs, Math.round(rps * 100) / 100])).toEqual([[1_001_600, 4.99]])
  })

  test('with a profile of a column for each phase and one for each view', () => {
    const blocked = profileOf(model, 'waits')
    const all = profileOf(model, 'waits', 'all')
    if (!blocked || !all) throw new Error('no profile')
    expect(blocked.columns).toEqual(['1', '2'])
    expect(columnTotals(blocked, '1')[0]).toBe(500)
    expect(columnTotals(blocked, '2')[0]).toBe(9000)
    expect(columnTotals(all, '1')[0]).toBe(570)
    const paths = Array.from({ length: blocked.size }, (_, node) => pathOf(blocked, node).join(';'))
    expect(paths).toContain('main;read;futex_[k]')
    expect(profileOf(model, 'waits', 'no such view')).toBeNull()
    expect(profileOf(model, 'another probe')).toBeNull()
  })

  test('with notes and marks', () => {
    expect(model.notes).toEqual([
      { tUs: 1000 * ms, text: 'stress', kind: 'mark' },
      { tUs: 3000 * ms, text: 'something', kind: 'note' },
    ])
  })

  test('with the cost of tracing as a share of a core, of the run and of a phase', () => {
    expect(costOf(model, null, [waits as Probe])).toMatchObject({ tracerPct: 4, recorderPct: 2 })
    expect(costOf(model, phaseNamed(model, 'baseline'), []).tracerPct).toBeCloseTo(2)
    expect(costOf(model, phaseNamed(model, 'stress'), []).tracerPct).toBeCloseTo(5)
  })

  test('with the cost of the programs estimated where the kernel does not measure it', () => {
    const cost = costOf(model, phaseNamed(model, 'stress'), [waits as Probe])
    // 50 events x 1000 ns in 2 s
    expect(cost).toMatchObject({ bpfEstimated: true, bpfPct: 0.0025 })
    const measured = replay([header(), phase(1, 'a', 0), overhead(0, 0, { p: 5 }), overhead(ms, 0, { p: 105, q: 100 })])
    expect(costOf(measured, null, [])).toMatchObject({ bpfEstimated: false, bpfPct: 0.02 })
    expect(costOf(replay([header()]), null, []).bpfPct).toBeNull()
  })
})

describe('live and replayed are the same', () => {
  test('after every record', () => {
    const live = createRunModel(catalog)
    const written: string[] = []
    for (const record of run) {
      applyRecord(live, record)
      written.push(ndjson([record]).trim())
      const replayed = replay(written.map((line) => parseRecord(line) ?? { type: 'skipped', line: 0 }))
      expect(replayed).toEqual(live)
      expect(summarize(replayed, catalog)).toEqual(summarize(live, catalog))
    }
  })

  test('the records themselves are not changed by it', () => {
    const before = structuredClone(run)
    replay(run)
    expect(run).toEqual(before)
  })
})

describe('the summary', () => {
  const model = replay(run)
  const { phases, cost, loss: lost } = summarize(model, catalog)

  test('says each phase in numbers that stand without the tool', () => {
    expect(phases[0]).toMatchObject({
      id: 1,
      name: 'baseline',
      duration_us: 1000 * ms,
      planned: 10,
      sent: 6,
      done: 6,
      rps: 6,
      errors: { timeout: 3, reset: 1 },
      figures: { 'waits.events': 10, 'waits.rate': 10 },
      counters: { 'netns.overflows': 10 },
      loss: { map_full: 2 },
    })
    expect(phases[0]?.per_request['waits']).toBeCloseTo(10 / 6)
    expect(phases[0]?.per_request['waits_blocked_us']).toBeCloseTo((10 * 5) / 6)
    expect(lost).toEqual({ map_full: 2, lost_events: 5 })
    expect(cost.tracer_cpu_pct).toBe(4)
  })

  test('calls a phase invalid whose plan was not kept, and says why', () => {
    expect(phases[0]?.valid).toBe(false)
    expect(phases[0]?.reasons.join()).toMatch(/\S/)
    expect(phases[1]).toMatchObject({ valid: true, reasons: [] })
  })

  test('leaves unknown what is unknown', () => {
    expect(phases[1]).toMatchObject({ planned: null, sent: null, done: null, rps: null, response_ms: null })
    expect(phases[1]?.per_request).toEqual({ waits: null, waits_blocked_us: null })
  })

  test('has only what JSON can hold', () => {
    const summary = summarize(model, catalog)
    expect(parseRecord(JSON.stringify(summary))).toEqual(summary)
  })
})

describe('a recording that is odd', () => {
  test('a window of a phase nobody began is passed over', () => {
    const model = replay([header(), window(9, 0, 1, { events: 1, deepest: 1 }), stacks(9, [[1, 1, [0]]])])
    expect(model.phases).toEqual([])
  })

  test('a probe the catalog does not know is kept by its latest window', () => {
    const model = replay([
      header(),
      phase(1, 'a', 0),
      window(1, 0, 1, { n: 1 }, 'later'),
      window(1, 1, 2, { n: 2 }, 'later'),
    ])
    expect(model.phases[0]?.probes.get('later')).toMatchObject({ windows: 2, data: { n: 2 } })
    expect(() => summarize(model, catalog)).not.toThrow()
  })

  test.each([
    ['null', null],
    ['a number', 4],
    ['other keys', { listeners: {} }],
    ['a count that is a text', { events: '4', deepest: null }],
  ])('a window whose data is not what its probe records is skipped: %s', (_, data) => {
    const good = { events: 1, deepest: 1 }
    const model = replay([
      header(),
      phase(1, 'a', 0),
      window(1, 0, 1, data),
      window(1, 1, 2, good),
      window(1, 2, 3, data),
    ])
    expect(model.skipped).toBe(2)
    expect(model.phases[0]?.probes.get('waits')).toMatchObject({ windows: 1, data: good })
    expect(() => summarize(model, catalog)).not.toThrow()
  })

  test('a load record whose histogram is none is skipped', () => {
    const broken = { ...load(1, 0, 1, {}, [1]), hist: { response: 'AAAA', service: '', send_lag: '!' } }
    const model = replay([header(), phase(1, 'a', 0), broken])
    expect(model.skipped).toBe(1)
    expect(model.phases[0]?.load).toBeNull()
  })

  test('a stack whose frames have no name is kept as unknown', () => {
    const model = replay([header(), phase(1, 'a', 0), stacks(1, [[5, 1, [7, 8], { state: 'blocked' }]])])
    const profile = profileOf(model, 'waits')
    expect(profile && pathOf(profile, 2)).toEqual(['[unknown]', '[unknown]'])
  })

  test('lines that were not understood are counted', () => {
    expect(replay([header(), { type: 'skipped', line: 2 }]).skipped).toBe(1)
  })

  test('a model that nobody made is refused', () => {
    expect(() => profileOf({ ...createRunModel(catalog) }, 'waits')).toThrow(TypeError)
  })
})

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
