import { describe, expect, it } from 'vitest'
import { applyRecord, createRunModel, type RunModel } from '../../../audit/index.ts'
import { brush, createCells, rowText } from '../../../ui/terminal/cells.ts'
import { drawSystem } from '../../../ui/terminal/panels/system.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'
import { initialState } from '../../../ui/terminal/state.ts'
import { type SystemRow, systemRows } from '../../../ui/text/system-rows.ts'

/** Phases of ten seconds with samples at the start, in the middle and at the end of each. */
function run(phases: readonly { kind: string; source: string; from: Values; to: Values }[]): RunModel {
  const model = createRunModel(new Map())
  for (const [id, { kind, source, from, to }] of phases.entries()) {
    const start_us = id * 10e6
    applyRecord(model, { type: 'phase', id, name: kind, kind, start_us })
    applyRecord(model, { type: 'telemetry', t_us: start_us, source, values: from })
    applyRecord(model, { type: 'telemetry', t_us: start_us + 10e6, source, values: to })
    applyRecord(model, { type: 'phase', id, name: kind, kind, start_us, end_us: start_us + 10e6 })
  }
  return model
}
type Values = Record<string, number>

const tell = (model: RunModel, row: SystemRow | undefined) => {
  const last = model.phases.at(-1)
  if (!row || !last) throw new Error('no such row')
  return {
    label: row.label,
    group: row.group,
    texts: model.phases.map(row.text),
    overIdle: row.overIdle(last),
    worse: row.worse(last),
    isFault: row.isFault(last),
  }
}

describe('the rows of the system', () => {
  it('tell a counter per second, against idle and against the baseline', () => {
    const model = run([
      { kind: 'idle', source: 'cpu', from: { ctxt: 0, softirq_ms: 0 }, to: { ctxt: 1000, softirq_ms: 10 } },
      { kind: 'baseline', source: 'cpu', from: { ctxt: 1000, softirq_ms: 10 }, to: { ctxt: 21_000, softirq_ms: 110 } },
      { kind: 'stress', source: 'cpu', from: { ctxt: 21_000, softirq_ms: 110 }, to: { ctxt: 71_000, softirq_ms: 510 } },
    ])
    const { rows, still } = systemRows(model)
    expect(still).toBe(0)
    // What got worse stands before what says nothing by itself.
    expect(rows.map(({ label }) => label)).toEqual(['softirq (of a core)', 'context switches'])
    expect(tell(model, rows[0])).toEqual({
      label: 'softirq (of a core)',
      group: 'CPU',
      texts: ['0.10 %', '1.00 %', '4.00 %'],
      overIdle: '+3.90 %',
      worse: 4,
      isFault: false,
    })
    expect(tell(model, rows[1])).toMatchObject({
      texts: ['100/s', '2.00 k/s', '5.00 k/s'],
      overIdle: '+4.90 k/s',
      worse: null,
    })
  })

  it('tell a level by its highest, in percent of its limit where it has one', () => {
    const model = run([
      {
        kind: 'baseline',
        source: 'resources',
        from: { fds: 10, fd_limit: 1000, fds_total: 10 },
        to: { fds: 20, fd_limit: 1000, fds_total: 20 },
      },
      {
        kind: 'stress',
        source: 'resources',
        from: { fds: 20, fd_limit: 1000, fds_total: 20 },
        to: { fds: 900, fd_limit: 1000, fds_total: 900 },
      },
    ])
    const { rows } = systemRows(model)
    expect(rows.map(({ label }) => label)).toEqual(['descriptors, of limit', 'descriptors'])
    expect(tell(model, rows[0])).toMatchObject({
      group: 'Target',
      texts: ['2.00 %', '90.0 %'],
      overIdle: '',
      worse: 45,
    })
  })

  it('put a fault first, and keep unknown apart from zero', () => {
    const model = run([
      { kind: 'baseline', source: 'cpu', from: { ctxt: 0 }, to: { ctxt: 100 } },
      {
        kind: 'stress',
        source: 'netns',
        from: { 'Tcp.InSegs': 100, 'TcpExt.ListenOverflows': 0, 'TcpExt.ListenDrops': 0 },
        to: { 'Tcp.InSegs': 200, 'TcpExt.ListenOverflows': 50, 'TcpExt.ListenDrops': 0 },
      },
    ])
    const { rows, still } = systemRows(model)
    expect(still).toBe(1)
    expect(rows.map(({ label }) => label)).toEqual(['context switches', 'accept-queue overflows', 'InSegs'])
    expect(tell(model, rows[1])).toMatchObject({
      label: 'accept-queue overflows',
      texts: ['–', '5/s'],
      worse: null,
      isFault: true,
    })
  })

  it('stand side by side where they do not fit under one another', () => {
    const model = run([
      {
        kind: 'idle',
        source: 'netns',
        from: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`Tcp.Counter${i}`, 0])),
        to: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`Tcp.Counter${i}`, 100])),
      },
    ])
    const names = (width: number) => {
      const cells = createCells(width, 12)
      drawSystem({ model, state: initialState } as Scene, brush(cells))
      return Array.from({ length: 12 }, (_, y) => rowText(cells, y, () => ''))
        .join('\n')
        .match(/Counter\d+/g)
    }
    expect(names(60)?.length).toBe(10 - 1)
    expect(names(200)?.length).toBe(10 - 1 + 10)
  })

  it('are worked out once until the run goes on', () => {
    const model = run([{ kind: 'idle', source: 'cpu', from: { ctxt: 0 }, to: { ctxt: 5 } }])
    const before = systemRows(model)
    expect(systemRows(model)).toBe(before)
    applyRecord(model, { type: 'telemetry', t_us: 20e6, source: 'cpu', values: { ctxt: 9 } })
    expect(systemRows(model)).not.toBe(before)
  })
})
