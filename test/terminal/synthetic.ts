import { z } from 'zod'
import type { LoadPhase, PhaseModel, RunModel } from '../../audit/model/run.ts'
import { createProfile } from '../../audit/profile/build.ts'
import type { Profile } from '../../audit/profile/profile.ts'
import { defineProbe, type Probe } from '../../probes/define.ts'
import { bucketOf, histogramOf } from '../../probes/histogram.ts'
import { count, histogram } from '../../probes/record.ts'

/**
 * A run without a kernel: three invented probes and a model that grows second by second through baseline and stress.
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
  /** adds one second: windows, load, cost */
  second: () => void
  profileOf: (model: RunModel, probe: string, view?: string) => Profile | null
}

const PHASES = [
  { name: 'idle', kind: 'idle', seconds: 5, rps: 0 },
  { name: 'baseline', kind: 'baseline', seconds: 20, rps: 2500 },
  { name: 'stress', kind: 'stress', seconds: 1e6, rps: 4800 },
]

export function syntheticRun(seconds = 0, stackCount = 40): SyntheticRun {
  const model = emptyModel()
  const stacks = inventStacks(stackCount)
  let at = 0
  const second = () => {
    const place = placeOf(at)
    const startUs = at * 1e6
    const endUs = startUs + 1e6
    at++
    if (place.first) {
      const before = model.phases.at(-1)
      if (before) before.endUs = startUs
      model.phases.push(phase(model.phases.length, place.name, place.kind, startUs))
    }
    const current = model.phases.at(-1)
    if (!current) throw new Error('a phase was just begun')
    model.current = current
    model.nowUs = endUs
    addLoad(current, place.rps, startUs, endUs, at)
    const stress = place.kind === 'stress'
    addWindow(current, 'waits', startUs, endUs, waitsData(place.rps, stress, at))
    addWindow(current, 'calls', startUs, endUs, callsData(place.rps, stress))
    addWindow(current, 'stalls', startUs, endUs, { blocked_ns: place.rps * (stress ? 4.1e6 : 1.3e6) })
    const overflows = stress ? (at - 25) * 7 : 0
    const seen = current.telemetry.get('netns')
    const values = { 'TcpExt.ListenOverflows': overflows, 'TcpExt.ListenDrops': overflows }
    current.telemetry.set('netns', {
      firstUs: seen?.firstUs ?? startUs,
      first: seen?.first ?? values,
      lastUs: endUs,
      last: values,
    })
    model.overhead.push({
      tUs: endUs,
      tracerCpuNs: at * 11e6,
      recorderCpuNs: at * 6e6,
      bpfNs: null,
      recorderRss: 90e6,
      tracerRss: 110e6,
    })
    model.revision++
  }
  for (let n = 0; n < seconds; n++) second()
  return { model, second, profileOf: (m, probe, view) => (probe === 'stalls' ? profileAt(m, stacks, view) : null) }
}

function placeOf(at: number) {
  let from = 0
  for (const p of PHASES) {
    if (at < from + p.seconds) return { ...p, first: at === from }
    from += p.seconds
  }
  throw new Error('the last phase is endless')
}

const phase = (id: number, name: string, kind: string, startUs: number): PhaseModel => ({
  id,
  name,
  kind,
  startUs,
  endUs: null,
  probes: new Map(),
  load: null,
  telemetry: new Map(),
  loss: {},
})

function addLoad(current: PhaseModel, rps: number, startUs: number, endUs: number, at: number) {
  if (rps === 0) return
  const stress = rps > 3000
  const p = (ms: number) => ({ p50: ms / 8, p90: ms / 2, p99: ms, p999: ms * 2, max: ms * 3 })
  const ms = (stress ? 38 : 3.1) + (at % 5) * 0.4
  const load: LoadPhase = current.load ?? {
    targetRps: rps * 1.04,
    sent: 0,
    done: 0,
    errors: {},
    inFlight: 12,
    queued: 0,
    startUs,
    endUs,
    response: null,
    service: null,
    sendLag: null,
    generatorCpuUs: null,
    recent: [],
  }
  load.sent += rps
  load.done += rps
  load.endUs = endUs
  load.response = p(ms)
  if (stress) load.errors = { timeout: (load.errors['timeout'] ?? 0) + 1 }
  load.recent.push({
    startUs,
    endUs,
    rps: rps + (at % 7) * 20,
    p50Ms: ms / 8,
    p99Ms: ms,
    errors: stress ? 1 : 0,
    record: {
      type: 'load',
      phase: current.id,
      start_us: startUs,
      end_us: endUs,
      target_rps: rps,
      sent: rps,
      done: rps,
      errors: {},
      in_flight: 0,
      queued: 0,
      hist: { response: '', service: '', send_lag: '' },
    },
  })
  current.load = load
}

function addWindow(current: PhaseModel, probe: string, startUs: number, endUs: number, data: Record<string, unknown>) {
  const seen = current.probes.get(probe)
  if (!seen) {
    current.probes.set(probe, {
      probe,
      windows: 1,
      coveredUs: endUs - startUs,
      data,
      recent: [{ startUs, endUs, data }],
      hasStacks: probe === 'stalls',
    })
    return
  }
  seen.windows++
  seen.coveredUs += endUs - startUs
  seen.data = sum(seen.data, data)
  seen.recent.push({ startUs, endUs, data })
}

function sum(a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number') return a + b
  if (isObject(a) && isObject(b)) {
    if ('buckets' in a && Array.isArray(a['buckets']) && Array.isArray(b['buckets']))
      return histogramOf([...a['buckets'], ...b['buckets']], Number(a['sum']) + Number(b['sum']))
    return Object.fromEntries(
      Object.keys({ ...a, ...b }).map((k) => [k, k in a && k in b ? sum(a[k], b[k]) : (a[k] ?? b[k])]),
    )
  }
  return b
}
const isObject = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null && !Array.isArray(x)

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

function emptyModel(): RunModel {
  return {
    header: {
      type: 'header',
      format: 'probe-recording',
      version: 1,
      tool: 'probe 0.1.0',
      started: '2026-11-23T15:04:05Z',
      clock: { realtime_ns: '0', monotonic_ns: '0', boottime_ns: '0' },
      host: { name: 'host', kernel: '6.1.0', arch: 'x64', cpus: 2, memory_bytes: 8e9, bpftrace: '0.17' },
      target: {
        processes: [1, 2, 3, 4].map((n) => ({ pid: 4241 + n, starttime: n, comm: 'api' })),
        selector: '--port 8080',
        follow: false,
        ports: [8080],
        netns: 1,
        cgroup: null,
      },
      plan: { phases: PHASES.map((p) => ({ name: p.name, duration: p.seconds > 1e4 ? '15m' : `${p.seconds}s` })) },
      probes: ['waits', 'calls', 'stalls'].map((name) => ({
        name,
        variant: 'tracepoints',
        params: {},
        script_sha256: '',
      })),
      sysctls: {},
    },
    nowUs: 0,
    phases: [],
    current: null,
    frames: [],
    notes: [],
    loss: [],
    overhead: [],
    summary: null,
    end: null,
    skipped: 0,
    revision: 0,
  }
}

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

/** A profile whose weights move with the run, so that a live flame has something to redraw. */
function profileAt(model: RunModel, stacks: string[][], view = 'blocked'): Profile {
  const columns = model.phases.map((p) => ({
    key: String(p.id),
    rows: stacks.map((stack, i) => {
      const churn = 1 + ((i * 31 + Math.floor(model.nowUs / 1e5) * 17 * (i % 5)) % 23)
      return {
        stack,
        value: (view === 'runnable' ? 0.1 : 1) * churn * 1e6 * (p.kind === 'stress' && i % 3 === 0 ? 4 : 1),
      }
    }),
  }))
  return profileFrom('ns', columns)
}

export function profileFrom(
  unit: Profile['unit'],
  columns: { key: string; rows: { stack: readonly string[]; value: number }[] }[],
): Profile {
  const profile = createProfile(unit)
  for (const { key, rows } of columns) for (const { stack, value } of rows) profile.add(stack, value, 1, key)
  return profile
}
