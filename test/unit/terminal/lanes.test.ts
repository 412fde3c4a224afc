import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { applyRecord, createRunModel, profileOf, type RecordingRecord } from '../../../audit/index.ts'
import { loadCatalog } from '../../../probes/index.ts'
import { brush, createCells, rowText } from '../../../ui/terminal/cells.ts'
import { type Lane, lanesOf, numberOf, spokenOf, spokenWords, valuesOf } from '../../../ui/terminal/lanes.ts'
import { drawPanel } from '../../../ui/terminal/panels/panel.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'
import { initialState, type ScreenState } from '../../../ui/terminal/state.ts'
import { cellAt, eachCell, startOfCell, type TimeAxis, timeAxis } from '../../../ui/terminal/time-axis.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'
import { header, phase } from '../audit/records.ts'

const S = 1_000_000
const catalog = syntheticCatalog()
const sceneOf = (model: Scene['model'], more: Partial<Scene> = {}, state: Partial<ScreenState> = {}): Scene => ({
  ...{ model, catalog, profileOf, live: false, title: '', state: { ...initialState, ...state } },
  ...more,
})
/** A run of one phase that is over. */
function runOf(lengthUs: number, records: readonly RecordingRecord[] = [], startUs = 0) {
  const model = createRunModel(catalog)
  for (const record of [
    header(),
    phase(1, 'stress', startUs),
    ...records,
    phase(1, 'stress', startUs, startUs + lengthUs),
  ])
    applyRecord(model, record)
  return model
}
const laneOf = (points: Lane['points'], several: Lane['several'] = 'mean'): Lane => ({
  ...{ key: 'k', label: 'l', points, several, format: String },
})
const used = (axis: TimeAxis, lengthUs: number) => (cellAt(axis, axis.fromUs + lengthUs - 1) + 1) / axis.width

describe('the axis of time', () => {
  const length = fc.integer({ min: 500_000, max: 100 * 3600 * S })
  const columns = fc.integer({ min: 40, max: 300 })

  it('is filled by a run that is over, whatever its length, and never left', () => {
    fc.assert(
      fc.property(length, columns, fc.nat(5 * S), (lengthUs, width, startUs) => {
        const axis = timeAxis(sceneOf(runOf(lengthUs, [], startUs)), width)
        if (!axis) throw new Error('no axis')
        expect(used(axis, lengthUs)).toBeGreaterThanOrEqual(0.9)
        expect(used(axis, lengthUs)).toBeLessThanOrEqual(1)
        expect(axis.label + axis.width + axis.value).toBeGreaterThanOrEqual(width - 2)
      }),
    )
  })

  it('of a run that goes on leaves at most a quarter free, once it is longer than a second a cell', () => {
    fc.assert(
      fc.property(length, columns, (lengthUs, width) => {
        const axis = timeAxis(sceneOf(runOf(lengthUs), { live: true }), width)
        if (!axis) throw new Error('no axis')
        const share = used(axis, lengthUs)
        expect(share).toBeLessThanOrEqual(1)
        if (lengthUs > axis.width * S) expect(share).toBeGreaterThanOrEqual(0.74)
        else expect(axis.stepUs).toBe(S)
      }),
    )
  })

  it('of a run that goes on is drawn anew seldom', () => {
    const steps = new Set<number>()
    for (let seconds = 1; seconds <= 3600; seconds++) {
      const model = runOf(seconds * S)
      steps.add(timeAxis(sceneOf(model, { live: true }), 120)?.stepUs ?? 0)
    }
    expect(steps.size).toBeLessThan(20)
  })

  it('is that of a run that goes on while a recording is still being read', () => {
    const model = runOf(100 * S)
    expect(timeAxis(sceneOf(model, { readShare: 0.5 }), 120)).toEqual(timeAxis(sceneOf(model, { live: true }), 120))
  })

  it('maps time to cells and back without a slip, in order', () => {
    fc.assert(
      fc.property(length, columns, fc.boolean(), fc.array(fc.nat(100 * 3600 * S)), (lengthUs, width, live, times) => {
        const axis = timeAxis(sceneOf(runOf(lengthUs), { live }), width)
        if (!axis) throw new Error('no axis')
        for (let cell = 0; cell < axis.width; cell++) {
          expect(cellAt(axis, startOfCell(axis, cell))).toBe(cell)
          expect(cellAt(axis, startOfCell(axis, cell + 1) - 1)).toBe(cell)
        }
        const cells = times.toSorted((a, b) => a - b).map((us) => cellAt(axis, us))
        expect(cells).toEqual(cells.toSorted((a, b) => a - b))
      }),
      { numRuns: 30 },
    )
  })

  it('gives all of a span to the cells that it lies in', () => {
    const axis = { fromUs: 0, stepUs: 700, label: 0, width: 100, value: 0 }
    fc.assert(
      fc.property(fc.nat(60_000), fc.integer({ min: 1, max: 9_000 }), (startUs, spanUs) => {
        const cells: { cell: number; share: number }[] = []
        eachCell(axis, { startUs, endUs: startUs + spanUs }, (cell, share) => cells.push({ cell, share }))
        expect(cells.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9)
        expect(cells.map(({ cell }) => cell)).toEqual(
          Array.from({ length: cells.length }, (_, i) => cellAt(axis, startUs) + i),
        )
      }),
    )
  })
})

describe('a lane', () => {
  it('has no holes but those of its data, be its cells finer or coarser than its points', () => {
    const gaps = fc.array(fc.record({ us: fc.integer({ min: 1, max: 4 * S }), known: fc.boolean() }), { minLength: 1 })
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 3 * S }), (parts, stepUs) => {
        let at = 0
        const points = parts.map(({ us, known }, i) => {
          const startUs = at
          at += us
          return { startUs, endUs: at, value: known ? i + 1 : null }
        })
        const axis = { fromUs: 0, stepUs, label: 0, width: Math.min(400, Math.ceil(at / stepUs)), value: 0 }
        const values = valuesOf(laneOf(points), axis)
        for (const [cell, value] of values.entries()) {
          const [from, to] = [startOfCell(axis, cell), startOfCell(axis, cell + 1)]
          const isKnown = points.some((p) => p.value !== null && p.startUs < to && p.endUs > from)
          expect(value !== null).toBe(isKnown)
        }
      }),
    )
  })

  it('shows of several points in a cell the mean by how long each held, or the highest', () => {
    const points = [
      { startUs: 0, endUs: 3, value: 10 },
      { startUs: 3, endUs: 4, value: 50 },
      { startUs: 4, endUs: 8, value: null },
    ]
    const axis = { fromUs: 0, stepUs: 4, label: 0, width: 3, value: 0 }
    expect(valuesOf(laneOf(points, 'mean'), axis)).toEqual([20, null, null])
    expect(valuesOf(laneOf(points, 'max'), axis)).toEqual([50, null, null])
  })
})

describe('the numbers beside lanes', () => {
  const model = syntheticRun(60).model
  const at = (scene: Scene, key: string, pointedUs: number | null = null) => {
    const axis = timeAxis(scene, 120)
    const lane = lanesOf(scene).find((one) => one.key === key)
    if (!axis || !lane) throw new Error('no lane')
    const spoken = spokenOf(scene, pointedUs)
    return [lane.format(numberOf(lane, spoken, axis, scene.model.nowUs)), spokenWords(spoken).short]
  }

  it('are of now while a run goes on, and then of the phase that is looked at', () => {
    expect(at(sceneOf(model, { live: true }), 'load.p99')).toEqual(['39.6 ms', 'now'])
    // The highest of the seconds, whose p99 is 3.1 to 4.7 ms; the mean of their rates.
    expect(at(sceneOf(model, {}, { phaseId: 1 }), 'load.p99')).toEqual(['4.70 ms', 'baseline'])
    expect(at(sceneOf(model, {}, { phaseId: 1 }), 'load.rps')).toEqual(['2.56 k/s', 'baseline'])
    expect(at(sceneOf(model), 'load.p99')).toEqual(['39.6 ms', 'stress'])
    expect(at(sceneOf(model, {}, { phaseId: 0 }), 'load.p99')).toEqual(['–', 'idle'])
    const ended = { ...model, end: { type: 'end', t_us: 60 * S, reason: 'done', exit_code: 0, verdict: '' } as const }
    expect(at(sceneOf(ended, { live: true }), 'load.p99')[1]).toBe('stress')
  })

  it('are of the cell that is pointed at', () => {
    expect(at(sceneOf(model), 'load.p99', 7 * S)[1]).toBe('at 00:07')
    expect(at(sceneOf(model, { live: true }), 'load.errors', 7 * S)).toEqual(['0/s', 'at 00:07'])
  })

  it('say on the overview which they are', () => {
    const cells = createCells(120, 34)
    drawPanel(sceneOf(model, {}, { phaseId: 1 }), brush(cells))
    expect(rowText(cells, 0, () => '')).toMatch(
      /Over time ─+ baseline: rates on average, waits and depths at their highest ──/,
    )
  })

  it('say of what they are', () => {
    const formats = Object.fromEntries(lanesOf(sceneOf(model)).map(({ key, format }) => [key, format(1234)]))
    expect(formats).toMatchObject({
      'probe.calls.per_request': '1.23 k/req',
      'probe.stalls.blocked': '1.23 µs/req',
      'probe.waits.mean': '1.23 µs',
    })
  })
})

describe('lanes of a whole run', () => {
  const silent = runOf(10 * S, [
    ...Array.from(
      { length: 10 },
      (_, i): RecordingRecord => ({
        ...{ type: 'window', probe: 'waits', phase: 1, start_us: i * S, end_us: (i + 1) * S },
        data: {
          served: 0,
          latency: { unit: 'ns', scheme: 'log16', count: 0, sum: 0, max: 0, buckets: [] },
          turned_away: 0,
        },
      }),
    ),
    ...Array.from(
      { length: 3 },
      (_, i): RecordingRecord => ({
        ...{ type: 'telemetry', source: 'netns', t_us: (i + 1) * S, values: { 'TcpExt.ListenOverflows': i } },
      }),
    ),
  ])

  it('that were nothing or unknown all the time come last, once it is over', () => {
    const keys = (live: boolean) => lanesOf(sceneOf(silent, { live })).map(({ key }) => key)
    expect(keys(true)).toEqual(['probe.waits.mean', 'metric.overflows'])
    expect(keys(false)).toEqual(['metric.overflows', 'probe.waits.mean'])
  })

  it('are made once for each revision', () => {
    expect(lanesOf(sceneOf(silent))).toBe(lanesOf(sceneOf(silent)))
    const [lane] = lanesOf(sceneOf(silent))
    const axis = timeAxis(sceneOf(silent), 120)
    if (!lane || !axis) throw new Error('no lane')
    expect(valuesOf(lane, axis)).toBe(valuesOf(lane, { ...axis }))
  })
})

describe('lanes of the catalog', () => {
  it('have names that are whole from 80 columns on, also pinned', async () => {
    const axis = timeAxis(sceneOf(runOf(S)), 80)
    const all = [...(await loadCatalog()).values(), ...syntheticCatalog().values()]
    const labels = all.flatMap(({ draw }) => draw.lanes.map(({ label }) => label))
    expect(labels.length).toBeGreaterThan(8)
    for (const label of labels) expect(`•${label}`.length, label).toBeLessThanOrEqual((axis?.label ?? 0) - 1)
    expect(new Set(labels).size).toBe(labels.length - 1) // "blocked" is one of both catalogs
  })

  it('draw figures that their probe has', async () => {
    for (const { name, record, draw } of (await loadCatalog()).values()) {
      const least = leastOf(z.toJSONSchema(record, { io: 'input', unrepresentable: 'any' }) as Schema)
      const keys = draw.figures(record.parse(least), { durationUs: S, requests: 1 }).map(({ key }) => key)
      for (const { figures } of draw.lanes) expect(keys, name).toEqual(expect.arrayContaining([...figures]))
    }
  })
})

type Schema = {
  type?: string
  properties?: Record<string, object>
  const?: unknown
  anyOf?: object[]
  default?: unknown
}
/** The least that a schema takes. */
function leastOf(schema: Schema): unknown {
  if ('const' in schema) return schema.const
  if (schema.anyOf) return leastOf(schema.anyOf[0] ?? {})
  if (schema.type === 'object')
    return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, of]) => [key, leastOf(of)]))
  return { array: [], string: '', number: 1, integer: 1, boolean: false }[schema.type ?? ''] ?? null
}
