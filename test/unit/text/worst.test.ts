import { describe, expect, it } from 'vitest'
import { remarkOf, worstText } from '../../../ui/text/remark.ts'
import { symptomsOf, worstOf } from '../../../ui/text/worst.ts'
import { catalogOf, modelOf, probeOf, summaryOf, type Told } from './hand-made.ts'

const waits = probeOf('waits', [{ key: 'waited' }])
const catalog = catalogOf(waits)
const baseline: Told = { name: 'baseline', done: 1000 }
const slow: Told = { name: 'slow', done: 1000, p50: 10, p99: 200 }
const failing: Told = { name: 'failing', done: 1000, failed: 30 }
const same: Told = { name: 'same', done: 1000, p99: 2.1 }
const worst = (phases: readonly Told[], summary?: ReturnType<typeof summaryOf>) =>
  worstOf(modelOf(phases, summary), catalog)?.phase.name ?? null

describe('the worst phase', () => {
  it.each<[string, Told[], string | null]>([
    ['is the slow one', [baseline, same, slow, same], 'slow'],
    ['is the one that fails, however slow another is', [baseline, slow, failing], 'failing'],
    ['is the one that fails most', [baseline, failing, { ...failing, name: 'worse', failed: 300 }], 'worse'],
    ['is the slower of two', [baseline, slow, { ...slow, name: 'slower', p99: 201 }], 'slower'],
    ['is late answers before a slow median', [baseline, { ...same, p50: 50 }, { ...slow, p50: 1, p99: 4 }], 'slow'],
    ['may be the baseline, when it fails by itself', [{ ...baseline, failed: 50 }, same], 'baseline'],
    ['is none without a baseline', [slow], null],
    ['is none where nothing differs', [baseline, same], null],
    ['is no phase before the baseline', [{ ...slow, name: 'idle' }, baseline, same], null],
    ['is no warm-up', [baseline, { ...slow, kind: 'warmup' }], null],
    ['is no span that was selected', [baseline, { ...slow, kind: 'span' }], null],
    ['is none whose response is not known', [baseline, { ...slow, p50: null, p99: null }, same], null],
    ['is none against what is not known', [{ ...baseline, p50: null, p99: null }, slow], null],
    ['is none by the slowest of a few requests', [baseline, { name: 'short', done: 50, p99: 900 }], null],
    ['is none by two requests that failed', [baseline, { ...same, done: 20, failed: 2 }], null],
  ])('%s', (_, phases, expected) => {
    expect(worst(phases)).toBe(expected)
  })

  it('is none that proves nothing, and the line says which that is', () => {
    const summary = summaryOf({}, { name: 'slow', valid: false, reasons: ['sent 61 % of planned'] }, {})
    expect(worst([baseline, slow, { ...slow, name: 'less', p99: 20 }], summary)).toBe('less')
    const model = modelOf([baseline, slow, { ...slow, name: 'less', p99: 20 }], summary)
    expect(remarkOf(model, catalog, model.phases[1] ?? null).texts[0]).toBe(
      'slow is not valid and proves nothing: sent 61 % of planned; less is worst: response p99 20.0 ms (2.00 ms in baseline, ×10)',
    )
  })

  it('is one that breaks a limit before one that is only slower', () => {
    const broken = { name: 'p99', limit: 3, value: 4, kept: false }
    const phases = [baseline, slow, { ...same, name: 'limited', p99: 4 }]
    expect(worst(phases, summaryOf({}, {}, { thresholds: [broken] }))).toBe('limited')
    expect(worst(phases, summaryOf({}, {}, { thresholds: [{ ...broken, kept: null }] }))).toBe('slow')
    const model = modelOf(phases, summaryOf({}, {}, { thresholds: [broken] }))
    expect(symptomsOf(model, catalog, model.phases[2] as never)[0]?.against).toEqual([
      '2.00 ms in baseline, ×2.0',
      'limit 3.00 ms',
    ])
  })

  it('fails by the plan’s own limit', () => {
    const model = modelOf([baseline, failing])
    const stopsAt = (errors: string) => {
      const header = { ...model.header, plan: { abort: { errors } } } as never
      return symptomsOf({ ...model, header }, catalog, model.phases[1] as never)[0]?.grade
    }
    expect([stopsAt('1%'), stopsAt('5%')]).toEqual(['failed', 'failing'])
  })

  it('is told by what was measured only where no load is known', () => {
    const unloaded = (name: string, waited: number | null): Told => ({ name, figures: { waits: { waited } } })
    expect(worst([unloaded('baseline', 10), unloaded('a', 40), unloaded('b', 200), unloaded('c', null)])).toBe('b')
    const loaded = { ...same, figures: { waits: { waited: 9e9 } } }
    expect(worst([{ ...baseline, figures: { waits: { waited: 1 } } }, loaded])).toBeNull()
  })
})

describe('what is said where nothing is worse', () => {
  it.each<[string, Told[], string]>([
    [
      'names what was compared',
      [baseline, same],
      'nothing stands out in same against baseline: compared are errors, response p99, response p50',
    ],
    [
      'not what is unknown',
      [{ ...baseline, p99: null }, same],
      'nothing stands out in same against baseline: compared are errors, response p50',
    ],
    [
      'counts figures that are known on both sides',
      [
        { ...baseline, figures: { waits: { waited: 5 } } },
        { ...same, figures: { waits: { waited: 5 } } },
      ],
      'nothing stands out in same against baseline: compared are errors, response p99, response p50, 1 figure of probes',
    ],
    [
      'or that nothing could be',
      [{ name: 'baseline' }, { name: 'same' }],
      'nothing of same can be compared with baseline: nothing is known of both',
    ],
    [
      'tells what grew though nobody felt it',
      [
        { ...baseline, figures: { waits: { waited: 1e5 } } },
        { ...same, figures: { waits: { waited: 3e5 } } },
      ],
      'same: errors and response as in baseline; grown: waits waited 300 µs (100 µs in baseline, ×3.0)',
    ],
  ])('%s', (_, phases, expected) => {
    const model = modelOf(phases)
    const remark = remarkOf(model, catalog, model.phases.at(-1) ?? null)
    expect([remark.tone, remark.texts[0]]).toEqual(['good', expected])
  })

  it('is the line of the whole run, too', () => {
    expect(worstText(modelOf([baseline, same]), catalog)).toBe(
      'no phase is much worse than baseline: same compared by errors, response p99, response p50',
    )
    expect(worstText(modelOf([baseline, slow]), catalog)).toBe(
      'slow is worst: response p99 200 ms (2.00 ms in baseline, ×100)',
    )
    expect(worstText(modelOf([baseline]), catalog)).toBeNull()
  })
})
