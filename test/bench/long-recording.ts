import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { HeaderRecord, RecordingRecord, StackRow } from '../../audit/index.ts'
import { createHdr } from '../../audit/load/hdr.ts'
import { createCoarsener } from '../../audit/recording/coarse.ts'
import { histogramOf, type Probe } from '../../probes/index.ts'
import { recordingHeader } from '../recording-header.ts'

/** The standard preset with its soak of four hours. */
export interface InventedPhase {
  name: string
  kind: string
  seconds: number
  rps: number
}
const PHASES: readonly InventedPhase[] = [
  { name: 'idle', kind: 'idle', seconds: 60, rps: 0 },
  { name: 'baseline', kind: 'baseline', seconds: 300, rps: 1000 },
  { name: 'stress', kind: 'stress', seconds: 900, rps: 2000 },
  { name: 'recovery', kind: 'recovery', seconds: 60, rps: 200 },
  { name: 'soak', kind: 'soak', seconds: 14_400, rps: 800 },
]

// As a Node.js server of a demo audit had them: system calls, distinct stacks, frames, depth, rows of a stacks record.
const CALLS = 24
const STACKS = 3_000
const FRAMES = 2_000
const DEPTH = 27
const ROWS = { 'off-cpu': 160, 'on-cpu': 60, locks: 30 } as const

/**
 * Writes the recording of a long audit, through the coarsening of the real recorder: every second has its windows, load
 * slice and counters, shaped like those of a Node.js server. The same numbers each time.
 */
export async function writeLongRecording(
  path: string,
  catalog: ReadonlyMap<string, Probe>,
  phases: readonly InventedPhase[] = PHASES,
): Promise<{ records: number; durationUs: number }> {
  const out = createWriteStream(path)
  const random = numbersFrom(7)
  const stacks = inventStacks(random)
  let written = 0
  let batch: string[] = []
  const coarsener = createCoarsener(catalog, {
    settled: (record) => {
      written++
      batch.push(`${JSON.stringify(record)}\n`)
    },
    provisional: () => undefined,
  })
  const settle = async () => {
    if (!out.write(batch.join(''))) await once(out, 'drain')
    batch = []
  }
  coarsener.add(header([...catalog.keys()], phases))
  coarsener.add({ type: 'frames', from: 0, names: frameNames() })
  let at = 0
  for (const [id, { name, kind, seconds, rps }] of phases.entries()) {
    const start_us = at * 1e6
    coarsener.add({ type: 'phase', id, name, kind, start_us })
    let stacksAt = at
    for (let age = 1; age <= seconds; age++, at++) {
      for (const record of secondOf(id, at, rps, random)) coarsener.add(record)
      if (at + 1 - stacksAt < Math.min(20, Math.max(5, age / 60)) && age < seconds) continue
      const span = { phase: id, start_us: stacksAt * 1e6, end_us: (at + 1) * 1e6 }
      for (const [probe, rows] of Object.entries(ROWS)) coarsener.add(stacksOf(probe, span, rows, stacks, random))
      stacksAt = at + 1
      await settle()
    }
    coarsener.add({ type: 'phase', id, name, kind, start_us, end_us: at * 1e6 })
  }
  coarsener.add({ type: 'end', reason: 'done', exit_code: 0, t_us: at * 1e6, verdict: 'done: made up' })
  await settle()
  out.end()
  await once(out, 'close')
  return { records: written, durationUs: at * 1e6 }
}

type Random = () => number

/** The same numbers in 0..1 each time (Lehmer). */
function numbersFrom(seed: number): Random {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

function secondOf(phase: number, at: number, rps: number, random: Random): RecordingRecord[] {
  const span = { phase, start_us: at * 1e6, end_us: (at + 1) * 1e6 }
  const window = (probe: string, data: unknown): RecordingRecord => ({ type: 'window', probe, ...span, data })
  const t_us = span.end_us
  const n = Math.round(rps * (0.9 + 0.2 * random()))
  return [
    window('accept-queue', {
      listeners: {
        8080: { accepted: n, latency: spread(300, n, 60, random), untracked: 0, depth_max: 9, limit: 511 },
      },
      errors: {},
      waiting: [],
    }),
    window('syscalls', {
      syscalls: Object.fromEntries(
        Array.from({ length: CALLS }, (_, i) => {
          const latency = spread(115 + i * 6, Math.ceil((n * 8) / (i + 1)), 40, random)
          return [
            `call_${i}`,
            { count: latency.count, total_ns: latency.sum, latency, errors: i < 3 ? { EAGAIN: n } : {} },
          ]
        }),
      ),
      pending: [{ name: 'epoll_wait', age_ns: 4e6 }],
    }),
    window('off-cpu', {
      switches: { voluntary: n, involuntary: n },
      ...{ blocked_ns: n * 3e6, runnable_ns: n * 1e5, idle_ns: n * 1e6, working_ns: n * 2e6 },
      ...{ blocked: spread(290, n, 90, random), runnable: spread(230, n, 60, random) },
      open: null,
    }),
    window('locks', {
      user: {
        ...{ waits: n, wait_ns: n * 1e4, latency: spread(280, n, 40, random), contended: 6 },
        by_class: { mutex: { waits: n, wait_ns: n * 1e4 } },
      },
      kernel: { waits: 0, wait_ns: 0, by_kind: {} },
    }),
    window('retransmits', { segments: 0, syn: 0, synack: 0, loss_probes: 0, flows: [] }),
    window('on-cpu', { samples: 60, hz: 99 }),
    ...(rps === 0 ? [] : [loadOf(span, n, at)]),
    { type: 'telemetry', t_us, source: 'process', values: { cpu_ns: at * 4e8, rss_bytes: 18e7, threads: 12 } },
    {
      type: 'telemetry',
      ...{ t_us, source: 'netns' },
      values: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`TcpExt.Counter${i}`, at * (i + 1)])),
    },
    {
      type: 'overhead',
      t_us,
      tracer_cpu_ns: at * 2e7,
      recorder_cpu_ns: at * 3e7,
      recorder_rss: 15e7,
      tracer_rss: 17e7,
    },
  ]
}

function spread(centre: number, total: number, buckets: number, random: Random) {
  const counts = Array.from({ length: buckets }, (_, i) => {
    const far = (i - buckets / 3) / (buckets / 4)
    return [centre - 20 + i, Math.round(total * 0.08 * Math.exp(-far * far) * (0.5 + random()))] as const
  }).filter(([, count]) => count > 0)
  return histogramOf(counts, total * 1e5)
}

const encoded: string[] = []
function latencies(at: number): string {
  const known = encoded[at % 50]
  if (known !== undefined) return known
  const hdr = createHdr()
  for (let i = 1; i <= 400; i++) hdr.recordMs(0.4 * 1.01 ** (i + (at % 50)) + (i % 7) / 10)
  const text = hdr.encode()
  encoded[at % 50] = text
  return text
}

const loadOf = (
  span: { phase: number; start_us: number; end_us: number },
  done: number,
  at: number,
): RecordingRecord => ({
  ...{ type: 'load', ...span, target_rps: done, sent: done, done, errors: {}, in_flight: 12, queued: 0 },
  hist: { response: latencies(at), service: latencies(at + 7), send_lag: latencies(at + 13) },
})

const frameNames = () =>
  Array.from({ length: FRAMES }, (_, i) =>
    i % 3 === 0
      ? `tcp_function_${i}_[k]`
      : i % 3 === 1
        ? `v8::internal::Function${i}(v8::Local<v8::Value>)`
        : `frame_${i}_[j]`,
  )

/** Stacks that share their callers: a new one leaves an earlier one somewhere on its way. */
function inventStacks(random: Random): number[][] {
  const stacks: number[][] = []
  for (let i = 0; i < STACKS; i++) {
    const before = stacks[Math.floor(random() * stacks.length)] ?? []
    const kept = before.slice(0, Math.floor(random() * before.length))
    const depth = Math.max(kept.length + 1, Math.round(DEPTH * (0.6 + 0.8 * random())))
    stacks.push([...kept, ...Array.from({ length: depth - kept.length }, () => Math.floor(random() * FRAMES))])
  }
  return stacks
}

function stacksOf(
  probe: string,
  span: { phase: number; start_us: number; end_us: number },
  count: number,
  stacks: readonly number[][],
  random: Random,
): RecordingRecord {
  const dims = (): Record<string, string> =>
    probe === 'off-cpu'
      ? { state: random() < 0.7 ? 'blocked' : 'runnable' }
      : { lock: 'user', address: '0x1c9015c0', class: 'mutex' }
  const row = (): StackRow => {
    // Few stacks come often.
    const frames = stacks[Math.floor(random() ** 3 * stacks.length)] ?? []
    const events = 1 + Math.floor(random() * 9)
    const value = probe === 'on-cpu' ? events : Math.round(events * 1e5 * random())
    return probe === 'on-cpu' ? [value, events, frames] : [value, events, frames, dims()]
  }
  const unit = probe === 'on-cpu' ? 'samples' : 'ns'
  return { type: 'stacks', probe, ...span, unit, rows: Array.from({ length: count }, row) }
}

const header = (probes: readonly string[], phases: readonly InventedPhase[]): HeaderRecord =>
  recordingHeader(probes, { plan: { phases: phases.map(({ name, seconds }) => ({ name, duration: `${seconds}s` })) } })
