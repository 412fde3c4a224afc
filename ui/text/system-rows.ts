import { againstIdle, type Metric, metricOf, type PhaseModel, perSecond, type RunModel } from '../../audit/index.ts'
import { csvText } from './csv.ts'
import { formatBytes, formatCount, formatPercent, formatRate, UNKNOWN } from './format.ts'
import { baselineOf } from './reading.ts'
import { WORSE } from './stand-outs.ts'

/** A number of /proc, /sys or the cgroup, phase by phase. */
export interface SystemRow {
  label: string
  group: SystemGroup
  /** counters as growth per second, levels as the highest (the lowest, where less is worse); a dash where it is not known */
  text: (phase: PhaseModel) => string
  /** the number behind the text, in `unit`; null where it is not known */
  value: (phase: PhaseModel) => number | null
  unit: string
  /** how much more of it there was than while nothing was asked of the target: `+1.2 k/s`; empty without an idle phase */
  overIdle: (phase: PhaseModel) => string
  /** times worse than in the baseline; null where nothing can be said, or more of it says nothing */
  worse: (phase: PhaseModel) => number | null
  /** any at all is a fault, and there was some */
  isFault: (phase: PhaseModel) => boolean
}

export type SystemGroup = (typeof groups)[number]
const groups = ['CPU', 'Memory', 'Network', 'Cgroup', 'Target', 'Host'] as const

/** What a source is about; what none of these is about stands under Host. */
const groupOf: Readonly<Record<string, SystemGroup>> = {
  ...{ cpu: 'CPU', softirqs: 'CPU', interrupts: 'CPU', threads: 'Target', process: 'Target', resources: 'Target' },
  ...{ io: 'Target', vmstat: 'Memory', meminfo: 'Memory', cgroup: 'Cgroup', netns: 'Network', netdev: 'Network' },
  ...{ nic: 'Network', softnet: 'Network', sockstat: 'Network', snmp6: 'Network', conntrack: 'Network' },
  ...{ connections: 'Network', listeners: 'Network', backlog: 'Network' },
}

const groupOfMetric = ({ source, name }: Metric): SystemGroup => {
  if (source === 'pressure') return name.startsWith('cpu') ? 'CPU' : name.startsWith('memory') ? 'Memory' : 'Host'
  return groupOf[source] ?? 'Host'
}

export interface SystemRows {
  rows: readonly SystemRow[]
  /** numbers that were read and stood at zero in every phase: not worth a row */
  still: number
}

const known = new WeakMap<RunModel, { revision: number; rows: SystemRows }>()

/**
 * All numbers of the system that are not zero throughout, by group; in each first the faults, then what got worse, then
 * the others, in the order of the table of facts: rows of a run that goes on stay where they are. Kept until the model
 * changes.
 */
export function systemRows(model: RunModel): SystemRows {
  const kept = known.get(model)
  if (kept?.revision === model.revision) return kept.rows
  const all = metricsOf(model).map((metric) => ({ metric, ...readingsOf(model, metric) }))
  const moved = all.filter(({ values }) => [...values.values()].some((value) => value !== null && value !== 0))
  const read = all.filter(({ values }) => [...values.values()].some((value) => value !== null))
  const ranked = moved.toSorted(
    (a, b) =>
      groups.indexOf(groupOfMetric(a.metric)) - groups.indexOf(groupOfMetric(b.metric)) ||
      b.weight - a.weight ||
      a.metric.rank - b.metric.rank ||
      a.metric.name.localeCompare(b.metric.name, 'en'),
  )
  const rows = {
    rows: ranked.map(({ metric, values }) => rowOf(model, metric, values)),
    still: read.length - moved.length,
  }
  known.set(model, { revision: model.revision, rows })
  return rows
}

/** The rows as numbers, not rounded, in the unit that stands beside them; a column a phase. */
export function systemCsv(model: RunModel): string {
  const { rows } = systemRows(model)
  return csvText([
    ['of', 'number', 'unit', ...model.phases.map(({ name }) => name)],
    ...rows.map(({ group, label, unit, value }) => [group, label, unit, ...model.phases.map(value)]),
  ])
}

function metricsOf(model: RunModel): Metric[] {
  const found = new Map<string, Metric>()
  for (const phase of model.phases)
    for (const [source, { last }] of phase.telemetry)
      for (const name of Object.keys(last)) {
        const metric = metricOf(source, name)
        // A limit is told with what it limits.
        if (metric && !isLimit(metric)) found.set(`${source} ${name}`, metric)
      }
  return [...found.values()]
}

const isLimit = ({ name, kind }: Metric): boolean => kind === 'gauge' && /(^|[._])(limit|max)(_bytes)?$/.test(name)

type Readings = ReadonlyMap<PhaseModel, number | null>

function readingsOf(model: RunModel, metric: Metric): { values: Readings; weight: number } {
  const values = new Map(model.phases.map((phase) => [phase, readingOf(phase, metric)]))
  const isFault = metric.isFault === true && [...values.values()].some((value) => value !== null && value > 0)
  const isWorse = model.phases.some((phase) => (worsening(model, metric, values, phase) ?? 0) >= WORSE)
  return { values, weight: isFault ? 2 : isWorse ? 1 : 0 }
}

/** Growth per second, or the level that matters; null where it could not be read. */
function readingOf(phase: PhaseModel, { source, name, kind, better }: Metric): number | null {
  if (kind === 'counter') return perSecond(phase, source, name)
  const seen = phase.telemetry.get(source)
  return (better === 'higher' ? seen?.low : seen?.high)?.[name] ?? null
}

function rowOf(model: RunModel, metric: Metric, values: Readings): SystemRow {
  return {
    label: metric.label,
    group: groupOfMetric(metric),
    text: (phase) => {
      const value = values.get(phase) ?? null
      const limit = limitOf(phase, metric)
      return value !== null && limit !== null ? formatPercent((value / limit) * 100) : textOf(metric, value)
    },
    ...asNumbers(model, metric, values),
    overIdle: (phase) => overIdle(model, metric, values, phase),
    worse: (phase) => worsening(model, metric, values, phase),
    isFault: (phase) => metric.isFault === true && (values.get(phase) ?? 0) > 0,
  }
}

/** In one unit for all phases: of what has a limit in any of them the share of it, which is not known in the others. */
function asNumbers(model: RunModel, metric: Metric, values: Readings): Pick<SystemRow, 'value' | 'unit'> {
  const hasLimit = model.phases.some((phase) => limitOf(phase, metric) !== null)
  return {
    unit: hasLimit ? 'percent' : unitOf(metric),
    value: (phase) => {
      const value = values.get(phase) ?? null
      if (!hasLimit || value === null) return numberOf(metric, value)
      const limit = limitOf(phase, metric)
      return limit === null ? null : (value / limit) * 100
    },
  }
}

function limitOf(phase: PhaseModel, { source, limit, limitSource = source }: Metric): number | null {
  const most = limit === undefined ? undefined : phase.telemetry.get(limitSource)?.last[limit]
  return most !== undefined && most > 0 ? most : null
}

function overIdle(model: RunModel, metric: Metric, values: Readings, phase: PhaseModel): string {
  const idle = model.phases.findLast((other) => other.kind === 'idle' && other.startUs < phase.startUs)
  if (!idle) return ''
  const now = values.get(phase) ?? null
  const then =
    metric.kind === 'counter'
      ? againstIdle(model, phase, metric.source, metric.name).idlePerSecond
      : (values.get(idle) ?? null)
  if (now === null || then === null) return UNKNOWN
  const text = textOf(metric, Math.abs(now - then))
  // What is too little to be written is no difference.
  return now === then || text.startsWith('<') ? '·' : `${now < then ? '−' : '+'}${text}`
}

function worsening(model: RunModel, { better }: Metric, values: Readings, phase: PhaseModel): number | null {
  const baseline = baselineOf(model, phase)
  const now = values.get(phase) ?? null
  const then = baseline ? (values.get(baseline) ?? null) : null
  if (better === 'neutral' || now === null || then === null) return null
  if (now === then) return 1
  const [worse, good] = better === 'lower' ? [now, then] : [then, now]
  return good === 0 ? Number.POSITIVE_INFINITY : worse / good
}

const NS_OF: Partial<Record<Metric['unit'], number>> = { ns: 1, us: 1e3, ms: 1e6 }

/** What counts time is told as a share of one core's time. */
function numberOf({ kind, unit }: Metric, value: number | null): number | null {
  const ns = NS_OF[unit]
  return value !== null && kind === 'counter' && ns !== undefined ? (value * ns) / 1e7 : value
}

function unitOf({ kind, unit }: Metric): string {
  if (kind === 'gauge') return unit
  if (NS_OF[unit] !== undefined) return 'percent'
  return unit === 'count' ? 'per_s' : `${unit}_per_s`
}

function textOf(metric: Metric, reading: number | null): string {
  const { kind, unit } = metric
  const value = numberOf(metric, reading)
  if (kind === 'counter') {
    if (NS_OF[unit] !== undefined) return formatPercent(value)
    return unit === 'bytes'
      ? value === null
        ? UNKNOWN
        : `${formatBytes(rounded(value))}/s`
      : formatRate(value && rounded(value))
  }
  if (unit === 'percent') return formatPercent(value)
  return unit === 'bytes' ? formatBytes(value) : formatCount(value)
}

/** Three significant digits: a rate is no exact number. */
const rounded = (value: number): number => Number(value.toPrecision(3))
