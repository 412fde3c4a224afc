import { describe, expect, it } from 'vitest'
import type { PhaseModel, PhaseTelemetry, RunModel } from '../../../audit/index.ts'
import { kernelRows } from '../../../ui/text/kernel-rows.ts'
import { phaseTable } from '../../../ui/text/phases.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'

type Values = Record<string, number>

/** A source as it was over `seconds`: what its counters grew by, and what its gauges were at most. */
const over = (seconds: number, grown: Values, high: Values = {}): PhaseTelemetry => ({
  firstUs: 0,
  lastUs: seconds * 1e6,
  first: Object.fromEntries(Object.keys(grown).map((name) => [name, 1000])),
  last: { ...Object.fromEntries(Object.entries(grown).map(([name, n]) => [name, 1000 + n])), ...high },
  low: high,
  high,
  restarted: [],
})

/** Idle, baseline and stress of ten seconds each, with these samples of one source. */
function runWith(source: string, ...phases: (PhaseTelemetry | null)[]): RunModel {
  const { model } = syntheticRun(60)
  for (const [at, seen] of phases.entries()) if (seen) phaseOf(model, at).telemetry.set(source, seen)
  return model
}
function phaseOf(model: RunModel, at: number): PhaseModel {
  const phase = model.phases[at]
  if (!phase) throw new Error(`no phase ${at}`)
  return phase
}
/** The rows beyond overflows and dropped SYNs, each as "label: idle baseline stress". */
const rowsOf = (model: RunModel): string[] =>
  kernelRows(model)
    .slice(2)
    .map(({ label, cell }) => `${label}: ${model.phases.map((phase) => cell(phase).text).join(' ')}`)

describe('the kernel rows of the table of phases', () => {
  it('are overflows and dropped SYNs alone when nothing else tells anything', () => {
    const model = runWith('softnet', ...[0, 1, 2].map(() => over(10, { dropped: 0, processed: 5000 })))
    expect(kernelRows(model).map(({ label }) => label)).toEqual(['overflows, namespace', 'SYNs dropped, namespace'])
  })

  it.each<[string, string, (PhaseTelemetry | null)[], string[]]>([
    [
      'a fault, however small, even when the baseline has it, too',
      'softnet',
      [over(10, { dropped: 0 }), over(10, { dropped: 1 }), over(10, { dropped: 1 })],
      ['packets dropped, CPU queue: 0 1 1'],
    ],
    [
      'what grew clearly faster than in the baseline',
      'vmstat',
      [over(10, { pgmajfault: 0 }), over(10, { pgmajfault: 20 }), over(10, { pgmajfault: 90 })],
      ['host page faults from disk: 0 20 90'],
    ],
    [
      'not what grew as fast for longer',
      'vmstat',
      [null, over(10, { pgmajfault: 20 }), over(60, { pgmajfault: 120 })],
      [],
    ],
    ['not a handful', 'vmstat', [null, over(10, { pgmajfault: 0 }), over(10, { pgmajfault: 9 })], []],
    [
      'time as a share of the phase',
      'cpu',
      [null, over(10, { steal_ms: 0 }), over(10, { steal_ms: 400 })],
      ['CPU stolen by hypervisor: – 0 % 4.00 %'],
    ],
    [
      'throttling of any cgroup up the tree, of two processors at once',
      'cgroup',
      [null, over(10, { 'up1.cpu.throttled_usec': 0 }), over(10, { 'up1.cpu.throttled_usec': 15e6 })],
      ['cgroup up1: CPU throttled: – 0 % 150 %'],
    ],
    [
      'a level near its limit, as a share of it',
      'resources',
      [null, over(10, {}, { fds: 700, fd_limit: 1000 }), over(10, {}, { fds: 710, fd_limit: 1000 })],
      ['descriptors, of limit: – 70.0 % 71.0 %'],
    ],
    [
      'not a level far from it',
      'resources',
      [null, over(10, {}, { fds: 7, fd_limit: 1000 }), over(10, {}, { fds: 300, fd_limit: 1000 })],
      [],
    ],
    [
      'a queue that grew',
      'listeners',
      [null, over(10, {}, { '8080.waiting': 2 }), over(10, {}, { '8080.waiting': 512 })],
      ['accept queue, port 8080: – 2 512'],
    ],
    [
      'what is unknown in one phase as unknown, not as zero',
      'conntrack',
      [null, { ...over(10, { drop: 5 }), restarted: ['drop'] }, over(10, { drop: 5 })],
      ['conntrack drops: – – 5'],
    ],
    ['nothing of a number that no fact speaks of', 'later', [null, over(10, { x: 0 }), over(10, { x: 1e6 })], []],
  ])('show %s', (_, source, phases, expected) => {
    expect(rowsOf(runWith(source, ...phases))).toEqual(expected)
  })

  it('show a queue as a share of a limit that another source tells', () => {
    const model = runWith('listeners', null, over(10, {}, { '80.waiting': 1 }), over(10, {}, { '80.waiting': 12 }))
    for (const phase of model.phases.slice(1)) phase.telemetry.set('backlog', over(10, {}, { '80.limit': 16 }))
    expect(rowsOf(model)).toEqual(['accept queue, port 80: – 6.25 % 75.0 %'])
  })

  it('mark what is worse than in the baseline, per second', () => {
    const model = runWith('vmstat', null, over(10, { pgmajfault: 20 }), over(20, { pgmajfault: 120 }))
    expect(phaseTable(model, syntheticCatalog())).toMatch(/^host page faults from disk +– +20 +120 ×3\.0$/m)
  })

  it('are no more than twelve; faults stay, in the order of the facts', () => {
    const faults = ['TCPBacklogDrop', 'TCPRcvQDrop', 'TCPTimeWaitOverflow', 'TCPAbortOnMemory', 'RcvPruned'].map(
      (n) => `TcpExt.${n}`,
    )
    const grown = [
      'TcpExt.TCPTimeouts',
      'TcpExt.TCPSynRetrans',
      'TcpExt.PruneCalled',
      'Tcp.AttemptFails',
      'Tcp.EstabResets',
    ]
    const all = [...faults, ...grown, 'TcpExt.TCPToZeroWindowAdv', 'TcpExt.TCPRetransFail']
    const values = (n: number) => over(10, Object.fromEntries(all.map((name, at) => [name, n * (at + 1)])))
    const rows = kernelRows(runWith('netns', values(0), values(10), values(100))).map(({ label }) => label)
    expect(rows).toHaveLength(12)
    expect(rows.slice(2, 6)).toEqual([
      ...['socket backlog drops', 'receive queue drops', 'TIME_WAIT overflows', 'connections cut, no memory'],
    ])
    expect(rows).toContain('receive queue purges')
  })
})
