import { counterGrowth, type Metric, metricOf, type PhaseModel, perSecond, type RunModel } from '../../audit/index.ts'
import { dropCounters, isDropCounter } from './drops.ts'
import { clip, formatBytes, formatCount, formatPercent, UNKNOWN } from './format.ts'
import type { Cell, PhaseRow } from './phase-row.ts'
import { type BaseOf, baselineOf, counterWorsening, timesWorse } from './reading.ts'
import { type StandOut, standOut, WORSE } from './stand-outs.ts'

/** More rows than this nobody reads. */
const ROWS = 12
/** From here on a level is told even when it is no higher than in the baseline (percent of its limit). */
const NEAR_LIMIT_PCT = 60
/** A share of time or a count below this is not worth a row, unless any at all is a fault. */
const NOTABLE_PCT = 1
const NOTABLE_COUNT = 10
const LABEL_LENGTH = 29

/**
 * The kernel's own counters and levels: overflows and drops always, where their source was read; of all others that the
 * table of facts calls headlines those that moved against the baseline, came near their limit, or mean a fault.
 */
export function kernelRows(model: RunModel, baseOf: BaseOf = baselineOf): PhaseRow[] {
  const fixed = dropCounters(model)
    .filter(({ hasRow, wasRead }) => hasRow && model.phases.some(wasRead))
    .map(
      ({ label, grown, rate }): PhaseRow => ({
        label,
        group: 'Kernel',
        cell: (phase) => ({
          text: formatCount(grown(phase)),
          ratio: timesWorse(rate(phase), rate(baseOf(model, phase))),
        }),
      }),
    )
  return [...fixed, ...telling(model, ROWS - fixed.length, baseOf)]
}

/** Those most telling against the baseline, in the order of the facts: rows of a run that goes on do not jump about. */
function telling(model: RunModel, room: number, baseOf: BaseOf): PhaseRow[] {
  return candidates(model)
    .map((metric) => ({ metric, weight: weightOf(model, metric) }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight || a.metric.rank - b.metric.rank)
    .slice(0, room)
    .sort((a, b) => a.metric.rank - b.metric.rank)
    .map(({ metric }) => ({
      label: clip(metric.label, LABEL_LENGTH),
      group: 'Kernel',
      cell: (phase) => cellOf(metric, phase, baseOf(model, phase)),
    }))
}

function candidates(model: RunModel): Metric[] {
  const found = new Map<string, Metric>()
  for (const phase of model.phases)
    for (const [source, { last }] of phase.telemetry)
      for (const name of Object.keys(last)) {
        const metric = metricOf(source, name)
        if (metric?.headline && !isDropCounter(source, name)) found.set(`${source} ${name}`, metric)
      }
  return [...found.values()]
}

/** Zero: not worth a row. Faults and full levels come before what only grew, and that by how much it grew. */
function weightOf(model: RunModel, metric: Metric): number {
  return Math.max(0, ...model.phases.map((phase) => weightIn(metric, phase, baselineOf(model, phase))))
}

const FAULT = 1000
const NEAR_LIMIT = 500

function weightIn(metric: Metric, phase: PhaseModel, base: PhaseModel | null): number {
  const reading = read(phase, metric)
  if (reading === null) return 0
  if (metric.isFault && reading.value > 0) return FAULT
  if (reading.isOfLimit && reading.value >= NEAR_LIMIT_PCT) return NEAR_LIMIT + reading.value
  if (metric.better === 'neutral' || reading.isOfLimit || reading.value < floorOf(reading)) return 0
  const ratio = worsening(metric, phase, base)
  return ratio !== null && ratio >= WORSE ? Math.min(ratio, 100) : 0
}

/** What of the kernel's counters and levels is worse in `phase` than in `base`, the telling first. */
export function kernelStandOuts(model: RunModel, phase: PhaseModel, base: PhaseModel): StandOut[] {
  return candidates(model)
    .map((metric) => ({ metric, weight: weightIn(metric, phase, base), ratio: worsening(metric, phase, base) }))
    .filter(({ weight, ratio }) => weight > 0 && ratio !== null && ratio >= WORSE)
    .sort((a, b) => b.weight - a.weight || a.metric.rank - b.metric.rank)
    .map(({ metric, weight, ratio }) =>
      standOut({
        label: metric.label,
        now: cellOf(metric, phase, base).text,
        before: cellOf(metric, base, null).text,
        ratio: ratio ?? 0,
        at: { probe: null, view: null },
        weight: weight >= NEAR_LIMIT ? 'fault' : 'level',
      }),
    )
}

const floorOf = ({ isShare }: Reading): number => (isShare ? NOTABLE_PCT : NOTABLE_COUNT)

function cellOf(metric: Metric, phase: PhaseModel, base: PhaseModel | null): Cell {
  const reading = read(phase, metric)
  return reading
    ? { text: reading.text, ratio: metric.better === 'neutral' ? null : worsening(metric, phase, base) }
    : { text: UNKNOWN, ratio: null }
}

interface Reading {
  /** growth over the phase, percent of its time, percent of a limit, or the highest level */
  value: number
  text: string
  isShare: boolean
  isOfLimit: boolean
}

function read(phase: PhaseModel, metric: Metric): Reading | null {
  return metric.kind === 'counter' ? readCounter(phase, metric) : readGauge(phase, metric)
}

const NS_OF: Partial<Record<Metric['unit'], number>> = { ns: 1, us: 1e3, ms: 1e6 }

/** What counts time is told as a share of the phase's time: of several processors or threads it may pass 100 %. */
function readCounter(phase: PhaseModel, { source, name, unit }: Metric): Reading | null {
  const grown = counterGrowth(phase, source, name)
  const rate = perSecond(phase, source, name)
  if (grown === null || rate === null) return null
  const ns = NS_OF[unit]
  if (ns === undefined) {
    const text = unit === 'bytes' ? formatBytes(grown) : formatCount(grown)
    return { value: grown, text, isShare: false, isOfLimit: false }
  }
  const sharePct = (rate * ns) / 1e7
  return { value: sharePct, text: formatPercent(sharePct), isShare: true, isOfLimit: false }
}

function readGauge(phase: PhaseModel, { source, name, unit, limit, limitSource = source }: Metric): Reading | null {
  const seen = phase.telemetry.get(source)
  const high = seen?.high[name]
  if (high === undefined) return null
  const most = limit === undefined ? undefined : phase.telemetry.get(limitSource)?.last[limit]
  if (most !== undefined && most > 0) {
    const pct = (high / most) * 100
    return { value: pct, text: formatPercent(pct), isShare: true, isOfLimit: true }
  }
  const text = unit === 'bytes' ? formatBytes(high) : unit === 'percent' ? formatPercent(high) : formatCount(high)
  return { value: high, text, isShare: unit === 'percent', isOfLimit: false }
}

/** How many times worse than in `base`; what adds up is compared per second. */
function worsening(metric: Metric, phase: PhaseModel, base: PhaseModel | null): number | null {
  if (metric.kind === 'counter') return counterWorsening(phase, base, metric.source, metric.name)
  const [now, then] = [read(phase, metric)?.value, base ? read(base, metric)?.value : undefined]
  if (now === undefined || then === undefined) return null
  if (now === then) return 1
  return then === 0 ? Number.POSITIVE_INFINITY : now / then
}
