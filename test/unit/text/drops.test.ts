import { describe, expect, it } from 'vitest'
import type { PhaseModel, PhaseTelemetry, RunModel } from '../../../audit/index.ts'
import { droppedAtPorts, isDropCounter } from '../../../ui/text/drops.ts'
import { kernelRows } from '../../../ui/text/kernel-rows.ts'
import { standOutsOf } from '../../../ui/text/stand-outs.ts'
import { catalogOf, modelOf } from './hand-made.ts'

type Values = Record<string, number>
const grown = (values: Values, { samples = 2 } = {}): PhaseTelemetry => ({
  firstUs: 0,
  lastUs: samples === 1 ? 0 : 10e6,
  first: Object.fromEntries(Object.keys(values).map((name) => [name, 0])),
  last: samples === 1 ? Object.fromEntries(Object.keys(values).map((name) => [name, 0])) : values,
  low: {},
  high: {},
  restarted: [],
})

/** A baseline and a stress in whose namespace so many were dropped, and so many by the target's own listeners. */
function run(namespace: number, own: Values | null, options = {}): RunModel {
  const phases = [0, 1].map((at) => ({ name: at === 0 ? 'baseline' : 'stress', done: 1000 }))
  const model = modelOf(phases)
  for (const [at, phase] of model.phases.entries()) {
    const times = at === 0 ? 0 : 1
    const counts = { 'TcpExt.ListenOverflows': namespace * times, 'TcpExt.ListenDrops': namespace * times }
    phase.telemetry.set('netns', grown(counts))
    const drops = Object.entries(own ?? {}).map(([port, count]) => [`${port}.drops`, count * times])
    if (own) phase.telemetry.set('backlog', grown(Object.fromEntries(drops), options))
  }
  return model
}

const stressOf = (model: RunModel): PhaseModel => model.phases[1] ?? fail()
const fail = (): never => {
  throw new Error('a run of two phases')
}
const rows = (model: RunModel) => kernelRows(model).map(({ label, cell }) => [label, cell(stressOf(model)).text])
const standingOut = (model: RunModel) =>
  standOutsOf(model, catalogOf(), stressOf(model), model.phases[0] ?? fail()).map(({ label, now }) => [label, now])

describe('what was dropped', () => {
  it('is told of the target’s own listeners, whatever another service in its namespace drops', () => {
    const healthy = run(45, { 9704: 0 })
    expect(rows(healthy)).toEqual([['dropped at port 9704', '0']])
    expect(standingOut(healthy)).toEqual([])
    const sick = run(45, { 9703: 45 })
    expect(rows(sick)).toEqual([['dropped at port 9703', '45']])
    expect(standingOut(sick)).toEqual([['dropped at port 9703', '45']])
  })

  it('is the sum of several ports', () => {
    expect(rows(run(45, { 80: 3, 443: 4 }))).toEqual([['dropped at its 2 ports', '7']])
  })

  it('is the namespace’s where nobody tells of single listeners, and says so', () => {
    const unknown = run(45, null)
    expect(rows(unknown)).toEqual([
      ['overflows, namespace', '45'],
      ['SYNs dropped, namespace', '45'],
    ])
    expect(standingOut(unknown)[0]).toEqual(['overflows, namespace', '45'])
  })

  it('is none as long as no listener of the namespace has dropped anything, and unknown from then to the next look', () => {
    expect(droppedAtPorts(stressOf(run(0, { 80: 0 }, { samples: 1 })))).toBe(0)
    expect(droppedAtPorts(stressOf(run(45, { 80: 45 }, { samples: 1 })))).toBeNull()
  })

  it('has no second row among the other counters of the kernel', () => {
    const told = [
      ['backlog', '80.drops'],
      ['netns', 'TcpExt.ListenDrops'],
      ['netns', 'Tcp.RetransSegs'],
      ['backlog', '80.limit'],
      ['netns', 'Tcp.InErrs'],
    ].map(([source = '', name = '']) => isDropCounter(source, name))
    expect(told).toEqual([true, true, true, false, false])
  })
})
