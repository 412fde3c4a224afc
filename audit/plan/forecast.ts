import type { Probe } from '../../probes/index.ts'
import { integralOf } from '../load/schedule.ts'
import { windowMsAt as coarseWindowMsAt } from '../recording/coarse.ts'
import type { Plan } from './plan.ts'
import type { Timetable, TimetableRow } from './timetable.ts'

/** What a run will probably need. An expectation from figures measured elsewhere, not a promise. */
export interface Forecast {
  /** of the recording as it grows, before it is compressed; null: nobody knows how long the run takes */
  recordingBytes: number | null
  /** while windows are shortest */
  recordingBytesPerMinute: number
  /** windows over all phases */
  windows: number | null
  /** CPU time that tracing adds to a request of the target, µs */
  tracingUsPerRequest: Span
  /** the same at the plan's highest rate, percent of one core; null: the rate is not known */
  tracingPct: Span | null
  /** recorder and tracer themselves, percent of one core */
  ownPct: number
  ownMemoryBytes: number
  /** the built-in generator at the plan's highest rate, percent of one core; null: another tool makes the load */
  generatorPct: number | null
}

export interface Span {
  low: number
  high: number
}

type Cost = Pick<Probe, 'name' | 'cost'>

/**
 * CPU time per request of the probes of a cost class, µs: README, "Cost" (a C server of 16 µs and Node.js of 95 µs a
 * request, traced and untraced in turn). A request with more system calls costs more.
 */
const US_PER_REQUEST: Readonly<Record<Probe['cost'], Span>> = {
  high: { low: 9, high: 20 },
  medium: { low: 0.5, high: 4 },
  low: { low: 0, high: 3 },
}
/** README, "Cost": recorder without a screen and bpftrace, percent of a core and memory. */
const OWN_PCT = 1.5 + 1.4
const OWN_MEMORY_BYTES = (117 + 152) * 2 ** 20
/** README, "Cost": 0.7 MiB a minute of 60 windows of the 6 default probes. */
const BYTES_PER_WINDOW_AND_PROBE = (0.7 * 2 ** 20) / 60 / 6
/** A `load` record: its text, and three HDR histograms that grow with the number of different latencies (measured). */
const LOAD_RECORD_BYTES = 250
const HDR_BYTES_PER_ROOT_OF_REQUESTS = 70
/** CPU time of one request of the generator, µs: 21 at 20 000/s, 39 at 5 000/s, where each wakes it (npm run bench -- load). */
const GENERATOR_US_PER_REQUEST = 39

/** Length of the window that begins when its phase is `ageMs` old, ms: a long soak is told in coarser steps. */
export const windowMsAt = (ageMs: number, intervalMs: number): number => Math.max(intervalMs, coarseWindowMsAt(ageMs))

export function forecastOf(plan: Plan, timetable: Timetable, probes: readonly Cost[]): Forecast {
  const { highestRps } = timetable
  const tracing = probes.reduce(
    (sum, { cost }) => ({ low: sum.low + US_PER_REQUEST[cost].low, high: sum.high + US_PER_REQUEST[cost].high }),
    { low: 0, high: 0 },
  )
  const books = timetable.rows.map((row) => recordingOf(row, plan.intervalMs, probes.length))
  const isOpen = timetable.durationMs === null
  const sum = (read: (book: { windows: number; bytes: number }) => number) =>
    isOpen ? null : books.reduce((total, book) => total + read(book), 0)
  return {
    recordingBytes: sum((book) => book.bytes),
    recordingBytesPerMinute:
      (60_000 / plan.intervalMs) * windowBytes(probes.length, ((highestRps ?? 0) * plan.intervalMs) / 1000),
    windows: sum((book) => book.windows),
    tracingUsPerRequest: tracing,
    tracingPct:
      highestRps === null ? null : { low: (tracing.low * highestRps) / 1e4, high: (tracing.high * highestRps) / 1e4 },
    ownPct: OWN_PCT,
    ownMemoryBytes: OWN_MEMORY_BYTES,
    generatorPct:
      plan.load.driver === 'builtin' && highestRps !== null ? (GENERATOR_US_PER_REQUEST * highestRps) / 1e4 : null,
  }
}

function recordingOf(row: TimetableRow, intervalMs: number, probes: number): { windows: number; bytes: number } {
  const { durationMs, fromRps, toRps } = row
  let windows = 0
  let bytes = 0
  let sent = 0
  for (let ageMs = 0; ageMs < durationMs; windows++) {
    ageMs = Math.min(durationMs, ageMs + windowMsAt(ageMs, intervalMs))
    const due = row.requests === null ? 0 : integralOf({ fromRps, toRps, durationMs }, ageMs)
    bytes += windowBytes(probes, due - sent)
    sent = due
  }
  return { windows, bytes }
}

const windowBytes = (probes: number, requests: number): number =>
  probes * BYTES_PER_WINDOW_AND_PROBE +
  (requests > 0 ? LOAD_RECORD_BYTES + HDR_BYTES_PER_ROOT_OF_REQUESTS * Math.sqrt(requests) : 0)
