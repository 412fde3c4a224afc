import { describe, expect, it } from 'vitest'
import { phaseTable } from '../../../ui/text/phases.ts'
import { progressLine, textSummary } from '../../../ui/text/summary.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'
import { summaryOf } from './hand-made.ts'

const catalog = syntheticCatalog()
const recording = { path: 'run.ndjson', bytes: 317_440 }

describe('textSummary', () => {
  it('says of a run without phases what was found, a line for each probe', () => {
    const { model } = syntheticRun(5)
    expect(textSummary(model, catalog, recording)).toMatchInlineSnapshot(`
      "api[4242] +3 processes, port 8080, kernel 6.1.0, bpftrace 0.17 (tracepoint)
      waits           served 0/s   turned away 0
      calls           top: epoll_wait 0 · read 0 · write 0
      stalls          nothing seen
      cost            tracer 1.10 % of a core   kernel programs 0 % (estimate)   loss none
      recording       run.ndjson (310 KiB)   next: probe flame run.ndjson -o off-cpu.svg"
    `)
  })

  it('adds the table when there are phases', async () => {
    await expect(`${textSummary(syntheticRun(60).model, catalog, recording)}\n`).toMatchFileSnapshot(
      'golden/summary.txt',
    )
  })

  it('names loss, notes once, and an early end', () => {
    const { model } = syntheticRun(5)
    model.loss.push({ startUs: 0, endUs: 1, probe: 'stalls', kind: 'map_full', count: 12 })
    for (let n = 0; n < 3; n++) model.notes.push({ tUs: n, text: 'kernel locks: unknown here', kind: 'note' })
    model.end = { type: 'end', reason: 'target_exited', exit_code: 0, verdict: '' }
    const lines = textSummary(model, catalog).split('\n')
    expect(lines.find((line) => line.startsWith('cost'))).toContain('loss 12 map full')
    expect(lines.slice(-3)).toEqual([
      'note: kernel locks: unknown here',
      'warning: data was lost; sums are a lower bound',
      'ended: target exited',
    ])
  })

  it('claims no loss only where the kernel counts the events that it skips', () => {
    const { model } = syntheticRun(5)
    const cost = () =>
      textSummary(model, catalog)
        .split('\n')
        .find((line) => line.includes('loss'))
    expect(cost()).toContain('loss none')
    model.loss.push({ startUs: 0, endUs: 1, probe: 'tracer', kind: 'skipped', count: 48 })
    expect(cost()).toContain('loss 48 skipped')
    expect(textSummary(model, catalog)).toContain('warning: the kernel skipped events while another BPF program ran')
    model.loss.pop()
    for (const sample of model.overhead) sample.skippedEvents = null
    expect(textSummary(model, catalog)).toMatch(/loss none seen \(whether events were\s+skipped is unknown here\)/)
    expect(textSummary(model, catalog)).not.toContain('loss none\n')
  })

  it('says that nothing was recorded instead of zeros', () => {
    const { model } = syntheticRun(0)
    expect(textSummary(model, catalog)).toContain('no window yet')
    expect(textSummary({ ...model, header: null }, catalog).split('\n')[0]).toBe('no recording')
  })

  it('fits 100 columns, also with long names', () => {
    const { model } = syntheticRun(60)
    for (const phase of model.phases) phase.name = `${phase.name}-with-a-very-long-name`
    for (const line of textSummary(model, catalog, recording).split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })
})

describe('phaseTable', () => {
  const rowOf = (table: string, label: string) => table.split('\n').find((line) => line.startsWith(label)) ?? ''

  it('marks what is worse than in the baseline, and only that', () => {
    const table = phaseTable(syntheticRun(60).model, catalog)
    expect(rowOf(table, 'Waits waited mean')).toMatch(/32\.5 µs\s+10\.5 ms ×323$/)
    expect(rowOf(table, 'overflows, namespace')).toMatch(/0\s+245 new$/)
    expect(rowOf(table, 'Waits served')).not.toContain('×')
    expect(rowOf(table, 'requests/s')).not.toContain('×')
  })

  it('marks what is beyond all measure in the same four columns', () => {
    const { model } = syntheticRun(60)
    const netns = (count: number) => ({
      firstUs: 0,
      lastUs: 1e6,
      first: { 'TcpExt.ListenOverflows': 0 },
      last: { 'TcpExt.ListenOverflows': count },
      low: {},
      high: {},
      restarted: [],
    })
    for (const [i, count] of [0, 1, 5000].entries()) model.phases[i]?.telemetry.set('netns', netns(count))
    expect(rowOf(phaseTable(model, catalog), 'overflows, namespace')).toMatch(/ 1 +5\.00 k ×1k\+$/)
  })

  it('has the CPU of the target, and marks it where a request costs more', () => {
    const { model } = syntheticRun(60)
    const using = (seconds: number, ns: number) => ({
      firstUs: 0,
      lastUs: seconds * 1e6,
      first: { cpu_ns: 0 },
      last: { cpu_ns: ns },
      low: {},
      high: {},
      restarted: [],
    })
    model.phases[1]?.telemetry.set('process', using(20, 5e9))
    model.phases[2]?.telemetry.set('process', using(35, 34e9))
    const table = phaseTable(model, catalog)
    expect(rowOf(table, 'target CPU (of a core)')).toMatch(/ – +25\.0 % +97\.1 %$/)
    expect(rowOf(table, 'target CPU/req')).toMatch(/ – +97\.7 µs +200 µs ×2\.0$/)
  })

  it('shows what a phase does not know as –', () => {
    const { model } = syntheticRun(60)
    expect(rowOf(phaseTable(model, catalog), 'response p99')).toMatch(/^response p99\s+–\s/)
    for (const phase of model.phases) phase.telemetry.clear()
    expect(phaseTable(model, catalog)).not.toContain('overflows')
  })

  it('shows the verdict on each phase when there is one', () => {
    const { model } = syntheticRun(60)
    const phase = { duration_us: 1, reasons: [], planned: null, sent: null, done: null, errors: {}, rps: null }
    const more = {
      response_ms: null,
      service_ms: null,
      send_lag_ms: null,
      per_request: {},
      figures: {},
      counters: {},
      loss: {},
    }
    const cost = { tracer_cpu_pct: null, bpf_cpu_pct: null, bpf_estimated: false, recorder_cpu_pct: null }
    model.summary = {
      type: 'summary',
      findings: [],
      loss: {},
      cost,
      phases: [
        { ...phase, ...more, cost, id: 1, name: 'baseline', kind: 'baseline', valid: true },
        { ...phase, ...more, cost, id: 2, name: 'stress', kind: 'stress', valid: false },
      ],
    }
    expect(rowOf(phaseTable(model, catalog), 'valid')).toMatch(/^valid\s+–\s+yes\s+no$/)
  })

  it('breaks more than five phases into blocks of 100 columns', () => {
    const { model } = syntheticRun(60)
    const last = model.phases.at(-1)
    if (!last) throw new Error('the run has phases')
    for (let n = 3; n < 8; n++) model.phases.push({ ...last, id: n, name: `mark-${n}` })
    const lines = phaseTable(model, catalog).split('\n')
    expect(lines.filter((line) => /^\s+\S*(idle|mark)/.test(line))).toHaveLength(2)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100)
  })
})

describe('a run of 500 phases', () => {
  const { model } = syntheticRun(60)
  const [baseline, stress] = model.phases.slice(1)
  if (!baseline || !stress) throw new Error('the run has phases')
  const step = (id: number, of: typeof baseline) => ({ ...of, id, name: `step-${id}`, startUs: id * 1e6 })
  const phases = Array.from({ length: 500 }, (_, id) =>
    id === 1 ? { ...baseline, id, startUs: 1e6 } : step(id, [250, 300].includes(id) ? stress : baseline),
  )
  const many = { ...model, phases, current: phases.at(-1) ?? null, revision: model.revision + 1 }

  it('is told in bounded words: the ends, the worst, and how many more there are', () => {
    const text = textSummary(many, catalog, recording)
    const heads = text.match(/(?:step-\d+|baseline)(?= )/g) ?? []
    for (const name of ['step-0', 'baseline', 'step-4', 'step-250', 'step-300', 'step-495', 'step-499'])
      expect(text).toMatch(new RegExp(`^ .*\\b${name}\\b`, 'm'))
    expect(heads).not.toContain('step-200')
    expect(text).toContain('and 488 more phases: shown are the first and last 5, and the worst (2);')
    expect(text.split('\n').length).toBeLessThan(200)
  })

  it('says of doubts, too, how many more there are', () => {
    const doubtful = {
      ...many,
      summary: summaryOf(...phases.map(() => ({ valid: false, name: 'x', reasons: ['lost'] }))),
    }
    const table = phaseTable(doubtful, catalog)
    expect(table.match(/is not valid: lost/g)).toHaveLength(20)
    expect(table).toMatch(/^and 480 more$/m)
  })
})

describe('progressLine', () => {
  it.each([
    [0, 'attaching'],
    [5, '00:05 idle 1/3   cost 1.10 % cpu   loss 0'],
    [60, '01:00 stress 3/3   4.86 k/s   p99 39.6 ms   errors 0.02 %   cost 1.10 % cpu   loss 0'],
  ])('after %i seconds', (seconds, expected) => {
    expect(progressLine(syntheticRun(seconds).model)).toBe(expected)
  })
})
