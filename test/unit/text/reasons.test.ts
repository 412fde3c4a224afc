import { describe, expect, it } from 'vitest'
import { reasonsOf } from '../../../ui/text/reasons.ts'
import { reasonTexts } from '../../../ui/text/remark.ts'
import { catalogOf, modelOf, probeOf, summaryOf, type Told } from './hand-made.ts'

const MS = 1e6
const offCpu = probeOf('off-cpu', [
  { key: 'blocked', threads: 'blocked', view: 'blocked' },
  { key: 'ready', threads: 'ready', view: 'ready' },
])
const onCpu = probeOf('on-cpu', [{ key: 'running', threads: 'running' }])
const queue = probeOf('accept-queue', [
  { key: 'p99', unit: 'ns' },
  { key: 'depth', unit: 'count' },
])
const catalog = catalogOf(queue, offCpu, onCpu)

const baseline: Told = {
  name: 'baseline',
  done: 10_000,
  p50: 4,
  p99: 10,
  figures: {
    'off-cpu': { blocked: MS, ready: MS },
    'on-cpu': { running: MS },
    'accept-queue': { p99: MS, depth: 1 },
  },
  grown: { 'TcpExt.ListenOverflows': 0 },
}
const stress: Told = {
  name: 'stress',
  done: 10_000,
  p50: 9,
  p99: 50,
  figures: {
    'off-cpu': { blocked: 4 * MS, ready: 2 * MS },
    'on-cpu': { running: 7 * MS },
    'accept-queue': { p99: 30 * MS, depth: 1 },
  },
  grown: { 'TcpExt.ListenOverflows': 0 },
}
function reasons(now: Told, then: Told = baseline, summary: ReturnType<typeof summaryOf> | null = null) {
  const model = modelOf([then, now], summary)
  const [base, phase] = model.phases
  if (!base || !phase) throw new Error('there are two phases')
  return reasonsOf(model, catalog, phase, base)
}
const withFigures = (figures: Told['figures']): Told => ({ ...stress, figures: { ...stress.figures, ...figures } })
const labels = (found: ReturnType<typeof reasons>) => found.map(({ label }) => label)

describe('reasons', () => {
  it('name single waits first, then what a request waits on average, what takes most of the time first', () => {
    expect(labels(reasons(stress))).toEqual(['p99', 'running', 'blocked', 'ready'])
    const little = { 'off-cpu': { blocked: 4 * MS, ready: 2 * MS }, 'on-cpu': { running: 1.6 * MS } }
    expect(labels(reasons(withFigures(little)))).toEqual(['p99', 'blocked', 'ready', 'running'])
  })

  it('have their part of the thread time that a request takes longer', () => {
    // +3 ms blocked, +1 ms ready, +6 ms running
    const shares = reasons(stress).map(({ label, share, addedNs }) => [label, share, addedNs])
    expect(shares).toEqual([
      ['p99', null, null],
      ['running', 0.6, 6 * MS],
      ['blocked', 0.3, 3 * MS],
      ['ready', 0.1, MS],
    ])
  })

  it.each([
    ['one part is not known', { 'on-cpu': { running: null } }],
    ['one part has shrunk: parts are not of one whole', { 'on-cpu': { running: 0.5 * MS } }],
  ])('have none where %s', (_, figures) => {
    expect(reasons(withFigures(figures)).map(({ share }) => share)).toEqual([null, null, null])
  })

  it('put what was dropped before all, at the probe that looks at it, with what else stands out there', () => {
    const [first] = reasons({ ...stress, grown: { 'TcpExt.ListenOverflows': 500 } })
    expect(first).toMatchObject({
      label: 'overflows, namespace',
      now: '500',
      before: '0',
      at: { probe: 'accept-queue', view: null },
    })
    expect(first?.also.map(({ label }) => label)).toEqual(['p99'])
    const without = { ...stress, figures: {}, grown: { 'TcpExt.ListenOverflows': 500 } }
    expect(reasons(without)[0]?.at).toEqual({ probe: null, view: null })
  })

  it('are one for each place, and none too short to be felt', () => {
    const both = reasons(withFigures({ 'accept-queue': { p99: 30 * MS, depth: 90 } }))
    expect(both.filter(({ at }) => at.probe === 'accept-queue')).toHaveLength(1)
    expect(labels(reasons(withFigures({ 'accept-queue': { p99: 2 * MS, depth: 1 } })))).not.toContain('p99')
  })

  it('never hold what is not known for worse', () => {
    const unknown = { 'accept-queue': { p99: null, depth: null } }
    expect(labels(reasons(withFigures(unknown)))).not.toContain('p99')
    const before = { ...baseline, figures: { ...baseline.figures, ...unknown } }
    expect(labels(reasons(stress, before))).not.toContain('p99')
    expect(labels(reasons({ ...stress, grown: {} }))).not.toContain('overflows, namespace')
  })

  it('say what may be chance, after what is not', () => {
    const interval = (low: number, high: number) => ({
      intervals: { 'on-cpu.running': { low: low * MS, high: high * MS } },
    })
    const chance = reasons(stress, baseline, summaryOf(interval(0.5, 3), interval(2, 12)))
    expect(labels(chance)).toEqual(['p99', 'blocked', 'ready', 'running'])
    const sure = reasons(stress, baseline, summaryOf(interval(0.5, 1.9), interval(2, 12)))
    expect(labels(sure)).toEqual(['p99', 'running', 'blocked', 'ready'])
    const base = modelOf([baseline]).phases[0]
    const last = chance.at(-1)
    if (!base || !last) throw new Error('there are reasons')
    expect(reasonTexts(last, base, ['61 % of it in spin'])[0]).toBe(
      'on-cpu running 7.00 ms (1.00 ms in baseline, ×7.0); may be chance; 60 % of the added thread time; 61 % of it in spin',
    )
  })
})
