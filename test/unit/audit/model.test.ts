import { describe, expect, test } from 'vitest'
import { applyRecord, createRunModel, profileOf } from '../../../audit/model/apply.ts'
import { costOf } from '../../../audit/model/cost.ts'
import { summarize } from '../../../audit/model/summary.ts'
import { pathOf } from '../../../audit/profile/frame.ts'
import { columnTotals } from '../../../audit/profile/totals.ts'
import type { RecordingRecord } from '../../../audit/recording/format.ts'
import { parseRecord } from '../../../audit/recording/reader.ts'
import type { Probe } from '../../../probes/define.ts'
import { header, ndjson, note, phase } from './records.ts'
import { catalog, load, loss, ms, overhead, phaseNamed, replay, stacks, telemetry, waits, window } from './small-run.ts'

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
