import { z } from 'zod'

/**
 * The recording: NDJSON, one record a line, append-only, readable up to its last whole line after a crash.
 * Times are integer microseconds since `header.started`; durations are ns unless the key says otherwise; sizes are bytes.
 * Readers ignore record types and keys they do not know. This file is the published specification, version 1.
 */
export const RECORDING_VERSION = 1

const us = z.number().int()

export const targetSchema = z.object({
  /** the processes at start: pid as in the host's pid namespace, start time in clock ticks since boot (with pid: identity) */
  processes: z.array(
    z.object({ pid: z.number(), starttime: z.number(), comm: z.string(), cmdline: z.string().optional() }),
  ),
  /** how they were chosen, as the command line says it, e.g. "--port 8080" */
  selector: z.string(),
  follow: z.boolean(),
  ports: z.array(z.number()),
  /** inode of the network namespace, null where it could not be read */
  netns: z.number().nullable(),
  /** cgroup v2 path, null where it could not be read */
  cgroup: z.string().nullable(),
})
export type TargetInfo = z.infer<typeof targetSchema>

export const headerSchema = z.object({
  type: z.literal('header'),
  format: z.literal('probe-recording'),
  version: z.number(),
  tool: z.string(),
  started: z.string(),
  clock: z.object({ realtime_ns: z.string(), monotonic_ns: z.string(), boottime_ns: z.string() }),
  host: z.object({
    name: z.string(),
    kernel: z.string(),
    arch: z.string(),
    cpus: z.number(),
    memory_bytes: z.number(),
    bpftrace: z.string().nullable(),
  }),
  target: targetSchema,
  plan: z.unknown(),
  probes: z.array(z.object({ name: z.string(), variant: z.string(), params: z.unknown(), script_sha256: z.string() })),
  sysctls: z.record(z.string(), z.string()),
})

export const phaseSchema = z.object({
  type: z.literal('phase'),
  id: z.number(),
  name: z.string(),
  /** idle, warmup, baseline, stress, soak, recovery, or mark (a user's) */
  kind: z.string(),
  start_us: us,
  /** present once the phase has ended: the record is written again with the same id */
  end_us: us.optional(),
})

export const windowSchema = z.object({
  type: z.literal('window'),
  probe: z.string(),
  phase: z.number(),
  start_us: us,
  end_us: us,
  /** the probe's own record schema (probes/catalog) */
  data: z.unknown(),
})

export const framesSchema = z.object({ type: z.literal('frames'), from: z.number(), names: z.array(z.string()) })

/** [value in unit, number of events, frame ids root first, dims?] */
export type StackRow = [value: number, count: number, frames: number[], dims?: Record<string, string>]

/** What such rows are in JSON Schema. */
const STACK_ROWS = {
  type: 'array',
  items: {
    type: 'array',
    prefixItems: [{ type: 'number' }, { type: 'number' }, { type: 'array', items: { type: 'number' } }],
    items: { type: 'object', propertyNames: { type: 'string' }, additionalProperties: { type: 'string' } },
  },
}

const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value)

/** Judges rows without the copies that a schema of tuples makes: a long recording has hundreds of thousands. */
function areStackRows(rows: unknown): boolean {
  if (!Array.isArray(rows)) return false
  for (const row of rows) {
    if (!Array.isArray(row) || row.length < 3 || !isNumber(row[0]) || !isNumber(row[1]) || !Array.isArray(row[2]))
      return false
    for (const frame of row[2]) if (!isNumber(frame)) return false
    for (let at = 3; at < row.length; at++) if (!isDims(row[at])) return false
  }
  return true
}

function isDims(dims: unknown): boolean {
  if (typeof dims !== 'object' || dims === null || Array.isArray(dims)) return false
  for (const value of Object.values(dims)) if (typeof value !== 'string') return false
  return true
}

export const stacksSchema = z.object({
  type: z.literal('stacks'),
  probe: z.string(),
  phase: z.number(),
  start_us: us,
  end_us: us,
  unit: z.enum(['samples', 'ns', 'count']),
  /** [value in unit, number of events, frame ids root first, dims?] */
  rows: z.custom<StackRow[]>(areStackRows, 'rows of stacks').meta(STACK_ROWS),
})

export const loadSchema = z.object({
  type: z.literal('load'),
  phase: z.number(),
  start_us: us,
  end_us: us,
  /** null: the generator does not say */
  target_rps: z.number().nullable(),
  sent: z.number(),
  done: z.number(),
  errors: z.record(z.string(), z.number()),
  in_flight: z.number().nullable(),
  queued: z.number().nullable(),
  /**
   * HDR histograms in us, V2 compressed, base64. response: from the intended start (a generator that knows none: from
   * where the request wanted to be sent) to the end; service: from the real send; null where the generator cannot tell.
   */
  hist: z.object({ response: z.string(), service: z.string().nullable(), send_lag: z.string().nullable() }),
  /** CPU time of the generator in the slice, us */
  generator_cpu_us: z.number().optional(),
})

export const telemetrySchema = z.object({
  type: z.literal('telemetry'),
  t_us: us,
  /** e.g. "netns" (counters of the target's network namespace); all sources and their numbers: telemetry.md */
  source: z.string(),
  values: z.record(z.string(), z.number()),
  /** only what changed since the source's last record; without it these are all values, and others unknown */
  partial: z.literal(true).optional(),
})

export const textSchema = z.object({ type: z.enum(['mark', 'note']), t_us: us, text: z.string() })

/**
 * skipped: events that the kernel ran no program for, since another BPF program was running on that processor; unanswered:
 * windows that the tracer did not print when it was asked for them
 */
export const lossKinds = ['lost_events', 'map_full', 'untracked', 'truncated', 'tick', 'skipped', 'unanswered'] as const
export const lossSchema = z.object({
  type: z.literal('loss'),
  start_us: us,
  end_us: us,
  probe: z.string(),
  kind: z.enum(lossKinds),
  count: z.number(),
})

export const overheadSchema = z.object({
  type: z.literal('overhead'),
  t_us: us,
  /** CPU time of the tracer since it started, ns */
  tracer_cpu_ns: z.number(),
  /** run time of each kernel program since it was loaded, ns; only where kernel.bpf_stats_enabled is 1 */
  bpf_ns: z.record(z.string(), z.number()).optional(),
  /** CPU time of the recorder since it started, ns */
  recorder_cpu_ns: z.number(),
  /** resident memory of the recorder and the tracer, bytes */
  recorder_rss: z.number().optional(),
  tracer_rss: z.number().optional(),
  /** events skipped since the start, all programs of the tracer; null: this kernel does not count them */
  skipped_events: z.number().nullable().optional(),
})

const latencyMs = z.object({
  p50: z.number().nullable(),
  p90: z.number().nullable(),
  p99: z.number().nullable(),
  p999: z.number().nullable(),
  max: z.number().nullable(),
})
export type LatencyMs = z.infer<typeof latencyMs>

export const thresholdSchema = z.object({
  /** p50, p99, p999 (ms from the intended start) or errors (share of the requests, 0..1) */
  name: z.enum(['p50', 'p99', 'p999', 'errors']),
  limit: z.number(),
  /** null: nothing was measured */
  value: z.number().nullable(),
  /** null: unknown, since nothing was measured or the phase is not valid */
  kept: z.boolean().nullable(),
})
export type ThresholdResult = z.infer<typeof thresholdSchema>

export const phaseSummarySchema = z.object({
  id: z.number(),
  name: z.string(),
  kind: z.string(),
  duration_us: z.number(),
  valid: z.boolean(),
  reasons: z.array(z.string()),
  planned: z.number().nullable(),
  sent: z.number().nullable(),
  done: z.number().nullable(),
  errors: z.record(z.string(), z.number()),
  rps: z.number().nullable(),
  response_ms: latencyMs.nullable(),
  service_ms: latencyMs.nullable(),
  send_lag_ms: latencyMs.nullable(),
  /** per completed request: syscalls, off_cpu_us, ...; null where unknown */
  per_request: z.record(z.string(), z.number().nullable()),
  /** the figures of each probe over the phase, keyed probe.key */
  figures: z.record(z.string(), z.number().nullable()),
  /** deltas of counters over the phase, keyed source.name; those that did not move are left out */
  counters: z.record(z.string(), z.number()),
  /**
   * what numbers may be off by, judged by how they varied within the phase (95 %): response_ms.p50 (ms), and each figure
   * per request under its name in `figures`
   */
  intervals: z
    .record(
      z.string(),
      z.object({
        /** response_ms.p50 and figures per request: from where */
        low: z.number(),
        /** to where they lie in another run like it, 95 % */
        high: z.number(),
      }),
    )
    .optional(),
  /** what the plan asks of the phase, and whether it was kept */
  thresholds: z.array(thresholdSchema).optional(),
  /** counters that fell or vanished in the phase (an interface or process gone): what they grew by is unknown */
  restarted: z.array(z.string()).optional(),
  /** levels in the phase, keyed source.name: at its end, and the highest sampled */
  gauges: z.record(z.string(), z.object({ last: z.number(), max: z.number() })).optional(),
  loss: z.record(z.string(), z.number()),
  cost: z.object({
    tracer_cpu_pct: z.number().nullable(),
    bpf_cpu_pct: z.number().nullable(),
    /** true when bpf_cpu_pct comes from event counts x measured cost per event instead of the kernel's own clock */
    bpf_estimated: z.boolean(),
    recorder_cpu_pct: z.number().nullable(),
  }),
})
export type PhaseSummary = z.infer<typeof phaseSummarySchema>

export const summarySchema = z.object({
  type: z.literal('summary'),
  phases: z.array(phaseSummarySchema),
  findings: z.array(z.unknown()),
  cost: z.object({
    tracer_cpu_pct: z.number().nullable(),
    bpf_cpu_pct: z.number().nullable(),
    recorder_cpu_pct: z.number().nullable(),
  }),
  loss: z.record(z.string(), z.number()),
})

export const endReasons = ['done', 'interrupted', 'aborted', 'target_exited', 'tracer_failed'] as const
export const endSchema = z.object({
  type: z.literal('end'),
  t_us: us.optional(),
  reason: z.enum(endReasons),
  exit_code: z.number(),
  verdict: z.string(),
})

/**
 * Behind the header of a recording that was closed and compressed: the whole run once more in fewer, longer windows, for
 * those who want to see it at once. What a phase adds up to is the same. Its last record is `end`; who reads everything
 * passes over it.
 */
export const digestSchema = z.object({
  type: z.literal('digest'),
  /** a record of any other type but `header` */
  record: z.unknown(),
})

export const recordSchema = z.discriminatedUnion('type', [
  headerSchema,
  phaseSchema,
  windowSchema,
  framesSchema,
  stacksSchema,
  loadSchema,
  telemetrySchema,
  textSchema,
  lossSchema,
  overheadSchema,
  summarySchema,
  endSchema,
])

export type HeaderRecord = z.infer<typeof headerSchema>
export type PhaseRecord = z.infer<typeof phaseSchema>
export type WindowRecord = z.infer<typeof windowSchema>
export type FramesRecord = z.infer<typeof framesSchema>
export type StacksRecord = z.infer<typeof stacksSchema>
export type LoadRecord = z.infer<typeof loadSchema>
export type TelemetryRecord = z.infer<typeof telemetrySchema>
export type TextRecord = z.infer<typeof textSchema>
export type LossRecord = z.infer<typeof lossSchema>
export type OverheadRecord = z.infer<typeof overheadSchema>
export type SummaryRecord = z.infer<typeof summarySchema>
export type EndRecord = z.infer<typeof endSchema>
export type RecordingRecord =
  | HeaderRecord
  | PhaseRecord
  | WindowRecord
  | FramesRecord
  | StacksRecord
  | LoadRecord
  | TelemetryRecord
  | TextRecord
  | LossRecord
  | OverheadRecord
  | SummaryRecord
  | EndRecord
