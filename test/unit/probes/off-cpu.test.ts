import { describe, expect, test } from 'vitest'
import { offCpu } from '../../../probes/catalog/off-cpu.ts'
import { mergeData } from '../../../probes/record.ts'
import { decodeWith, type OpenByMap, type RowsByMap, windowOf } from './subjects.ts'

const BLOCKED = 0
const RUNNABLE = 1
const VOLUNTARY = 1
const PREEMPTED = 2
const read = ['__schedule', 'schedule', 'pipe_read']
const poll = ['__schedule', 'schedule', 'ep_poll', 'do_epoll_wait']

const ended: RowsByMap = {
  off_switches: [
    [[VOLUNTARY], 7],
    [[PREEMPTED], 2],
  ],
  off_latency: [
    [[BLOCKED, 100], 4],
    [[RUNNABLE, 20], 6],
  ],
  off_ns: [
    [[BLOCKED], 900],
    [[RUNNABLE], 60],
  ],
  off_stacks: [
    [[BLOCKED, read, ['read', 'worker']], 500, 3],
    [[BLOCKED, poll, ['epoll_wait', 'loop']], 400, 1],
    [[RUNNABLE, read, ['read', 'worker']], 60, 6],
  ],
}
const decode = (
  rows: RowsByMap,
  open: OpenByMap | null,
  options: { phaseStartNs?: number; withStacks?: boolean } = {},
) =>
  decodeWith(
    offCpu,
    'tracepoint',
    windowOf(rows, { startNs: 4000, endNs: 5000, open, withStacks: options.withStacks ?? true }),
    {
      phaseStartNs: options.phaseStartNs ?? 1000,
    },
  )
/** A thread that is off the CPU: since when, woken when (0: not yet), and how it left. */
const thread = (since: number, woken: number, kind: number, kernel = read): OpenByMap => ({
  off_since: [[[7], since]],
  off_woken: [[[7], woken]],
  off_kind: [[[7], kind]],
  off_kstack: [[[7], kernel]],
  off_ustack: [[[7], ['read', 'worker']]],
})

describe('off-CPU time', () => {
  test('is blocked or waiting for a CPU, with counts, sums, distributions and stacks', () => {
    const { data, stacks } = decode(ended, null)
    expect(data).toMatchObject({
      switches: { voluntary: 7, involuntary: 2 },
      blocked_ns: 900,
      runnable_ns: 60,
      open: null,
    })
    expect(data.blocked).toMatchObject({ count: 4, sum: 900 })
    expect(data.runnable).toMatchObject({ count: 6, sum: 60 })
    expect(stacks).toContainEqual({
      value: 500,
      count: 3,
      frames: ['worker', 'read', 'pipe_read_[k]', 'schedule_[k]', '__schedule_[k]'],
      dims: { state: 'blocked' },
    })
    expect(stacks?.map(({ dims }) => dims)).toContainEqual({ state: 'runnable' })
  })

  test('spent waiting for work is told from the rest', () => {
    const { data, stacks } = decode(ended, null)
    expect([data.idle_ns, data.working_ns]).toEqual([400, 500])
    expect(stacks?.find(({ frames }) => frames.includes('ep_poll_[k]'))?.dims).toEqual({
      state: 'blocked',
      for: 'work',
    })
  })

  test('of a window without stacks does not claim to know what it was for', () => {
    const { data } = decode({ ...ended, off_stacks: [] }, null, { withStacks: false })
    expect(data).not.toHaveProperty('idle_ns')
    expect(data).not.toHaveProperty('working_ns')
    const sum = mergeData(offCpu.record, data, decode(ended, null).data)
    expect([sum.idle_ns, sum.working_ns, sum.blocked_ns]).toEqual([400, 500, 1800])
  })

  const cases: { what: string; open: OpenByMap; blocked: number; runnable: number; longest: number | null }[] = [
    {
      what: 'blocked since within the phase',
      open: thread(2000, 0, VOLUNTARY),
      blocked: 3000,
      runnable: 0,
      longest: 3000,
    },
    {
      what: 'blocked since before the phase: only this phase’s part counts, the wait is as long as it is',
      open: thread(200, 0, VOLUNTARY),
      blocked: 4000,
      runnable: 0,
      longest: 4800,
    },
    {
      what: 'woken, not yet running',
      open: thread(2000, 4500, VOLUNTARY),
      blocked: 2500,
      runnable: 500,
      longest: 3000,
    },
    { what: 'woken after the cut', open: thread(2000, 5100, VOLUNTARY), blocked: 3000, runnable: 0, longest: 3000 },
    {
      what: 'woken before the phase began',
      open: thread(200, 500, VOLUNTARY),
      blocked: 0,
      runnable: 4000,
      longest: 4800,
    },
    { what: 'preempted: it never blocked', open: thread(4200, 0, PREEMPTED), blocked: 0, runnable: 800, longest: 800 },
    { what: 'running: it waits for nothing', open: thread(0, 0, VOLUNTARY), blocked: 0, runnable: 0, longest: null },
    {
      what: 'off since after the cut: the next phase’s',
      open: thread(5001, 0, VOLUNTARY),
      blocked: 0,
      runnable: 0,
      longest: null,
    },
  ]
  test.each(cases)('of a thread still waiting when its phase ends: $what', ({ open, blocked, runnable, longest }) => {
    const { data, stacks = [] } = decode({}, open)
    expect([data.blocked_ns, data.runnable_ns]).toEqual([blocked, runnable])
    expect(data.open).toEqual({ threads: longest === null ? 0 : 1, longest_ns: longest ?? 0 })
    const inStacks = (state: string) =>
      stacks.reduce((n, { value, dims }) => (dims?.['state'] === state ? n + value : n), 0)
    expect([inStacks('blocked'), inStacks('runnable')]).toEqual([blocked, runnable])
    expect(stacks.every(({ value }) => value > 0)).toBe(true)
  })

  test('of waits that have not ended is in sums and stacks, not in the distributions', () => {
    const { data } = decode(ended, thread(2000, 0, VOLUNTARY))
    expect(data.blocked_ns).toBe(900 + 3000)
    expect(data.blocked).toMatchObject({ count: 4, sum: 900 })
    expect(data.switches).toEqual({ voluntary: 7, involuntary: 2 })
  })

  test('of one wait over two phases is counted once: what is listed at the boundary, and the rest after it', () => {
    // Blocked at 2000, the phase changes at 5000, it runs again at 9000; the programs clamp to the phase's start.
    const before = decode({}, thread(2000, 0, VOLUNTARY)).data
    const after = decodeWith(
      offCpu,
      'tracepoint',
      windowOf({ off_ns: [[[BLOCKED], 4000]] }, { startNs: 5000, endNs: 9500, open: {} }),
      {
        phaseStartNs: 5000,
      },
    ).data
    expect(before.blocked_ns + after.blocked_ns).toBe(9000 - 2000)
  })

  test('of a thread whose stack was not listed is kept without one', () => {
    const { stacks } = decode({}, { off_since: [[[9], 3000]] })
    expect(stacks).toEqual([{ value: 2000, count: 1, frames: [], dims: { state: 'blocked' } }])
  })

  test('per request leaves out waiting for work, and is unknown without requests', () => {
    const figure = (key: string, requests: number | null) =>
      offCpu.draw.figures(decode(ended, null).data, { durationUs: 1e6, requests }).find((one) => one.key === key)?.value
    expect(figure('blocked_per_request', 100)).toBe(5)
    expect(figure('blocked_per_request', null)).toBeNull()
    expect(figure('runnable_per_request', 60)).toBe(1)
  })
})

test('a futex wait that is no lock’s is waiting for work, whether or not libc has symbols', () => {
  const FOR_SIGNAL = 3
  const BLOCKED_FOR_SIGNAL = 2
  const futex = ['__schedule', 'schedule', 'futex_do_wait', 'futex_wait']
  const { data, stacks } = decode(
    {
      off_switches: [[[FOR_SIGNAL], 2]],
      off_latency: [[[BLOCKED_FOR_SIGNAL, 100], 2]],
      off_ns: [[[BLOCKED_FOR_SIGNAL], 700]],
      off_stacks: [
        [[BLOCKED_FOR_SIGNAL, futex, []], 700, 2],
        [[BLOCKED, futex, []], 300, 1],
      ],
    },
    null,
  )
  expect(data).toMatchObject({ idle_ns: 700, working_ns: 300, blocked_ns: 700, switches: { voluntary: 2 } })
  expect(stacks?.map(({ dims }) => dims)).toEqual([{ state: 'blocked', for: 'work' }, { state: 'blocked' }])
})
