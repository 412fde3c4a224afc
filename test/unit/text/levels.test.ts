import { describe, expect, it } from 'vitest'
import type { PhaseModel, PhaseTelemetry } from '../../../audit/index.ts'
import { faults, nearLimits, throttledText } from '../../../ui/text/levels.ts'
import { modelOf } from './hand-made.ts'

type Values = Record<string, number>
const seen = (grown: Values, high: Values = {}): PhaseTelemetry => ({
  firstUs: 0,
  lastUs: 10e6,
  first: Object.fromEntries(Object.keys(grown).map((name) => [name, 0])),
  last: { ...grown, ...high },
  low: high,
  high,
  restarted: [],
})
function phasesOf(...told: Record<string, PhaseTelemetry>[]): PhaseModel[] {
  const model = modelOf(told.map((_, at) => ({ name: `phase ${at}` })))
  for (const [at, phase] of model.phases.entries()) phase.telemetry = new Map(Object.entries(told[at] ?? {}))
  return model.phases
}
const faultsOf = (...told: Record<string, PhaseTelemetry>[]) => {
  const phases = phasesOf(...told)
  return faults({ ...modelOf([]), phases }, phases)
}

describe('levels near their limit', () => {
  it('are told as they are, with the highest of all phases', () => {
    const phases = phasesOf(
      { resources: seen({}, { fds: 10, fd_limit: 64 }) },
      { resources: seen({}, { fds: 64, fd_limit: 64 }) },
      { resources: seen({}, { fds: 60, fd_limit: 64 }) },
    )
    expect(nearLimits(phases)).toEqual(['descriptors 64 of 64 (100 %)'])
    expect(nearLimits(phases.slice(0, 1))).toEqual([])
  })

  it.each([
    [4, 4096, ', the limit is what it gave to listen(): somaxconn is 4096'],
    [128, 128, ', the limit is somaxconn 128, or what it gave to listen()'],
  ])('of an accept queue of %i say where the limit comes from', (limit, somaxconn, origin) => {
    const queue = {
      listeners: seen({}, { '80.waiting': limit + 1 }),
      backlog: seen({}, { '80.limit': limit, somaxconn }),
    }
    const share = limit === 4 ? '125 %' : '101 %'
    expect(nearLimits(phasesOf(queue))).toEqual([`accept queue, port 80 ${limit + 1} of ${limit} (${share})${origin}`])
    const { listeners: _, ...unseen } = queue
    const dropped = { backlog: seen({ '80.drops': 3 }, { '80.limit': limit, somaxconn }) }
    expect(nearLimits(phasesOf({ ...unseen, ...dropped }))).toEqual([
      `accept queue, port 80 was full at ${limit}${origin}`,
    ])
  })
})

describe('faults', () => {
  it('are the target’s own drops first, and those of its namespace called so', () => {
    const told = {
      netns: seen({ 'TcpExt.ListenOverflows': 45, 'TcpExt.ListenDrops': 45, 'TcpExt.TCPRcvQDrop': 2, 'Tcp.InSegs': 9 }),
      backlog: seen({ '80.drops': 5 }),
      cgroup: seen({ 'own.memory.oom_kill': 1, 'own.memory.low': 3 }),
      // Processes that ended are no drops: notes tell of them.
      target: seen({ lost: 1 }),
    }
    expect(faultsOf(told, told)).toEqual([
      'dropped at port 80 10',
      'receive queue drops, namespace 4',
      'cgroup own: killed for memory 2',
    ])
    expect(faultsOf({ netns: seen({ 'Tcp.InSegs': 9 }) })).toEqual([])
  })
})

describe('throttling', () => {
  it('is that of the cgroup which was throttled most, with its limit', () => {
    const cgroup = seen(
      { 'own.cpu.throttled_usec': 1e6, 'up1.cpu.throttled_usec': 8.87e6 },
      { 'up1.cpu.limit_cpus': 0.2 },
    )
    expect(throttledText(phasesOf({ cgroup }))).toBe('throttled 8.87 s by the CPU limit of 20.0 %')
    expect(throttledText(phasesOf({ cgroup }, { cgroup }))).toBe('throttled 17.7 s by the CPU limit of 20.0 %')
  })

  it('is nothing where nothing was, or nothing is known', () => {
    expect(throttledText(phasesOf({ cgroup: seen({ 'own.cpu.throttled_usec': 0 }) }))).toBeNull()
    expect(throttledText(phasesOf({}))).toBeNull()
  })
})
