import { z } from 'zod'
import { createHdr } from '../../../audit/load/hdr.ts'
import { applyRecord, createRunModel } from '../../../audit/model/apply.ts'
import type { PhaseModel, RunModel } from '../../../audit/model/run.ts'
import type { LoadRecord, RecordingRecord, StackRow } from '../../../audit/recording/format.ts'
import type { RecordingLine } from '../../../audit/recording/reader.ts'
import { defineProbe, type Probe } from '../../../probes/define.ts'
import { count, peak } from '../../../probes/record.ts'

interface Data {
  events: number
  deepest: number | null
}
/** A probe as small as one can be that has data, figures and stacks in two views. */
export const waits = defineProbe<object, Data>({
  name: 'waits',
  rank: 1,
  question: 'How often does it wait?',
  blindTo: [],
  cost: 'low',
  isDefault: true,
  params: z.object({}),
  variants: [],
  record: z.object({ events: count(), deepest: peak().nullable() }),
  stackUnit: 'ns',
  draw: {
    tab: 'Waits',
    lanes: [{ label: 'rate', figures: ['rate'] }],
    figures: (data, scope) => [
      { key: 'events', label: 'events', value: data.events, unit: 'count', better: 'lower' },
      { key: 'rate', label: 'events', value: (data.events * 1e6) / scope.durationUs, unit: 'per_s', better: 'lower' },
      {
        key: 'per_request',
        label: 'events per request',
        value: scope.requests ? data.events / scope.requests : null,
        unit: 'per_request',
        better: 'lower',
      },
      {
        key: 'blocked_per_request',
        label: 'blocked per request',
        value: scope.requests ? (data.events * 5000) / scope.requests : null,
        unit: 'ns_per_request',
        better: 'lower',
      },
    ],
    flame: {
      unit: 'ns',
      title: 'Waits',
      views: [
        { name: 'blocked', title: 'blocked', keep: (dims) => dims['state'] === 'blocked' },
        { name: 'all', title: 'all', keep: () => true },
      ],
    },
  },
  estimateNs: (data) => data.events * 1000,
})
export const catalog: ReadonlyMap<string, Probe> = new Map([['waits', waits as Probe]])

export function replay(lines: readonly RecordingLine[]): RunModel {
  const model = createRunModel(catalog)
  for (const line of lines) applyRecord(model, line)
  return model
}
export const phaseNamed = (model: RunModel, name: string): PhaseModel => {
  const found = model.phases.find((one) => one.name === name)
  if (!found) throw new Error(`no phase ${name}`)
  return found
}

export const ms = 1000
export const window = (
  id: number,
  startUs: number,
  endUs: number,
  data: unknown,
  probe = 'waits',
): RecordingRecord => ({
  type: 'window',
  probe,
  phase: id,
  start_us: startUs,
  end_us: endUs,
  data,
})
export const stacks = (id: number, rows: StackRow[]): RecordingRecord => ({
  type: 'stacks',
  probe: 'waits',
  phase: id,
  start_us: 0,
  end_us: 1,
  unit: 'ns',
  rows,
})
export const telemetry = (atUs: number, values: Record<string, number>): RecordingRecord => ({
  type: 'telemetry',
  t_us: atUs,
  source: 'netns',
  values,
})
export const loss = (startUs: number, endUs: number, kind: 'map_full' | 'lost_events', n: number): RecordingRecord => ({
  type: 'loss',
  start_us: startUs,
  end_us: endUs,
  probe: 'tracer',
  kind,
  count: n,
})
export const overhead = (atUs: number, tracerNs: number, bpfNs?: Record<string, number>): RecordingRecord => ({
  type: 'overhead',
  t_us: atUs,
  tracer_cpu_ns: tracerNs,
  recorder_cpu_ns: tracerNs / 2,
  ...(bpfNs ? { bpf_ns: bpfNs } : {}),
})
export const hdr = (all: readonly number[]) => {
  const histogram = createHdr()
  for (const one of all) histogram.recordMs(one)
  return histogram.encode()
}
export const load = (
  id: number,
  startUs: number,
  endUs: number,
  more: Partial<LoadRecord>,
  response: number[],
): LoadRecord => ({
  type: 'load',
  phase: id,
  start_us: startUs,
  end_us: endUs,
  target_rps: 10,
  sent: response.length,
  done: response.length,
  errors: {},
  in_flight: 0,
  queued: 0,
  hist: { response: hdr(response), service: hdr(response), send_lag: hdr([0]) },
  ...more,
})
