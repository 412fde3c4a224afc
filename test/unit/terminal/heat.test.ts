import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PhaseModel, profileOf } from '../../../audit/index.ts'
import { histogramOf, type Probe, percentile } from '../../../probes/index.ts'
import { brush, createCells, rowText } from '../../../ui/terminal/cells.ts'
import { addUp, drawHeat, probeOverTime, responseOverTime } from '../../../ui/terminal/panels/heat.ts'
import { drawPanel } from '../../../ui/terminal/panels/panel.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'
import { initialState, type ScreenState } from '../../../ui/terminal/state.ts'
import { timeAxis } from '../../../ui/terminal/time-axis.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'

const catalog = syntheticCatalog()
const run = syntheticRun(60)
const waits = catalog.get('waits')
if (!waits) throw new Error('the run has waits')
const waitsOverTime = probeOverTime(waits, 'waited')
const sceneOf = (state: Partial<ScreenState> = {}, model = run.model): Scene => ({
  ...{ model, catalog, profileOf, live: true, title: '' },
  state: { ...initialState, ...state },
})

function rows(width: number, height: number, draw: (brush: ReturnType<typeof brushOf>) => void): string[] {
  const cells = createCells(width, height)
  draw(brush(cells))
  return Array.from({ length: height }, (_, y) =>
    rowText(cells, y, () => '')
      .replace(/\x1b\[0m$/, '')
      .trimEnd(),
  )
}
const brushOf = () => brush(createCells(1, 1))

describe('the heat map', () => {
  it('is a view of each distribution, in line with the lanes', async () => {
    const state = { tab: 1, views: { waits: 'heat:waited' } }
    const text = rows(120, 34, (panel) => drawPanel(sceneOf(state), panel))
    expect(text.join('\n')).toMatch(/\[waited over time]/)
    await expect(`${text.join('\n')}\n`).toMatchFileSnapshot('golden/heat-120x34.txt')
  })

  it('has one mark for each percentile in every cell that was measured, the higher one above', () => {
    const height = 30
    const text = rows(120, height, (panel) => drawHeat(sceneOf(), waitsOverTime, panel))
    const axis = timeAxis(sceneOf(), 120)
    if (!axis) throw new Error('no axis')
    const bands = text.findIndex((row) => row.includes('└idle'))
    for (let second = 0; second < 60; second++) {
      const column = text.slice(0, bands).map((row) => row[axis.label + 1 + second] ?? ' ')
      const [p99, p50] = [column.indexOf('━'), column.indexOf('─')]
      // Nothing is served while the run is idle.
      if (second < 5) expect(column.join('').trim()).toBe('')
      else expect(p99 >= 0 && p50 > p99).toBe(true)
    }
  })

  it('follows a histogram by its name, wherever it stands among those of a window', () => {
    const of = (label: string, count: number) => ({ label, histogram: histogramOf([[5, count]], count) })
    const windows = [[of('read', 1), of('write', 7)], [of('write', 9), of('read', 2)], [of('write', 3)]]
    const probe = { name: 'calls', draw: { histograms: (data: unknown) => windows[Number(data)] } } as unknown as Probe
    const history = windows.map((_, i) => ({ startUs: i * 1e6, endUs: (i + 1) * 1e6, data: i }))
    const phase = { ...run.model.phases[0], probes: new Map([['calls', { history }]]) } as unknown as PhaseModel
    const counts = probeOverTime(probe, 'read').read({ ...run.model, phases: [phase] })
    expect(counts.map(({ startUs, histogram }) => [startUs / 1e6, histogram.count])).toEqual([
      [0, 1],
      [1, 2],
    ])
  })

  it('loses no wait, however its cells and rows lie to the windows', () => {
    const us = fc.integer({ min: 0, max: 30_000 })
    const window = fc
      .record({
        startUs: us,
        lengthUs: fc.integer({ min: 1, max: 9_000 }),
        buckets: fc.array(fc.nat(600), { minLength: 1 }),
      })
      .map(({ startUs, lengthUs, buckets }) => ({
        ...{ startUs, endUs: startUs + lengthUs },
        histogram: histogramOf(
          [...buckets].sort((a, b) => a - b).map((bucket) => [bucket, 1] as const),
          buckets.length,
        ),
      }))
    fc.assert(
      fc.property(
        fc.array(window, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 100, max: 5_000 }),
        fc.integer({ min: 1, max: 60 }),
        (windows, stepUs, height) => {
          const axis = { fromUs: 0, stepUs, label: 0, value: 0, width: Math.ceil(39_001 / stepUs) }
          const heat = addUp(windows, axis, height)
          const sum = heat?.counts.reduce((a, b) => a + b, 0) ?? 0
          expect(sum).toBeCloseTo(
            windows.reduce((n, { histogram }) => n + histogram.count, 0),
            6,
          )
          expect(heat?.rows).toBeLessThanOrEqual(height)
        },
      ),
    )
  })

  it('shows the response times of the load on the overview, each request once', async () => {
    const text = rows(120, 40, (panel) => drawPanel(sceneOf({ views: { overview: 'heat:response' } }), panel))
    expect(text.join('\n')).toMatch(/── Response times over the run ──/)
    // A hundred are in each of 55 seconds; none of them says how many requests there were.
    const spans = responseOverTime.read(run.model)
    expect(spans.map(({ histogram }) => histogram.count)).toEqual(Array.from({ length: 55 }, () => 100))
    const p99 = spans.map(({ histogram }) => percentile(histogram, 0.99) ?? 0)
    const stated = run.model.phases.flatMap(({ load }) => load?.history ?? []).map(({ p99Ms }) => (p99Ms ?? 0) * 1e6)
    // Buckets of the heat map are a sixteenth of an octave wide.
    for (const [i, ns] of stated.entries()) expect(Math.abs(Math.log2((p99[i] ?? 0) / ns))).toBeLessThan(1 / 8)
  })

  it('says so before anything is measured, and where there is no room', () => {
    const idle = syntheticRun(3)
    expect(rows(100, 20, (panel) => drawHeat(sceneOf({}, idle.model), waitsOverTime, panel)).join('')).toMatch(
      /nothing measured/,
    )
    expect(rows(20, 20, (panel) => drawHeat(sceneOf(), waitsOverTime, panel)).join('')).toMatch(/no room/)
  })

  it('never writes outside its rectangle', () => {
    const size = fc.integer({ min: 0, max: 150 })
    fc.assert(
      fc.property(size, fc.integer({ min: 0, max: 50 }), (width, height) => {
        const cells = createCells(200, 60)
        for (const what of [waitsOverTime, responseOverTime])
          drawHeat(sceneOf(), what, brush(cells, { x: 7, y: 3, width, height }))
        cells.code.forEach((code, index) => {
          const [x, y] = [(index % 200) - 7, Math.floor(index / 200) - 3]
          if (code !== 0x20 && (x < 0 || y < 0 || x >= width || y >= height)) throw new Error(`wrote at ${x},${y}`)
        })
      }),
      { numRuns: 60 },
    )
  })
})
