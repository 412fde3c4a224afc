import { z } from 'zod'
import { createHdr } from '../../../audit/load/hdr.ts'
import { applyRecord, createRunModel } from '../../../audit/model/apply.ts'
import type { RunModel } from '../../../audit/model/run.ts'
import type { LoadRecord, RecordingRecord } from '../../../audit/recording/format.ts'
import { defineProbe, type Probe } from '../../../probes/define.ts'
import { count, histogram, peak } from '../../../probes/record.ts'
import { header, phase } from './records.ts'

const waits = defineProbe<object, { events: number; deepest: number; waited: unknown }>({
  name: 'waits',
  rank: 1,
  question: 'How often does it wait?',
  blindTo: [],
  cost: 'low',
  isDefault: true,
  params: z.object({}),
  variants: [],
  record: z.object({ events: count(), deepest: peak(), waited: histogram() }),
  draw: {
    tab: 'Waits',
    lanes: [{ label: 'rate', figures: ['rate'] }],
    figures: () => [],
    flame: {
      unit: 'ns',
      title: 'Waits',
      views: [
        { name: 'blocked', title: 'blocked', keep: ({ state }) => state === 'blocked' },
        { name: 'all', title: 'all', keep: () => true },
      ],
    },
  },
  estimateNs: () => 0,
})
export const catalog: ReadonlyMap<string, Probe> = new Map([['waits', waits as Probe]])
export const SECOND = 1_000_000

const histograms = Array.from({ length: 7 }, (_, s) => {
  const response = createHdr()
  for (let n = 0; n <= s; n++) response.recordMs(1 + ((s * 31 + n * 17) % 90))
  return response.encode()
})

/** What a recorder says in second `s` of a run: a window, a slice of load, a sample of a counter, the cost. */
export function second(s: number, id: number): RecordingRecord[] {
  const span = { phase: id, start_us: s * SECOND, end_us: (s + 1) * SECOND }
  const text = histograms[s % histograms.length] ?? ''
  const load: LoadRecord = {
    type: 'load',
    ...span,
    target_rps: 10,
    sent: 10,
    done: (s % 7) + 1,
    errors: s % 5 === 0 ? { timeout: 1 } : {},
    in_flight: s % 3,
    queued: 0,
    hist: { response: text, service: text, send_lag: null },
    generator_cpu_us: 100,
  }
  const waited = { unit: 'ns', scheme: 'log16', count: 1, sum: s, max: s, buckets: [[s % 40, 1]] }
  return [
    { type: 'window', probe: 'waits', ...span, data: { events: s % 11, deepest: s % 13, waited } },
    { type: 'telemetry', t_us: span.end_us, source: 'netns', values: { 'TcpExt.TCPTimeouts': s * 2 } },
    // Only what changed is told: a level that jumps, a counter that stands still for a while, one that begins anew.
    {
      type: 'telemetry',
      t_us: span.end_us,
      source: 'resources',
      values: {
        ...(s % 5 === 3 ? { fds: s } : { fds_total: (s * 37) % 101 }),
        ...(s % 13 === 0 ? { fd_limit: 1024 + s } : {}),
      },
      ...(s === 0 ? {} : { partial: true }),
    },
    { type: 'telemetry', t_us: span.end_us, source: 'process', values: { cpu_ns: s % 400 === 397 ? 1 : s * 1000 } },
    { type: 'overhead', t_us: span.end_us, tracer_cpu_ns: s * 10, recorder_cpu_ns: s * 5 },
    load,
  ]
}

/** Phases of so many seconds each, one after the other. */
export const run = (...lengths: number[]): RecordingRecord[] => runOf(second, lengths)

export function runOf(secondOf: typeof second, lengths: readonly number[]): RecordingRecord[] {
  const records: RecordingRecord[] = [
    header({ probes: [{ name: 'waits', variant: 'x', params: {}, script_sha256: '' }] }),
  ]
  let at = 0
  for (const [index, length] of lengths.entries()) {
    const id = index + 1
    records.push(phase(id, `p${id}`, at * SECOND))
    for (let s = at; s < at + length; s++) records.push(...secondOf(s, id))
    at += length
    records.push(phase(id, `p${id}`, (at - length) * SECOND, at * SECOND))
  }
  return records
}

export function modelOf(records: Iterable<RecordingRecord>): RunModel {
  const model = createRunModel(catalog)
  for (const record of records) applyRecord(model, record)
  return model
}

/** Everything a phase adds up to; what happened when within it is what a coarse recording gives up. */
export const sumsOf = (model: RunModel) =>
  model.phases.map(({ probes, load, telemetry, startUs, endUs }) => ({
    startUs,
    endUs,
    waits: [probes.get('waits')?.data, probes.get('waits')?.coveredUs],
    load: load && { ...load, history: null, planned: Math.round((load.planned ?? 0) * 1e6), targetRps: null },
    telemetry: [...telemetry.values()],
  }))
