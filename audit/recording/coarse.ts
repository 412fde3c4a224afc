import { mergeData, type Probe } from '../../probes/index.ts'
import { type Hdr, sumHdr } from '../load/hdr.ts'
import { metricOf } from '../telemetry/facts.ts'
import type { LoadRecord, OverheadRecord, RecordingRecord, TelemetryRecord, WindowRecord } from './format.ts'

/** Windows of the first five minutes of a phase are as they were taken; then they grow with its age, to ten seconds. */
const FINE_MS = 300_000
const LONGEST_MS = 10_000

/** Length of the recording's windows when a phase is `ageMs` old, ms: a 4-hour phase has some 2 100 of them. */
export const windowMsAt = (ageMs: number): number =>
  Math.min(LONGEST_MS, ageMs < FINE_MS ? 0 : (ageMs * 1000) / FINE_MS)

export interface Coarsener {
  add: (record: RecordingRecord) => void
  /** writes what is still being added up */
  flush: () => void
}

/** Where records go: the recording for good, and what a crash would lose of it. */
export interface CoarseOutput {
  settled: (record: RecordingRecord) => void
  /** a record that is also held back and added up; null: what was held back has been settled */
  provisional: (record: RecordingRecord | null) => void
}

/**
 * Makes a long run's recording small: adjacent windows and load slices of a phase are added up, of counters the last is
 * kept. Sums, histograms and spans of a phase stay exactly what they were; only the resolution over time is lost.
 * `lengthMs`: how long a window is when its phase is that old, ms; 0 leaves it as it was taken.
 */
export function createCoarsener(
  catalog: ReadonlyMap<string, Probe>,
  output: CoarseOutput,
  lengthMs: (ageMs: number) => number = windowMsAt,
): Coarsener {
  const held = new Map<string, Sum>()
  let phase = { id: 0, startUs: 0 }
  let heldSinceUs = 0
  /** numbers of each source as the last sample of the span before left them */
  const before = new Map<string, Record<string, number>>()

  const flush = () => {
    if (held.size === 0) return
    for (const sum of held.values()) for (const record of sum.result()) output.settled(record)
    held.clear()
    output.provisional(null)
  }

  const hold = (key: string, record: Held) => {
    if (held.size === 0) heldSinceUs = startOf(record)
    const known = held.get(key)
    // A later record stands behind the earlier ones of other kinds, as it would in a fine recording.
    held.delete(key)
    if (known) known.add(record)
    held.set(key, known ?? sumFrom(catalog, record, before.get(key) ?? {}))
    output.provisional(record)
  }

  const remember = (key: string, record: Held) => {
    if (record.type !== 'telemetry') return
    before.set(key, record.partial ? { ...before.get(key), ...record.values } : record.values)
  }

  return {
    add: (record) => {
      const key = isHeld(record) ? keyOf(record, phase.id) : null
      const widthUs = isHeld(record) ? lengthMs((endOf(record) - phase.startUs) / 1000) * 1000 : 0
      // Growth is counted from the first sample of a source.
      const isFirst = record.type === 'telemetry' && key !== null && !before.has(key)
      if (isHeld(record) && key !== null && widthUs > 0 && !isFirst) {
        // The records of one cut come together: the span ends before the next cut's first record, never inside one.
        if (record.type === 'window' && held.has(key) && startOf(record) - heldSinceUs >= widthUs) flush()
        hold(key, record)
        remember(key, record)
        return
      }
      if (record.type === 'phase' || record.type === 'summary' || record.type === 'end') flush()
      else if (key !== null && !isFirst) flush()
      if (record.type === 'phase' && record.end_us === undefined) phase = { id: record.id, startUs: record.start_us }
      output.settled(record)
      if (key !== null && isHeld(record)) remember(key, record)
    },
    flush,
  }
}

type Held = WindowRecord | LoadRecord | TelemetryRecord | OverheadRecord

const isHeld = (record: RecordingRecord): record is Held =>
  record.type === 'window' || record.type === 'load' || record.type === 'telemetry' || record.type === 'overhead'

/** What a record is added up with; null: it stands alone, as the late load slices of an earlier phase do. */
function keyOf(record: Held, phase: number): string | null {
  if (record.type === 'window') return record.phase === phase ? `window ${record.probe}` : null
  if (record.type === 'load') return record.phase === phase ? 'load' : null
  return record.type === 'telemetry' ? `telemetry ${record.source}` : 'overhead'
}

const startOf = (record: Held): number => ('start_us' in record ? record.start_us : record.t_us)
const endOf = (record: Held): number => ('end_us' in record ? record.end_us : record.t_us)

/** Records of one kind being added up. */
interface Sum {
  add: (record: Held) => void
  result: () => Held[]
}

function sumFrom(catalog: ReadonlyMap<string, Probe>, first: Held, before: Readonly<Record<string, number>>): Sum {
  if (first.type === 'window') return sumOfWindows(catalog.get(first.probe), first)
  if (first.type === 'load') return sumOfLoad(first)
  return first.type === 'telemetry' ? lastOfSource(first, before) : lastOf(first)
}

/** Sums since the start: the last says it all. */
function lastOf(first: Held): Sum {
  let last = first
  return {
    add: (record) => {
      last = record
    },
    result: () => [last],
  }
}

/**
 * Counters and levels of a source: the last of each. What a level reached in between, or a counter fell to, is told before
 * it: the highs and lows of a phase stay what they were, and a counter that began anew is still known to have done so.
 */
function lastOfSource(first: TelemetryRecord, before: Readonly<Record<string, number>>): Sum {
  const { source } = first
  let last = first
  const isLevel = (name: string) => metricOf(source, name)?.kind === 'gauge'
  // What a partial sample does not name stood still: such a level is one of this span's too.
  const atFirst = { ...(first.partial ? pick(before, isLevel) : {}), ...first.values }
  let highs: Record<string, number> = { ...atFirst }
  let lows: Record<string, number> = { ...atFirst }
  // With the levels that the first sample told: without them those of the span before would seem to go on.
  const levels = pick(atFirst, isLevel)
  const told = (t_us: number, values: Record<string, number>): TelemetryRecord[] =>
    Object.keys(values).length > 0
      ? [{ type: 'telemetry', t_us, source, values: { ...levels, ...values }, partial: true }]
      : []
  return {
    add: (record) => {
      if (record.type !== 'telemetry') return
      for (const [name, value] of Object.entries(record.values)) {
        highs[name] = Math.max(value, highs[name] ?? value)
        lows[name] = Math.min(value, lows[name] ?? value)
      }
      if (!record.partial) {
        // What is gone from the source has no highs and lows any more.
        highs = pick(highs, (name) => name in record.values)
        lows = pick(lows, (name) => name in record.values)
      }
      const values = record.partial ? { ...last.values, ...record.values } : record.values
      const { partial: _, ...whole } = record
      last = { ...whole, values, ...(last.partial && record.partial ? { partial: true } : {}) }
    },
    result: () => {
      const at = (name: string) => last.values[name] ?? atFirst[name] ?? 0
      const high = pick(highs, (name, value) => isLevel(name) && value > at(name))
      const low = pick(lows, (name, value) => (isLevel(name) ? value < at(name) : value < (before[name] ?? value)))
      return [...told(first.t_us, high), ...told(first.t_us, low), last]
    },
  }
}

const pick = (values: Record<string, number>, keep: (name: string, value: number) => boolean): Record<string, number> =>
  Object.fromEntries(Object.entries(values).filter(([name, value]) => keep(name, value)))

function sumOfWindows(probe: Probe | undefined, first: WindowRecord): Sum {
  let sum = first
  return {
    add: (record) => {
      if (record.type !== 'window') return
      const data = probe ? mergeData(probe.record, sum.data, record.data) : record.data
      sum = { ...record, start_us: sum.start_us, data }
    },
    result: () => [sum],
  }
}

function sumOfLoad(first: LoadRecord): Sum {
  let sum = first
  const hist = {
    response: createHdrSum(first.hist.response),
    service: createHdrSum(first.hist.service),
    send_lag: createHdrSum(first.hist.send_lag),
  }
  return {
    add: (record) => {
      if (record.type !== 'load') return
      sum = addCounts(sum, record)
      for (const name of ['response', 'service', 'send_lag'] as const) hist[name].add(record.hist[name])
    },
    result: () => [
      {
        ...sum,
        hist: {
          response: hist.response.text() ?? first.hist.response,
          service: hist.service.text(),
          send_lag: hist.send_lag.text(),
        },
      },
    ],
  }
}

/** Histograms added up; encoding is dear and happens once. A single one stays the text it was. */
function createHdrSum(first: string | null) {
  let only = first
  let sum: Hdr | null = null
  return {
    add: (text: string | null) => {
      if (text === null) return
      if (only === null && sum === null) only = text
      else {
        sum ??= sumHdr([only ?? text])
        sum.addEncoded(text)
        only = null
      }
    },
    text: (): string | null => (sum ? sum.encode() : only),
  }
}

function addCounts(a: LoadRecord, b: LoadRecord): LoadRecord {
  const start_us = Math.min(a.start_us, b.start_us)
  const end_us = Math.max(a.end_us, b.end_us)
  const errors = { ...a.errors }
  for (const [name, count] of Object.entries(b.errors)) errors[name] = (errors[name] ?? 0) + count
  const cpuUs = (a.generator_cpu_us ?? 0) + (b.generator_cpu_us ?? 0)
  return {
    ...b,
    start_us,
    end_us,
    target_rps: plannedOf(a, b, end_us - start_us),
    sent: a.sent + b.sent,
    done: a.done + b.done,
    errors,
    ...(a.generator_cpu_us === undefined && b.generator_cpu_us === undefined ? {} : { generator_cpu_us: cpuUs }),
  }
}

/** The rate over both spans that asks for as many requests as the two did. */
function plannedOf(a: LoadRecord, b: LoadRecord, spanUs: number): number | null {
  if (a.target_rps === null && b.target_rps === null) return null
  const requests = ({ target_rps, start_us, end_us }: LoadRecord) => (target_rps ?? 0) * (end_us - start_us)
  return (requests(a) + requests(b)) / Math.max(1, spanUs)
}
