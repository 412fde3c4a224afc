import { describe, expect, test } from 'vitest'
import { applyRecord, createRunModel } from '../../../audit/model/apply.ts'
import { holdAgainst, judgingOf } from '../../../audit/model/judging.ts'
import { verdictOf } from '../../../audit/model/verdict.ts'
import type { Plan, SearchPhase, Thresholds, TimedPhase } from '../../../audit/plan/plan.ts'
import type { PhaseSummary, RecordingRecord, SummaryRecord } from '../../../audit/recording/format.ts'

const limits: Thresholds = { p50Ms: null, p99Ms: 50, p999Ms: null, errors: 0.01 }
const timed = (name: string, changes: Partial<TimedPhase> = {}): TimedPhase => ({
  type: 'timed',
  name,
  kind: name,
  durationMs: 1000,
  fromRps: 100,
  toRps: 100,
  discard: false,
  thresholds: null,
  ...changes,
})
const search: SearchPhase = {
  type: 'search',
  name: 'capacity',
  kind: 'stress',
  fromRps: 100,
  toRps: 10_000,
  stepMs: 1000,
  precision: 0.05,
  thresholds: null,
}
const plan = (changes: Partial<Plan> = {}): Plan => ({
  target: { url: null, select: { port: 8080 }, follow: false, command: null },
  peakRps: 100,
  load: { driver: 'none' },
  phases: [
    timed('warmup', { discard: true }),
    timed('stress', { thresholds: { ...limits, p99Ms: 90 } }),
    timed('soak'),
    search,
  ],
  thresholds: limits,
  abort: null,
  probes: null,
  budgets: { overheadPct: 10, loss: 0.05, achieved: 0.95, sendLagMs: null },
  intervalMs: 1000,
  out: null,
  written: null,
  secrets: [],
  consent: [],
  ceilingRps: null,
  ...changes,
})
const phase = (name: string, changes: Partial<PhaseSummary> = {}): PhaseSummary => ({
  id: 1,
  name,
  kind: name,
  duration_us: 1e6,
  valid: true,
  reasons: [],
  planned: 5000,
  sent: 5000,
  done: 5000,
  errors: {},
  rps: 5000,
  response_ms: null,
  service_ms: null,
  send_lag_ms: null,
  per_request: {},
  figures: {},
  counters: {},
  thresholds: [{ name: 'p99', limit: 50, value: 12, kept: true }],
  loss: {},
  cost: { tracer_cpu_pct: 1, bpf_cpu_pct: 1, bpf_estimated: false, recorder_cpu_pct: 1 },
  ...changes,
})
const summary = (...phases: PhaseSummary[]): SummaryRecord => ({
  type: 'summary',
  phases,
  findings: [],
  cost: { tracer_cpu_pct: 1, bpf_cpu_pct: 2, recorder_cpu_pct: 1 },
  loss: {},
})
const silent = { failed: null, reasons: [] }
const verdict = (of: SummaryRecord, changes: Partial<Plan> = {}, driver = silent as Parameters<typeof verdictOf>[3]) =>
  verdictOf(createRunModel(new Map()), of, plan(changes), driver)

describe('what a run comes to', () => {
  test('every limit kept: passed, and which phases that is about', () => {
    expect(verdict(summary(phase('idle', { thresholds: [] }), phase('stress')))).toEqual({
      exitCode: 0,
      text: 'passed: stress',
    })
  })
  test('of hundreds of phases the first are named, whatever is said of them', () => {
    const many = (changes: Partial<PhaseSummary>) =>
      summary(...Array.from({ length: 500 }, (_, id) => phase(`step ${id}`, changes)))
    const limit = { name: 'p99', limit: 50, value: 61, kept: false } as const
    const texts = [
      verdict(many({})),
      verdict(many({ done: 10 })),
      verdict(many({ valid: false, reasons: ['late'] })),
      verdict(many({ thresholds: [limit] }), {}, { failed: true, reasons: ['a threshold of its own'] }),
    ].map(({ text }) => text)
    expect(texts[3]).toMatch(/and 480 more; a threshold of its own$/)
    for (const text of texts) {
      expect(text).toContain('step 19')
      expect(text).toContain('and 480 more')
      expect(text.length).toBeLessThan(1500)
    }
  })
  test('nothing judged is no pass', () => {
    expect(verdict(summary(phase('idle', { thresholds: [] })))).toEqual({
      exitCode: 0,
      text: 'done: no phase was judged',
    })
  })
  test('a p99 of a few requests is said to be that', () => {
    expect(verdict(summary(phase('stress', { done: 999 }))).text).toMatch(
      /^passed: stress \(fewer than 1000 .* in stress/,
    )
  })
  test('what a search found, or a load tool says of a run that passed, is told with it', () => {
    const found = { failed: null, reasons: ['capacity: 800/s keeps the thresholds'] }
    expect(verdict(summary(phase('stress')), {}, found).text).toBe(
      'passed: stress; capacity: 800/s keeps the thresholds',
    )
    expect(verdict(summary(phase('capacity 800/s', { thresholds: [] })), {}, found)).toEqual({
      exitCode: 0,
      text: 'done: no phase was judged; capacity: 800/s keeps the thresholds',
    })
  })
  test('a broken limit: failed, with what it was', () => {
    const broken = phase('stress', {
      thresholds: [
        { name: 'p99', limit: 50, value: 61.234, kept: false },
        { name: 'errors', limit: 0.01, value: 0.023, kept: false },
      ],
    })
    expect(verdict(summary(broken))).toEqual({
      exitCode: 1,
      text: 'failed: stress: p99 61.2 ms, limit 50 ms; stress: errors 2.3 %, limit 1 %',
    })
  })
  test('a load tool whose own thresholds failed', () => {
    expect(verdict(summary(phase('stress')), {}, { failed: true, reasons: ['http_req_duration p(95)<200'] })).toEqual({
      exitCode: 1,
      text: 'failed: http_req_duration p(95)<200',
    })
  })
  test('an invalid phase is never a verdict on the target, whatever broke', () => {
    const invalid = phase('stress', {
      valid: false,
      reasons: ['the generator was late'],
      thresholds: [{ name: 'p99', limit: 50, value: 900, kept: null }],
    })
    const broken = phase('soak', { thresholds: [{ name: 'p99', limit: 50, value: 60, kept: false }] })
    expect(verdict(summary(invalid, broken))).toEqual({
      exitCode: 5,
      text: 'not valid: stress: the generator was late',
    })
  })
  test('a rate that was too high for the generator is the answer of a search, not a fault of the run', () => {
    const trial = phase('capacity 800/s', { valid: false, reasons: ['the generator was late'], thresholds: [] })
    expect(verdict(summary(phase('stress'), trial)).exitCode).toBe(0)
  })
  test('tracing above its budget', () => {
    expect(verdict(summary(phase('stress')), { budgets: { ...plan().budgets, overheadPct: 2.5 } })).toMatchObject({
      exitCode: 5,
      text: 'not valid: tracing cost 3.0 % of a core, budget 2.5 %',
    })
  })
  test.each([
    [1, 0],
    [2, 5],
  ])('of 20 windows %i lost events: exit %i', (lossy, exitCode) => {
    const model = createRunModel(new Map())
    const records: RecordingRecord[] = [{ type: 'phase', id: 1, name: 'stress', kind: 'stress', start_us: 0 }]
    for (let n = 0; n < 20; n++) {
      const span = { start_us: n * 1e6, end_us: (n + 1) * 1e6 }
      records.push({ type: 'window', probe: 'off-cpu', phase: 1, ...span, data: {} })
      // Two maps at their limit in one window are one lossy window; what queued before the attach is none.
      records.push({ type: 'loss', ...span, probe: 'off-cpu', kind: 'untracked', count: 3 })
      if (n < lossy)
        for (const kind of ['map_full', 'lost_events'] as const)
          records.push({ type: 'loss', ...span, probe: 'off-cpu', kind, count: 1 })
    }
    for (const record of records) applyRecord(model, record)
    expect(verdictOf(model, summary(phase('stress')), plan(), silent).exitCode).toBe(exitCode)
  })
  test.each([
    ['a few of very many events', 40, 0],
    ['more than the budget', 4000, 5],
  ])('the kernel skipped %s: %i of 10 000, exit %i', (_, skipped, exitCode) => {
    const model = createRunModel(new Map())
    const ctxt = (t_us: number, value: number): RecordingRecord => ({
      ...{ type: 'telemetry', t_us, source: 'cpu', values: { ctxt: value } },
    })
    const span = { start_us: 0, end_us: 1e6 }
    const records: RecordingRecord[] = [
      { type: 'phase', id: 1, name: 'stress', kind: 'stress', start_us: 0 },
      ctxt(0, 500),
      { type: 'window', probe: 'off-cpu', phase: 1, ...span, data: {} },
      { type: 'loss', ...span, probe: 'tracer', kind: 'skipped', count: skipped },
      ctxt(1e6, 10_500),
    ]
    for (const record of records) applyRecord(model, record)
    expect(verdictOf(model, summary(phase('stress')), plan(), silent)).toMatchObject({
      exitCode,
      ...(exitCode === 5 ? { text: expect.stringContaining('the kernel skipped 28.6 % of the events') } : {}),
    })
  })
})

describe('a phase is held against', () => {
  const { thresholdsOf, validity } = judgingOf(plan())
  test.each([
    ['its own limits', 'stress', 90],
    ['the plan’s, without its own', 'soak', 50],
    ['the plan’s, when a load tool named it', 'checkout', 50],
    ['nothing, when it is discarded', 'warmup', undefined],
    ['nothing, as a trial of a search', 'capacity 800/s', undefined],
    ['nothing, as the first trial of a search', 'capacity', undefined],
  ])('%s', (_, name, p99Ms) => {
    expect(thresholdsOf(name)?.p99Ms).toBe(p99Ms)
  })
  test('a lateness of the generator that is a tenth of the limit, 5 ms at least', () => {
    expect(validity.maxSendLagP99Ms).toBe(5)
    expect(judgingOf(plan({ thresholds: { ...limits, p99Ms: 200 } })).validity.maxSendLagP99Ms).toBe(20)
    expect(judgingOf(plan({ budgets: { ...plan().budgets, sendLagMs: 1 } })).validity.maxSendLagP99Ms).toBe(1)
  })

  const load = {
    done: 100,
    errors: { status: 1 },
    response: { p50: 1, p90: 2, p99: 50, p999: 80, max: 90 },
  }
  test('limits that are just kept, and those that are not', () => {
    expect(holdAgainst(load, limits, true)).toEqual([
      { name: 'p99', limit: 50, value: 50, kept: true },
      { name: 'errors', limit: 0.01, value: 0.01, kept: true },
    ])
    expect(holdAgainst({ ...load, errors: { status: 2 } }, { ...limits, p999Ms: 79 }, true)).toEqual([
      { name: 'p99', limit: 50, value: 50, kept: true },
      { name: 'p999', limit: 79, value: 80, kept: false },
      { name: 'errors', limit: 0.01, value: 0.02, kept: false },
    ])
  })
  test('nothing is proven by an invalid phase, nor by one without load', () => {
    expect(holdAgainst(load, limits, false).map(({ kept }) => kept)).toEqual([null, null])
    expect(holdAgainst(null, limits, true)).toEqual([
      { name: 'p99', limit: 50, value: null, kept: null },
      { name: 'errors', limit: 0.01, value: null, kept: null },
    ])
  })
})
