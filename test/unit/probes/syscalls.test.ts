import { describe, expect, test } from 'vitest'
import { syscalls } from '../../../probes/catalog/syscalls.ts'
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
    expect(decode({})).toEqual({ syscalls: {}, pending: [] })
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

  test('stand in a table with their share, errors most frequent first', () => {
    const rows = syscalls.draw.table?.rows(decode(some), { durationUs: 1e6, requests: null })
    expect(rows?.map(({ name, errors }) => [name, errors])).toEqual([
      ['call_257', 'E2 6 E24 1'],
      ['call_0', ''],
    ])
    expect(rows?.reduce((n, row) => n + Number(row['share']), 0)).toBeCloseTo(100)
  })
})
