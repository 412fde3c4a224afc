import { z } from 'zod'
import {
  applyRecord,
  createRunModel,
  type HeaderRecord,
  type LoadRecord,
  type RecordingRecord,
  type RunModel,
  type StackRow,
} from '../../audit/index.ts'
import { createHdr } from '../../audit/load/hdr.ts'
import { bucketOf, defineProbe, histogramOf, type Probe } from '../../probes/index.ts'
import { count, histogram } from '../../probes/record.ts'
import { recordingHeader } from '../recording-header.ts'

/**
 * A run without a kernel: three invented probes, and a recording that grows second by second through baseline and stress.
 * The same second always holds the same numbers.
 */
const waits = defineProbe({
  name: 'waits',
  question: 'How long do callers wait at the counter?',
  blindTo: [],
  cost: 'low',
  isDefault: true,
  rank: 1,
  params: z.object({}),
  variants: [],
  record: z.object({ served: count(), latency: histogram(), turned_away: z.number().nullable() }),
  estimateNs: (data) => data.served * 800,
  draw: {
    tab: 'Waits',
    lanes: [{ label: 'waited mean', figures: ['mean'] }],
    histograms: (data) => [{ label: 'waited', histogram: data.latency }],
    figures: (data, scope) => [
      {
        key: 'served',
        label: 'served',
        value: data.served / (scope.durationUs / 1e6),
        unit: 'per_s',
        better: 'neutral',
        headline: true,
      },
      {
        key: 'mean',
        label: 'waited mean',
        value: data.latency.count ? data.latency.sum / data.latency.count : null,
        unit: 'ns',
        better: 'lower',
        headline: true,
      },
      { key: 'turned_away', label: 'turned away', value: data.turned_away, unit: 'count', better: 'lower' },
    ],
  },
})

const calls = defineProbe({
  name: 'calls',
  question: 'Which calls are made, and how long do they take?',
  blindTo: [],
  cost: 'high',
  isDefault: true,
  rank: 1,
  params: z.object({}),
  variants: [],
  record: z.object({ calls: z.record(z.string(), z.object({ count: count(), total_ns: count() })) }),
  estimateNs: () => 0,
  draw: {
    tab: 'Calls',
    lanes: [{ label: 'calls', figures: ['per_request'] }],
    figures: (data, scope) => {
      const total = Object.values(data.calls).reduce((n, c) => n + c.count, 0)
      return [
        {
          key: 'per_request',
          label: 'per request',
          value: scope.requests ? total / scope.requests : null,
          unit: 'per_request',
          better: 'lower',
          headline: true,
        },
      ]
    },
    table: {
      columns: [
        { key: 'name', label: 'call', unit: 'text' },
        { key: 'count', label: 'count', unit: 'count' },
        { key: 'mean', label: 'mean', unit: 'ns' },
      ],
      rows: (data) =>
        Object.entries(data.calls)
          .map(([name, c]) => ({ name, count: c.count, mean: c.count ? c.total_ns / c.count : null }))
          .sort((a, b) => b.count - a.count),
    },
  },
})

const stalls = defineProbe({
  name: 'stalls',
  question: 'Where do threads stand still?',
  blindTo: [],
  cost: 'medium',
  isDefault: true,
  rank: 1,
  params: z.object({}),
  variants: [],
  record: z.object({ blocked_ns: count() }),
  stackUnit: 'ns',
  estimateNs: () => 0,
  draw: {
    tab: 'Stalls',
    lanes: [{ label: 'blocked', figures: ['blocked'] }],
    figures: (data, scope) => [
      {
        key: 'blocked',
        label: 'blocked/request',
        value: scope.requests ? data.blocked_ns / scope.requests : null,
        unit: 'ns_per_request',
        better: 'lower',
        headline: true,
      },
    ],
    flame: {
      unit: 'ns',
      title: 'blocked time',
      views: [
        { name: 'blocked', title: 'blocked', keep: (dims) => dims['state'] !== 'runnable' },
        { name: 'runnable', title: 'waiting for a CPU', keep: (dims) => dims['state'] === 'runnable' },
      ],
    },
  },
})

export const syntheticCatalog = (): Map<string, Probe> =>
  new Map([waits, calls, stalls].map((probe) => [probe.name, probe as unknown as Probe]))

export interface SyntheticRun {
  model: RunModel
  /** adds one second: windows, stacks, load, counters, cost */
  second: () => void
}

const PHASES = [
  { name: 'idle', kind: 'idle', seconds: 5, rps: 0 },
  { name: 'baseline', kind: 'baseline', seconds: 20, rps: 2500 },
  { name: 'stress', kind: 'stress', seconds: 1e6, rps: 4800 },
]

/** `onRecord` gets each record, as a recording would hold it. */
export function syntheticRun(
  seconds = 0,
  stackCount = 40,
  onRecord: (record: RecordingRecord) => void = () => undefined,
): SyntheticRun {
  const model = createRunModel(syntheticCatalog())
  const stacks = inventStacks(stackCount)
  const names = [...new Set(stacks.flat())]
  const apply = (record: RecordingRecord) => {
    applyRecord(model, record)
    onRecord(record)
  }
  apply(header)
  apply({ type: 'frames', from: 0, names })
  const frameIds = stacks.map((stack) => stack.map((frame) => names.indexOf(frame)))
  let at = 0
  const second = () => {
    for (const record of recordsOf(at, frameIds)) apply(record)
    at++
  }
  for (let n = 0; n < seconds; n++) second()
  return { model, second }
}

function placeOf(at: number) {
  let from = 0
  for (const [id, phase] of PHASES.entries()) {
    if (at < from + phase.seconds) return { ...phase, id, from }
    from += phase.seconds
  }
  throw new Error('the last phase is endless')
}

/** What a recorder would have written in second `at` of the run. */
function recordsOf(at: number, stacks: readonly number[][]): RecordingRecord[] {
  const { id, name, kind, from, rps } = placeOf(at)
  const span = { phase: id, start_us: at * 1e6, end_us: (at + 1) * 1e6 }
  const isStress = kind === 'stress'
  const windows = {
    waits: waitsData(rps, isStress, at),
    calls: callsData(rps, isStress),
    stalls: { blocked_ns: rps * (isStress ? 4.1e6 : 1.3e6) },
  }
  const overflows = isStress ? (at - 24) * 7 : 0
  const records: RecordingRecord[] = []
  if (at === from) {
    const before = PHASES[id - 1]
    if (before) {
      const start_us = (from - before.seconds) * 1e6
      records.push({ type: 'phase', id: id - 1, name: before.name, kind: before.kind, start_us, end_us: span.start_us })
    }
    records.push({ type: 'phase', id, name, kind, start_us: span.start_us })
  }
  for (const [probe, data] of Object.entries(windows)) records.push({ type: 'window', probe, ...span, data })
  records.push({ type: 'stacks', probe: 'stalls', unit: 'ns', ...span, rows: stackRows(stacks, rps, isStress, at) })
  if (rps > 0) records.push(loadRecord(span, rps, isStress, at))
  records.push({
    type: 'telemetry',
    source: 'netns',
    t_us: span.end_us,
    values: { 'TcpExt.ListenOverflows': overflows, 'TcpExt.ListenDrops': overflows },
  })
  records.push({
    type: 'overhead',
    t_us: span.end_us,
    tracer_cpu_ns: (at + 1) * 11e6,
    recorder_cpu_ns: (at + 1) * 6e6,
    recorder_rss: 90e6,
    tracer_rss: 110e6,
    skipped_events: 0,
  })
  return records
}

/** Weights that move from second to second, so that a live flame has something to redraw. */
function stackRows(stacks: readonly number[][], rps: number, isStress: boolean, at: number): StackRow[] {
  const weigh = (i: number) => (1 + ((i * 31 + at * 17 * (i % 5)) % 23)) * (isStress && i % 3 === 0 ? 4 : 1)
  const total = stacks.reduce((n, _, i) => n + weigh(i), 0)
  const blockedNs = rps * (isStress ? 4.1e6 : 1.3e6)
  return stacks.map((frames, i) => {
    const state = i % 7 === 6 ? 'runnable' : 'blocked'
    return [Math.round((weigh(i) / total) * blockedNs), 1, frames, { state }]
  })
}

function loadRecord(
  span: { phase: number; start_us: number; end_us: number },
  rps: number,
  isStress: boolean,
  at: number,
): LoadRecord {
  const p99Ms = (isStress ? 38 : 3.1) + (at % 5) * 0.4
  const done = rps + (at % 7) * 20
  return {
    type: 'load',
    ...span,
    target_rps: isStress ? 5000 : 2500,
    sent: done,
    done,
    errors: isStress ? { timeout: 1 } : {},
    in_flight: 12,
    queued: 0,
    hist: { response: latencies(p99Ms), service: latencies(p99Ms / 2), send_lag: latencies(0.1) },
  }
}

const encoded = new Map<number, string>()
/** Hundred latencies of which the 99th is `p99Ms`, as a recording holds them. */
function latencies(p99Ms: number): string {
  const known = encoded.get(p99Ms)
  if (known) return known
  const histogram = createHdr()
  for (let n = 1; n <= 100; n++) histogram.recordMs(n < 90 ? (p99Ms * n) / 720 : (p99Ms * n) / 99)
  const text = histogram.encode()
  encoded.set(p99Ms, text)
  return text
}

function waitsData(rps: number, stress: boolean, at: number) {
  const centre = stress ? 9.4e6 + (at % 4) * 4e5 : 31e3
  const spread = [0.25, 0.4, 0.6, 0.8, 1, 1.2, 1.5, 2.2, 4]
  const share = [0.03, 0.07, 0.15, 0.2, 0.22, 0.15, 0.1, 0.06, 0.02]
  const buckets = spread.map((s, i) => [bucketOf(centre * s), Math.round(rps * (share[i] ?? 0))] as const)
  const sumNs = spread.reduce((n, s, i) => n + centre * s * Math.round(rps * (share[i] ?? 0)), 0)
  return { served: rps, latency: histogramOf(buckets, sumNs), turned_away: stress ? 7 : 0 }
}

function callsData(rps: number, stress: boolean) {
  const names = ['epoll_wait', 'read', 'write', 'futex', 'accept4', 'openat', 'fstat', 'close', 'sendmsg', 'recvmsg']
  const factor = stress ? 1.8 : 1
  return {
    calls: Object.fromEntries(
      names.map((name, i) => {
        const n = Math.round((rps * 8 * factor) / (i + 1))
        return [name, { count: n, total_ns: n * (1200 + i * 300) }]
      }),
    ),
  }
}

const header: HeaderRecord = {
  ...recordingHeader(['waits', 'calls', 'stalls']),
  plan: { phases: PHASES.map((p) => ({ name: p.name, duration: p.seconds > 1e4 ? '15m' : `${p.seconds}s` })) },
}
header.target.processes = [1, 2, 3, 4].map((n) => ({ pid: 4241 + n, starttime: n, comm: 'api' }))

function inventStacks(n: number): string[][] {
  const mids = ['handle_request', 'read_body', 'cache_get', 'db_query', 'render_page', 'timer_fire', 'gc_mark']
  const leaves = ['futex_wait', 'epoll_wait', 'tcp_recvmsg', 'schedule_timeout', 'io_schedule', 'pipe_read']
  const stacks: string[][] = []
  for (let i = 0; i < n; i++) {
    const depth = 4 + (i % 30)
    const middle = Array.from(
      { length: depth },
      (_, d) => `${mids[(i * 7 + d * 3) % mids.length]}_${(i >> (d % 4)) % 9}`,
    )
    stacks.push(['main', 'worker_main', ...middle, `${leaves[i % leaves.length]}_[k]`])
  }
  return stacks
}
