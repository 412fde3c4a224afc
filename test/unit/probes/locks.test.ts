import { describe, expect, test } from 'vitest'
import { waitsByLock } from '../../../probes/catalog/locks/by-lock.ts'
import { classOf } from '../../../probes/catalog/locks/programs.ts'
import { locks } from '../../../probes/catalog/locks.ts'
import type { DecodedStack } from '../../../probes/define.ts'
import { futexOf } from '../../../probes/locks/futex-wait.ts'
import { refineClass } from '../../../probes/locks/lock-class.ts'
import { mergeData } from '../../../probes/record.ts'
import { decodeWith, type OpenByMap, type RowsByMap, windowOf } from './subjects.ts'

// What the arguments of the call alone told.
const LOW_LEVEL_LOCK = 1
const PRIORITY_INHERITING = 2
const BITSET = 3
const OTHER = 4
const MUTEX = '0x1000'
const JOBS = '0x2000'

const ended: RowsByMap = {
  futex_latency: [
    [[LOW_LEVEL_LOCK, 50], 3],
    [[PRIORITY_INHERITING, 60], 1],
    [[BITSET, 90], 5],
  ],
  futex_ns: [
    [[LOW_LEVEL_LOCK, MUTEX], 300, 3],
    [[PRIORITY_INHERITING, '0x3000'], 100, 1],
    [[BITSET, JOBS], 9000, 5],
  ],
  futex_stacks: [
    [[LOW_LEVEL_LOCK, MUTEX, ['__lll_lock_wait', 'take', 'worker']], 300, 3],
    [[BITSET, JOBS, ['__futex_abstimed_wait_common', 'pthread_cond_wait', 'idle']], 9000, 5],
    [[BITSET, '0x4000', ['pthread_rwlock_rdlock', 'reader']], 70, 2],
  ],
  lock_ns: [
    [[32], 500, 2],
    [[1], 40, 4],
  ],
  lock_stacks: [[[32, '0xffff888600000000', ['mutex_lock', 'do_write']], 500, 2]],
}
const decode = (rows: RowsByMap, open: OpenByMap | null = null, variant = 'tracepoint') =>
  decodeWith(locks, variant, windowOf(rows, { startNs: 9000, endNs: 10_000, open }), { phaseStartNs: 1000 })

describe('waits for locks', () => {
  test('are those for mutexes; waits on conditions stand beside them', () => {
    const { user } = decode(ended).data
    expect(user).toMatchObject({ waits: 4, wait_ns: 400, contended: 2 })
    expect(user.latency).toMatchObject({
      count: 4,
      sum: 400,
      buckets: [
        [50, 3],
        [60, 1],
      ],
    })
    expect(user.by_class['mutex']).toEqual({ waits: 4, wait_ns: 400 })
    expect(user.by_class['condition']).toEqual({ waits: 5, wait_ns: 9000 })
  })

  test('are classed in the stacks by the functions that wait, where those are named', () => {
    const rows = decode(ended).stacks?.filter(({ dims }) => dims?.['lock'] === 'user')
    expect(rows?.map(({ value, dims }) => [value, dims?.['class'], dims?.['address']])).toEqual([
      [300, 'mutex', '0x1000'],
      [9000, 'condition', '0x2000'],
      [70, 'rwlock', '0x4000'],
    ])
  })

  test('in the kernel are counted by the kind that the event’s flags tell', () => {
    expect(decode(ended).data.kernel).toEqual({ waits: 6, wait_ns: 540, by_kind: { mutex: 500, spinlock: 40 } })
    const row = decode(ended).stacks?.find(({ dims }) => dims?.['lock'] === 'kernel')
    expect(row).toMatchObject({
      value: 500,
      count: 2,
      frames: ['do_write_[k]', 'mutex_lock_[k]'],
      dims: { class: 'mutex', address: '0xffff888600000000' },
    })
  })

  test.each([
    [1, 'spinlock'],
    [2, 'rwsem'],
    [4, 'rwsem'],
    [3, 'rwlock'],
    [5, 'rwlock'],
    [8, 'rtmutex'],
    [16, 'percpu-rwsem'],
    [18, 'percpu-rwsem'],
    [32, 'mutex'],
    [33, 'mutex'],
    [0, 'other'],
  ])('in the kernel with flags %i are for a %s', (flags, kind) => {
    expect(decode({ lock_ns: [[[flags], 7, 1]] }).data.kernel?.by_kind).toEqual({ [kind]: 7 })
  })

  test('in the kernel are unknown, not none, where the host cannot tell', () => {
    const decoded = decode(ended, null, 'user-only')
    expect(decoded.data.kernel).toBeNull()
    expect(decoded.notes?.join()).toMatch(/unknown here/)
    expect(decoded.stacks?.some(({ dims }) => dims?.['lock'] === 'kernel')).toBe(false)
    expect(decoded.data.user.waits).toBe(4)
  })

  test('add up over windows', () => {
    const one = decode(ended).data
    const sum = mergeData(locks.record, one, one)
    expect(sum.user).toMatchObject({ waits: 8, wait_ns: 800, contended: 4 })
    expect(sum.user.by_class['condition']).toEqual({ waits: 10, wait_ns: 18_000 })
    expect(sum.kernel).toEqual({ waits: 12, wait_ns: 1080, by_kind: { mutex: 1000, spinlock: 80 } })
  })
})

describe('a wait that has not ended when its phase does', () => {
  const open = (since: number, code: number, stack: string[]): OpenByMap => ({
    futex_since: [[[7], since]],
    futex_address: [[[7], Number(MUTEX)]],
    futex_class: [[[7], code]],
    futex_stack: [[[7], stack]],
  })
  const mutex = ['__lll_lock_wait', 'take']
  const condition = ['pthread_cond_wait', 'pool']
  const cases: [string, OpenByMap, string, number][] = [
    ['adds its time', open(7000, LOW_LEVEL_LOCK, mutex), 'mutex', 3000],
    ['adds only what of it is in the phase', open(500, LOW_LEVEL_LOCK, mutex), 'mutex', 9000],
    ['is a condition', open(7000, BITSET, condition), 'condition', 3000],
    ['is idleness when it is a condition and has lasted the phase', open(500, BITSET, condition), 'idle', 9000],
    ['is idleness when it has lasted nine tenths of it', open(1500, BITSET, condition), 'idle', 8500],
    ['is no idleness when it is a mutex, however long', open(500, LOW_LEVEL_LOCK, mutex), 'mutex', 9000],
    ['is something else when nothing tells', open(7000, OTHER, ['f']), 'other', 3000],
  ]
  test.each(cases)('%s', (_, waiting, as, ns) => {
    const { data, stacks } = decode({}, waiting)
    expect(data.user.by_class).toEqual({ [as]: { waits: 0, wait_ns: ns } })
    expect(data.user.waits, 'it is counted where it ends').toBe(0)
    expect(data.user.wait_ns).toBe(as === 'mutex' ? ns : 0)
    expect(data.user.latency.count).toBe(0)
    expect(stacks).toMatchObject([{ value: ns, count: 1, dims: { lock: 'user', address: '0x1000', class: as } }])
  })

  test.each([
    ['has ended', 0],
    ['began after the cut', 10_001],
  ])('is none when it %s', (_, since) => {
    const { data, stacks } = decode({}, open(since, LOW_LEVEL_LOCK, mutex))
    expect(data.user.by_class).toEqual({})
    expect(stacks).toEqual([])
  })
})

test.each<[string[], string, string]>([
  [['main', 'pthread_mutex_lock', '__lll_lock_wait'], 'other', 'mutex'],
  [['main', '___pthread_mutex_lock'], 'other', 'mutex'],
  [['main', 'uv_mutex_lock'], 'condition', 'mutex'],
  [['main', 'std::sys::sync::mutex::futex::Mutex::lock_contended'], 'other', 'mutex'],
  [['main', 'parking_lot::raw_mutex::RawMutex::lock_slow'], 'other', 'mutex'],
  [['main', 'pthread_rwlock_wrlock'], 'condition', 'rwlock'],
  [['main', '__pthread_cond_wait', '__futex_abstimed_wait_common'], 'mutex', 'condition'],
  [['main', '__futex_abstimed_wait_common'], 'other', 'condition'],
  [['main', '__new_sem_wait_slow'], 'condition', 'semaphore'],
  [['main', 'uv_sem_wait', 'sem_wait'], 'condition', 'semaphore'],
  [['main', '__pthread_clockjoin_ex'], 'other', 'join'],
  // The leaf says more than what called it.
  [['pthread_mutex_lock', 'callback', 'pthread_cond_wait'], 'mutex', 'condition'],
  [['main', 'nothing_known'], 'mutex', 'mutex'],
  [[], 'other', 'other'],
])('the functions %j make a wait a %3$s', (frames, byArguments, as) => {
  expect(refineClass(byArguments as 'mutex', frames)).toBe(as)
})

test('a wait on an interpreter’s lock is one for a lock, by its function or by where the lock lies', () => {
  expect(refineClass('condition', ['eval', 'take_gil', 'pthread_cond_timedwait'])).toBe('interpreter')
  expect(refineClass('condition', ['__futex_abstimed_wait_common'], '_PyRuntime')).toBe('interpreter')
  const { data, stacks } = decodeWith(locks, 'tracepoint', windowOf(ended, { startNs: 9000, endNs: 10_000 }), {
    dataName: (address) => (address === JOBS ? '_PyRuntime' : null),
  })
  expect(data.user).toMatchObject({ waits: 4, wait_ns: 400, by_name: { waits: 7, wait_ns: 9070 } })
  expect(stacks?.find(({ dims }) => dims?.['address'] === JOBS)?.dims).toMatchObject({
    class: 'interpreter',
    name: '_PyRuntime',
  })
  const waited = locks.draw.figures(data, { durationUs: 1, requests: null }).find(({ key }) => key === 'wait')
  expect(waited?.value).toBe(400 + 9070)
})

test.each<[what: string, op: number, value: number, kind: string]>([
  ['glibc’s mutex', 128, 2, 'mutex'],
  ['a mutex that hands its owner’s priority on', 6 | 128, 0, 'mutex'],
  ['Rust’s mutex', 9 | 128, 2, 'mutex'],
  ['a robust mutex', 128, -2_147_483_000, 'mutex'],
  ['a condition', 9 | 128 | 256, 0, 'condition'],
  ['the end of a thread', 9 | 256, 4711, 'join'],
  ['what nobody knows', 128, 77, 'other'],
])('the arguments of a wait tell %s', (_, op, value, kind) => {
  expect(classOf(futexOf(op, value))).toBe(kind)
})

describe('waits by lock', () => {
  const rows = (stacks: DecodedStack[]) => waitsByLock(stacks)
  const user = (value: number, frames: string[], address = '0x10', as = 'mutex'): DecodedStack => ({
    ...{ value, count: 1, frames, dims: { lock: 'user', address, class: as } },
  })

  test('stand under the function that wants the lock, not under the locking', () => {
    const stacks = [
      user(5, [
        'main',
        'handle',
        'cache_get',
        'pthread_mutex_lock',
        '__lll_lock_wait',
        'do_syscall_64_[k]',
        'futex_wait_[k]',
      ]),
      user(7, ['main', 'other', 'cache_get', '__GI___lll_lock_wait']),
      user(1, ['main', 'refresh', '[libc.so.6]', 'pthread_mutex_lock']),
      user(2, ['[unknown]', '__lll_lock_wait'], '0x20'),
    ]
    expect(rows(stacks)).toEqual([
      { class: 'mutex', address: '0x10', waiter: 'cache_get', count: 2, wait_ns: 12 },
      { class: 'mutex', address: '0x10', waiter: 'refresh', count: 1, wait_ns: 1 },
      { class: 'mutex', address: '0x20', waiter: null, count: 1, wait_ns: 2 },
    ])
  })

  test('say when the function that wants the lock was passed over, and name the lock where it is a variable', () => {
    const stacks = [user(5, ['start_thread', 'worker', '[caller not seen]', '__lll_lock_wait'])]
    const named = stacks.map((row) => ({ ...row, dims: { ...row.dims, name: 'ledger_lock' } }))
    expect(rows(named)).toEqual([
      { class: 'mutex', address: '0x10', name: 'ledger_lock', waiter: 'called from worker', count: 1, wait_ns: 5 },
    ])
    const { data } = decode(ended)
    expect(locks.draw.remarks?.(locks.withStacks?.(data, named) ?? data)).toEqual([
      'most waited for: ledger_lock, called from worker',
    ])
    expect(locks.draw.remarks?.(locks.withStacks?.(data, stacks) ?? data)).toEqual([])
  })

  test('in the kernel stand under its function', () => {
    const frames = ['do_write_[k]', 'vfs_write_[k]', 'down_write_[k]', 'rwsem_down_write_slowpath_[k]']
    const dims = { lock: 'kernel', address: '0xff00', class: 'rwsem' }
    expect(rows([{ value: 3, count: 2, frames, dims }])).toEqual([
      { class: 'kernel rwsem', address: '0xff00', waiter: 'vfs_write', count: 2, wait_ns: 3 },
    ])
  })

  test('add up over windows, also with those that had no stacks', () => {
    const { data } = decode(ended)
    const first = locks.withStacks?.(data, [user(5, ['take', '__lll_lock_wait'])]) ?? data
    const later = locks.withStacks?.(data, [user(6, ['take', '__lll_lock_wait']), user(1, ['give'], '0x30')]) ?? data
    const sum = [data, first, data, later].reduce((a, b) => mergeData(locks.record, a, b))
    expect(sum.user.by_lock).toEqual([
      { class: 'mutex', address: '0x10', waiter: 'take', count: 2, wait_ns: 11 },
      { class: 'mutex', address: '0x30', waiter: 'give', count: 1, wait_ns: 1 },
    ])
    const [top] = locks.draw.table?.rows(sum, { durationUs: 1, requests: 11 }) ?? []
    expect(top).toEqual({
      waiter: 'take',
      class: 'mutex',
      lock: null,
      address: '0x10',
      waits: 2,
      wait: 11,
      per_request: 1,
    })
  })

  test('on locks stand before those on conditions, which wait for work', () => {
    const stacks = [user(9, ['idle'], '0x40', 'condition'), user(1, ['take']), user(2, ['give'])]
    const { data } = decode(ended)
    const table = locks.draw.table?.rows(locks.withStacks?.(data, stacks) ?? data, { durationUs: 1, requests: null })
    expect(table?.map(({ waiter }) => waiter)).toEqual(['give', 'take', 'idle'])
  })

  test('are told by class where no stacks were recorded', () => {
    const table = locks.draw.table?.rows(decode(ended).data, { durationUs: 1, requests: null })
    expect(table).toContainEqual({
      waiter: null,
      lock: null,
      address: null,
      class: 'condition',
      waits: 5,
      wait: 9000,
      per_request: null,
    })
  })
})
