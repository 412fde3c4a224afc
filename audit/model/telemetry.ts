import type { TelemetryRecord } from '../recording/format.ts'
import { metricOf } from '../telemetry/facts.ts'
import type { PhaseModel, PhaseTelemetry, RunModel } from './run.ts'

/** The last sample of each source, partial ones put together. */
export type LatestSamples = Map<string, { tUs: number; values: Record<string, number> }>

/** Growth of a counter over a phase; `null` when it was not sampled twice, or fell in between. */
export function counterGrowth(phase: PhaseModel, source: string, name: string): number | null {
  const seen = phase.telemetry.get(source)
  const [first, last] = [seen?.first[name], seen?.last[name]]
  if (!seen || first === undefined || last === undefined || seen.lastUs <= seen.firstUs) return null
  return seen.restarted.includes(name) || last < first ? null : last - first
}

/** The same per second of the time between the phase's first and last sample. */
export function perSecond(phase: PhaseModel, source: string, name: string): number | null {
  const seen = phase.telemetry.get(source)
  const grown = counterGrowth(phase, source, name)
  return seen && grown !== null ? (grown * 1e6) / (seen.lastUs - seen.firstUs) : null
}

/** CPU time of the target in so much of a phase (us), as the kernel counts it, ns; null where that is not known. */
export function targetCpuNs(phase: PhaseModel, coveredUs: number): number | null {
  const rate = perSecond(phase, 'process', 'cpu_ns')
  return rate === null ? null : (rate * coveredUs) / 1e6
}

/** How fast a counter grew in a phase, and how fast while nothing was asked of the target; per second, `null` is unknown. */
export interface AgainstIdle {
  perSecond: number | null
  /** of the last idle phase before; `null` without one */
  idlePerSecond: number | null
}

export function againstIdle(model: RunModel, phase: PhaseModel, source: string, name: string): AgainstIdle {
  const idle = model.phases.filter((p) => p.kind === 'idle' && p.startUs < phase.startUs).at(-1)
  return {
    perSecond: perSecond(phase, source, name),
    idlePerSecond: idle ? perSecond(idle, source, name) : null,
  }
}

/** Adds a sample to the phase that runs, and keeps it for the next; `phase` is null between phases. */
export function applySample(latest: LatestSamples, phase: PhaseModel | null, record: TelemetryRecord): void {
  const { source, t_us: tUs } = record
  const before = latest.get(source)
  const seen = phase?.telemetry.get(source)
  if (before && seen) noteRestarts(seen, before.values, record)
  const values = before && record.partial ? Object.assign(before.values, record.values) : { ...record.values }
  latest.set(source, { tUs, values })
  if (!phase) return
  const own = seen ?? {
    firstUs: tUs,
    lastUs: tUs,
    first: { ...values },
    last: values,
    low: {},
    high: {},
    restarted: [],
  }
  own.last = values
  own.lastUs = tUs
  phase.telemetry.set(source, own)
  // A level that did not change since the phase before is one of this phase, too.
  stretch(own, source, Object.keys(own.high).length === 0 ? values : record.values)
}

/** Counters go on over the boundary: the last sample of the phase before is the first of this one. */
export function beginPhase(latest: LatestSamples, phase: PhaseModel): void {
  endPhase(latest)
  for (const source of latest.keys()) beginSource(latest, phase, source)
}

/** The same for one source, unless the phase has begun for it. */
export function beginSource(latest: LatestSamples, phase: PhaseModel, source: string): void {
  const before = latest.get(source)
  if (!before || phase.telemetry.has(source)) return
  const { tUs, values } = before
  phase.telemetry.set(source, {
    ...{ firstUs: tUs, lastUs: tUs, first: { ...values }, last: values },
    ...{ low: {}, high: {}, restarted: [] },
  })
}

/** What comes from now on changes nothing of the phase that ended. */
export function endPhase(latest: LatestSamples): void {
  for (const [source, { tUs, values }] of latest) latest.set(source, { tUs, values: { ...values } })
}

/** Levels of so many names are kept of a source: destinations come and go in a long run. */
const NAMES_KEPT = 256

function stretch(seen: PhaseTelemetry, source: string, values: Readonly<Record<string, number>>): void {
  let room = NAMES_KEPT - Object.keys(seen.high).length
  for (const [name, value] of Object.entries(values)) {
    if (metricOf(source, name)?.kind !== 'gauge') continue
    const [low, high] = [seen.low[name], seen.high[name]]
    if (high === undefined && room-- <= 0) continue
    seen.low[name] = low === undefined ? value : Math.min(low, value)
    seen.high[name] = high === undefined ? value : Math.max(high, value)
  }
}

function noteRestarts(seen: PhaseTelemetry, before: Readonly<Record<string, number>>, record: TelemetryRecord): void {
  const names = record.partial ? Object.keys(record.values) : Object.keys(before)
  for (const name of names) {
    const [then, now] = [before[name], record.values[name]]
    const isBroken = then !== undefined && (now === undefined || now < then)
    if (isBroken && metricOf(record.source, name)?.kind !== 'gauge' && !seen.restarted.includes(name))
      seen.restarted.push(name)
  }
}
