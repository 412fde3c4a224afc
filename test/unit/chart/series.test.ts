import { expect, test } from 'vitest'
import { z } from 'zod'
import { applyRecord, createRunModel, profileOf } from '../../../audit/index.ts'
import { createHdr } from '../../../audit/load/hdr.ts'
import { defineProbe, type Probe } from '../../../probes/define.ts'
import { count } from '../../../probes/record.ts'
import { probeSeries } from '../../../ui/series.ts'
import { brush, createCells, rowText } from '../../../ui/terminal/cells.ts'
import { lanesOf } from '../../../ui/terminal/lanes.ts'
import { drawLanes } from '../../../ui/terminal/panels/lanes.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'
import { initialState } from '../../../ui/terminal/state.ts'
import { figuresOf } from '../../../ui/text/reading.ts'
import { header, phase } from '../audit/records.ts'

const calls = defineProbe<object, { calls: number }>({
  name: 'calls',
  rank: 1,
  question: 'How many calls?',
  blindTo: [],
  cost: 'low',
  isDefault: true,
  params: z.object({}),
  variants: [],
  record: z.object({ calls: count(), ns: count().optional() }),
  draw: {
    tab: 'Calls',
    lanes: [{ label: 'calls', figures: ['per_request'] }],
    figures: ({ calls: n }, { requests }) => [
      {
        key: 'per_request',
        label: 'calls per request',
        value: requests ? n / requests : null,
        unit: 'per_request',
        better: 'lower',
      },
    ],
  },
  estimateNs: () => 0,
}) as Probe
const MS = 1_000
const nothing = createHdr().encode()

test('a live window whose requests are told a moment after it has no value until they are, and then the right one', () => {
  const model = createRunModel(new Map([['calls', calls]]))
  const window = (from: number, to: number) =>
    applyRecord(model, {
      type: 'window',
      probe: 'calls',
      phase: 1,
      start_us: from * MS,
      end_us: to * MS,
      data: { calls: 6 * (to - from) },
    })
  const load = (from: number, to: number) =>
    applyRecord(model, {
      type: 'load',
      phase: 1,
      start_us: from * MS,
      end_us: to * MS,
      target_rps: 1000,
      sent: to - from,
      done: to - from,
      errors: {},
      in_flight: 0,
      queued: 0,
      hist: { response: nothing, service: null, send_lag: null },
    })
  const values = () => probeSeries(model, calls)?.points.map(({ value }) => value && Math.round(value * 100) / 100)

  for (const record of [header(), phase(1, 'soak', 0)]) applyRecord(model, record)
  window(0, 950)
  load(50, 1050)
  window(950, 1950)
  // 100 ms of the second window are known: that is not its number of requests.
  expect(values()).toEqual([6.33, null])
  // The number beside the lane is then that of the window before, and the phase's own goes on as before.
  const cells = createCells(100, 6)
  const catalog = new Map([['calls', calls]])
  const scene: Scene = { model, catalog, profileOf, state: initialState, live: true, title: '' }
  drawLanes(scene, lanesOf(scene), brush(cells))
  expect(rowText(cells, 4, () => '')).toMatch(/^ calls .* 6\.33\/req/)
  expect(figuresOf(calls, model.phases[0] ?? null)[0]?.value).toBeCloseTo(6, 6)
  load(1050, 2050)
  expect(values()).toEqual([6.33, 6])
})

test('what comes with the stacks is of the time since the ones before, and what is not told yet is unknown', () => {
  const blocked = {
    ...calls,
    name: 'blocked',
    draw: {
      ...calls.draw,
      lanes: [{ label: 'blocked', figures: ['ns'], withStacks: true }],
      figures: (data: { ns?: number }) => [
        { key: 'ns', label: 'blocked', value: data.ns ?? null, unit: 'ns', adds: true, better: 'lower' },
      ],
    },
  } as Probe
  const model = createRunModel(new Map([['blocked', blocked]]))
  const window = (phaseId: number, second: number, ns?: number) =>
    applyRecord(model, {
      ...{ type: 'window', probe: 'blocked', phase: phaseId, data: ns === undefined ? { calls: 1 } : { calls: 1, ns } },
      ...{ start_us: second * 1e6, end_us: (second + 1) * 1e6 },
    })
  for (const record of [header(), phase(1, 'baseline', 0)]) applyRecord(model, record)
  window(1, 0)
  window(1, 1)
  window(1, 2, 600)
  window(1, 3, 50)
  for (const record of [phase(1, 'baseline', 0, 4e6), phase(2, 'stress', 4e6)]) applyRecord(model, record)
  window(2, 4)
  const points = () =>
    probeSeries(model, blocked)?.points.map(({ startUs, endUs, value }) => [startUs / 1e6, endUs / 1e6, value])
  const ended = [
    [0, 3, 200],
    [3, 4, 50],
  ]
  expect(points()).toEqual([...ended, [4, 5, null]])
  window(2, 5, 80)
  expect(points()).toEqual([...ended, [4, 6, 40]])
})
