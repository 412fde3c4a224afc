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

describe('a futex wait', () => {
  const futex = ['__schedule', 'schedule', 'futex_do_wait', 'futex_wait']
  const states = { nothing: 0, condition: 2, lock: 3, unknown: 4, work: 5, delay: 6 }
  const classed = (state: number, user: string[], kernel: string[] = futex) => {
    const { data, stacks } = decode({ off_stacks: [[[state, kernel, user], 700, 2]] }, null)
    expect((data.idle_ns ?? 0) + (data.working_ns ?? 0) + (data.unknown_ns ?? 0)).toBe(700)
    return stacks?.[0]?.dims?.['for'] ?? 'blocked'
  }

  test.each<[what: string, state: number, user: string[], kind: string]>([
    ['by its arguments a lock’s, without a name', states.lock, [], 'lock'],
    ['on a condition without a name', states.condition, [], 'unknown'],
    ['of nothing known', states.nothing, [], 'unknown'],
    ['on a condition, one frame', states.condition, ['__futex_abstimed_wait_common'], 'unknown'],
    ['on a condition of a known pool', states.condition, ['pthread_cond_wait', 'uv_cond_wait', 'worker'], 'work'],
    ['in a function that only shares its name', states.condition, ['pthread_cond_wait', 'worker'], 'unknown'],
    ['for the interpreter lock', states.condition, ['pthread_cond_timedwait', 'take_gil', 'eval'], 'lock'],
    ['of a semaphore by name', states.condition, ['__new_sem_wait_slow64', 'pass'], 'lock'],
    ['of a read-write lock by name', states.unknown, ['__pthread_rwlock_wrlock_full64', 'write'], 'lock'],
    ['of a thread that waits for its others', states.work, ['__futex_abstimed_wait_common'], 'work'],
  ])('%s', (_, state, user, kind) => {
    expect(classed(state, user)).toBe(kind)
  })

  test.each<[what: string, state: number, user: string[], kernel: string[], kind: string]>([
    ['an event loop', states.nothing, ['epoll_wait', 'loop'], poll, 'work'],
    ['the same in a client library', states.nothing, ['epoll_wait', 'PQgetResult', 'handle'], poll, 'blocked'],
    ['a name server', states.nothing, ['__poll', '__res_context_send'], ['do_poll', 'do_sys_poll'], 'blocked'],
    ['a row lock', states.nothing, ['epoll_wait', 'WaitLatch', 'ProcSleep', 'LockAcquire'], poll, 'lock'],
    ['a server’s own client', states.nothing, ['epoll_wait', 'secure_read', 'PostgresMain'], poll, 'work'],
    ['a signal', states.nothing, ['sigsuspend'], ['sigsuspend', '__x64_sys_rt_sigsuspend'], 'work'],
    ['pause', states.nothing, ['pause'], ['schedule', '__x64_sys_pause'], 'work'],
    ['a disk', states.nothing, ['read'], ['folio_wait_bit_common', 'filemap_read'], 'blocked'],
    ['a lock of a file', states.nothing, ['fcntl'], ['locks_lock_inode_wait', 'fcntl_setlk'], 'lock'],
    ['a semaphore of System V', states.nothing, ['semop'], ['do_semtimedop'], 'lock'],
    ['a lock of the kernel', states.nothing, ['mmap'], ['rwsem_down_write_slowpath'], 'lock'],
    ['a connection that was accepted', states.work, ['read'], read, 'work'],
    ['a connection that it made', states.delay, ['read'], read, 'blocked'],
  ])('a wait for %s', (_, state, user, kernel, kind) => {
    expect(classed(state, user, kernel)).toBe(kind)
  })

  test('what cannot be told is in a view of its own, and in neither of the others', () => {
    const { data, stacks = [] } = decode({ off_stacks: [[[states.condition, futex, []], 700, 2]] }, null)
    expect(data).toMatchObject({ idle_ns: 0, working_ns: 0, lock_ns: 0, unknown_ns: 700 })
    const views = offCpu.draw.flame?.views.filter(({ keep }) => stacks.some(({ dims = {} }) => keep(dims)))
    expect(views?.map(({ name }) => name)).toEqual(['unknown'])
  })

  test('does not call the lengths of all waits blocked: they hold those for work as well', () => {
    const { data } = decode(ended, null)
    expect(offCpu.draw.histograms?.(data).map(({ label }) => label)).toEqual(['any wait', 'waiting for a CPU'])
  })
})
