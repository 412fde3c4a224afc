import { describe, expect, test } from 'vitest'
import { syscalls } from '../../../probes/catalog/syscalls.ts'
import { errnoName } from '../../../probes/host/errno.ts'
import { syscallName } from '../../../probes/host/syscalls.ts'
import { mergeData } from '../../../probes/record.ts'
import { decodeWith, type OpenByMap, type RowsByMap, windowOf } from './subjects.ts'

const decode = (rows: RowsByMap, open: OpenByMap | null = null) =>
  decodeWith(syscalls, 'tracepoint', windowOf(rows, { endNs: 5000, open })).data

const some: RowsByMap = {
  syscall_latency: [
    [[0, 40], 3],
    [[0, 50], 1],
    [[257, 20], 9],
  ],
  syscall_ns: [
    [[0], 700],
    [[257], 90],
  ],
  syscall_errors: [
    [[257, 2], 6],
    [[257, 24], 1],
  ],
}

describe('system calls', () => {
  test('are counted by name, most frequent first, with time and errors by name', () => {
    const found = decode(some).syscalls
    expect(Object.keys(found)).toEqual(['call_257', 'call_0'])
    expect(found['call_257']).toMatchObject({ count: 9, total_ns: 90, errors: { E2: 6, E24: 1 } })
    expect(found['call_0']).toMatchObject({ count: 4, total_ns: 700, errors: {} })
    expect(found['call_0']?.latency).toMatchObject({
      count: 4,
      sum: 700,
      buckets: [
        [40, 3],
        [50, 1],
      ],
    })
  })

  test('through the 32-bit gate go by its numbers, and add up with the others of their name', () => {
    const gate = (id: number) => 65_536 + id
    const { syscalls: found } = decodeWith(
      syscalls,
      'tracepoint',
      windowOf({
        syscall_latency: [
          [[39, 40], 3],
          [[gate(20), 40], 100],
          [[gate(4), 50], 2],
        ],
        syscall_ns: [
          [[39], 30],
          [[gate(20)], 1000],
          [[gate(4)], 70],
        ],
        syscall_errors: [[[gate(4), 9], 1]],
      }),
      { syscallName: (id) => syscallName(id, 'x86_64'), errnoName: (errno) => `E${errno}` },
    ).data
    expect(found['getpid']).toMatchObject({ count: 103, total_ns: 1030 })
    expect(found['write']).toMatchObject({ count: 2, total_ns: 70, errors: { E9: 1 } })
  })

  test('that have not returned when a phase ends are pending, longest first', () => {
    const open: OpenByMap = {
      syscall_start: [
        [[7], 4000],
        [[8], 1000],
        [[9], 0],
        [[10], 5001],
      ],
      syscall_number: [
        [[7], 232],
        [[8], 0],
        [[9], 0],
        [[10], 0],
      ],
    }
    // Not: one that returned, one that began after the cut.
    expect(decode({}, open).pending).toEqual([
      { name: 'call_0', age_ns: 4000 },
      { name: 'call_232', age_ns: 1000 },
    ])
  })

  test('are none when none were made', () => {
    expect(decode({})).toEqual({ syscalls: {}, pending: [], ring: {} })
  })

  test('add up over windows; pending is what is pending at the end', () => {
    const sum = mergeData(syscalls.record, decode(some, { syscall_start: [[[1, 0], 1]] }), decode(some))
    expect(sum.syscalls['call_257']).toMatchObject({ count: 18, total_ns: 180, errors: { E2: 12, E24: 2 } })
    expect(sum.pending).toEqual([])
  })

  test('are told per request where the requests are known, and unknown otherwise', () => {
    const perRequest = (requests: number | null) =>
      syscalls.draw.figures(decode(some), { durationUs: 1e6, requests }).find(({ key }) => key === 'per_request')?.value
    expect(perRequest(13)).toBe(1)
    expect(perRequest(null)).toBeNull()
  })

  test('stand in a table by the time they take, those that wait last; errors most frequent first', () => {
    const data = decodeWith(
      syscalls,
      'tracepoint',
      windowOf({
        ...some,
        syscall_latency: [...(some['syscall_latency'] ?? []), [[232, 99], 2]],
        syscall_ns: [...(some['syscall_ns'] ?? []), [[232], 9e9]],
        ring_operations: [[[13], 4]],
      }),
      { syscallName: (id) => syscallName(id, 'x86_64') },
    ).data
    const rows = syscalls.draw.table?.rows(data, { durationUs: 1e6, requests: null }) ?? []
    expect(rows.map(({ name, errors }) => [name, errors])).toEqual([
      ['read', ''],
      ['openat', 'E2 6 E24 1'],
      ['epoll_wait', ''],
      ['io_uring accept', null],
    ])
    expect(rows.reduce((n, row) => n + Number(row['share']), 0)).toBeCloseTo(100)
    // Time of calls that do something; waiting for work is none of it.
    expect(rows.map((row) => row['time_share'])).toEqual([(100 * 700) / 790, (100 * 90) / 790, null, null])
    expect(syscalls.draw.remarks?.(data)).toEqual(['most failed: openat E2 6'])
  })

  test('that a signal interrupted and the kernel begins again have not failed', () => {
    const windowData = windowOf({
      syscall_latency: [[[130, 9], 45]],
      syscall_ns: [[[130], 9]],
      syscall_errors: [
        [[130, 514], 43],
        [[130, 4], 2],
      ],
    })
    const data = decodeWith(syscalls, 'tracepoint', windowData, {
      syscallName: (id) => syscallName(id, 'x86_64'),
      errnoName,
    }).data
    const figures = syscalls.draw.figures(data, { durationUs: 1e6, requests: null })
    expect(data.syscalls['rt_sigsuspend']?.errors).toEqual({ ERESTARTNOHAND: 43, EINTR: 2 })
    expect(figures.find(({ key }) => key === 'errors')?.value).toBe(2)
    expect(syscalls.draw.remarks?.(data)).toEqual(['most failed: rt_sigsuspend EINTR 2'])
  })

  test('asked for through io_uring are counted beside them, by name', () => {
    const { ring } = decode({
      ring_operations: [
        [[13], 50],
        [[26], 50],
        [[200], 1],
      ],
    })
    expect(ring).toEqual({ accept: 50, send: 50, operation_200: 1 })
    const figure = (data: ReturnType<typeof decode>) =>
      syscalls.draw.figures(data, { durationUs: 1e6, requests: null }).find(({ key }) => key === 'ring')
    expect(figure(decode({ ring_operations: [[[13], 50]] }))).toMatchObject({ value: 50, headline: true })
    expect(figure(decode({}))).toMatchObject({ value: 0, headline: false })
  })
})
