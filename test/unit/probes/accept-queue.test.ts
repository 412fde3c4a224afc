import { describe, expect, test } from 'vitest'
import { acceptQueue } from '../../../probes/catalog/accept-queue.ts'
import { bucketOf } from '../../../probes/histogram.ts'
import { mergeData } from '../../../probes/record.ts'
import { decodeWith, type OpenByMap, type RowsByMap, windowOf } from './subjects.ts'

const variants = ['tracepoint', 'fexit', 'kprobe']
const decode = (
  rows: RowsByMap,
  open: OpenByMap | null = null,
  ports: ReadonlySet<number> | null = new Set([8080]),
  variant = 'tracepoint',
) => decodeWith(acceptQueue, variant, windowOf(rows, { endNs: 5000, open }), { ports }).data

const busy: RowsByMap = {
  accept_latency: [
    [[8080, bucketOf(100)], 3],
    [[8080, bucketOf(900)], 1],
    [[9090, 5], 2],
  ],
  accept_ns: [
    [[8080], 1200],
    [[9090], 10],
  ],
  accept_untracked: [[[8080], 2]],
  accept_errors: [
    [[24], 5],
    [[11], 1],
  ],
  accept_depth: [[[8080], 9]],
  accept_limit: [[[8080], 8]],
}

describe('the accept queue', () => {
  test.each(variants)('counts connections by listener, with how long they waited (%s)', (variant) => {
    const { listeners, errors } = decode(busy, null, null, variant)
    expect(Object.keys(listeners)).toEqual(['8080', '9090'])
    expect(listeners['8080']).toMatchObject({ accepted: 6, untracked: 2, depth_max: 9, limit: 8 })
    expect(listeners['8080']?.latency).toMatchObject({ count: 4, sum: 1200 })
    expect(listeners['9090']).toMatchObject({ accepted: 2, untracked: 0, depth_max: null, limit: null })
    expect(errors).toEqual({ E24: 5, E11: 1 })
  })

  test('takes an accept that a signal broke off, as when the server is killed, for no failure', () => {
    expect(
      decode({
        ...busy,
        accept_errors: [
          [[512], 3],
          [[24], 1],
        ],
      }).errors,
    ).toEqual({ E24: 1 })
  })

  test('shows a listener nobody connected to, as nothing accepted and its depth unknown', () => {
    expect(decode({})).toEqual({
      listeners: {
        8080: {
          accepted: 0,
          untracked: 0,
          depth_max: null,
          limit: null,
          latency: expect.objectContaining({ count: 0 }),
        },
      },
      errors: {},
      waiting: [],
    })
  })

  test('lists who still waits when a phase ends, longest first', () => {
    const open: OpenByMap = {
      accept_since: [
        [[0xa1], 4000],
        [[0xa2], 1000],
        [[0xa3], 0],
        [[0xa4], 5001],
        [[0xa5], 2000],
        [[0xa6], 3000],
      ],
      accept_port: [
        [[0xa1], 8080],
        [[0xa2], 8080],
        [[0xa3], 8080],
        [[0xa4], 8080],
        [[0xa5], 5432],
      ],
    }
    // Not: one that was accepted, one that came after the cut, one of another process's port, one without a port.
    expect(decode({}, open).waiting).toEqual([
      { port: 8080, age_ns: 4000 },
      { port: 8080, age_ns: 1000 },
    ])
  })

  test('does not list as waiting what some process has already, and lists what cannot be told', () => {
    const both = (remotePort: number) => 8080 + remotePort * 65_536
    const open: OpenByMap = {
      accept_since: [1, 2, 3].map((n) => [[n], 1000 * n]),
      accept_port: [
        [[1], both(50_001)],
        [[2], both(50_002)],
        [[3], both(50_003)],
      ],
    }
    const known = new Map([
      [50_001, false],
      [50_002, true],
    ])
    const context = {
      ports: new Set([8080]),
      isQueued: (local: number, remote: number) => (local === 8080 ? (known.get(remote) ?? null) : false),
    }
    const { data } = decodeWith(acceptQueue, 'tracepoint', windowOf({}, { endNs: 5000, open }), context)
    expect(data.waiting.map(({ age_ns }) => age_ns)).toEqual([3000, 2000])
  })

  test.each([
    ['asked for within the window', { accept_by_ring: [[[0], 1]] } satisfies RowsByMap, false],
    ['waited for at the end of a phase', {}, true],
  ])('of a target that accepts through io_uring is unknown, with the reason: %s', (_, rows, acceptsByRing) => {
    const read = (variant: string) =>
      decodeWith(acceptQueue, variant, windowOf({ ...busy, ...rows }, { endNs: 5000, open: null }), { acceptsByRing })
    const blind = read('tracepoint')
    expect(blind.data.listeners['8080']).toMatchObject({ accepted: null, latency: null, untracked: null, depth_max: 9 })
    expect(blind.notes).toEqual([expect.stringContaining('io_uring')])
    const value = (key: string) =>
      acceptQueue.draw.figures(blind.data, { durationUs: 2e6, requests: null }).find((figure) => figure.key === key)
        ?.value
    expect(['accepted', 'rate', 'p50', 'p99', 'max'].map(value)).toEqual([null, null, null, null, null])
    // What was counted before is a part, and would be taken for the whole.
    for (const [a, b] of [
      [blind.data, decode(busy)],
      [decode(busy), blind.data],
    ] as const)
      expect(mergeData(acceptQueue.record, a, b).listeners['8080']).toMatchObject({ accepted: null, latency: null })
    for (const variant of ['fexit', 'kprobe']) expect(read(variant).data.listeners['8080']?.accepted).toBe(6)
  })

  test('of a target that listens on no TCP port counts nothing, rather than 0', () => {
    const figures = acceptQueue.draw.figures(decode({}, null, new Set()), { durationUs: 1e6, requests: null })
    expect(figures.find(({ key }) => key === 'accepted')?.value).toBeNull()
  })

  test('says why accept failed, most frequent first', () => {
    expect(acceptQueue.draw.remarks?.(decode(busy))).toEqual([
      'queue of port 8080 113 % full',
      'accept failed: E24 5 · E11 1',
    ])
    expect(acceptQueue.draw.remarks?.(decode({}))).toEqual([])
  })

  test('lists nobody within a phase: who waits then is not known', () => {
    expect(decode(busy).waiting).toEqual([])
  })

  test('adds up over the windows of a phase: deepest queue, latest limit, those who wait at its end', () => {
    const later: RowsByMap = { ...busy, accept_depth: [[[8080], 4]], accept_limit: [[[8080], 128]] }
    const waiting: OpenByMap = { accept_since: [[[1], 4999]], accept_port: [[[1], 8080]] }
    const sum = mergeData(acceptQueue.record, decode(busy), decode(later, waiting))
    expect(sum.listeners['8080']).toMatchObject({ accepted: 12, untracked: 4, depth_max: 9, limit: 128 })
    expect(sum.listeners['8080']?.latency).toMatchObject({ count: 8, sum: 2400 })
    expect(sum.errors).toEqual({ E24: 10, E11: 2 })
    expect(sum.waiting).toEqual([{ port: 8080, age_ns: 1 }])
  })

  test('says in figures what stands in the data, and unknown where there is nothing', () => {
    const value = (data: ReturnType<typeof decode>, key: string) =>
      acceptQueue.draw.figures(data, { durationUs: 2e6, requests: null }).find((figure) => figure.key === key)?.value
    const full = decode(busy)
    expect([value(full, 'accepted'), value(full, 'rate'), value(full, 'depth'), value(full, 'limit')]).toEqual([
      8, 4, 9, 8,
    ])
    expect(value(full, 'errors')).toBe(6)
    const idle = decode({})
    expect(['p50', 'p99', 'max', 'depth', 'limit'].map((key) => value(idle, key))).toEqual([
      null,
      null,
      null,
      null,
      null,
    ])
    expect(value(idle, 'accepted')).toBe(0)
  })
})
