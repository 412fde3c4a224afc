import type { FollowedMetric, LoadSpan, MetricSpan, PhaseModel, RunModel } from '../../audit/index.ts'
import type { DrawnLane, Probe } from '../../probes/index.ts'
import { laneSeries, type Point } from '../series.ts'
import { droppedAtPorts } from '../text/drops.ts'
import { formatClock, formatMs, formatPercent, formatRate, formatUnit, UNKNOWN } from '../text/format.ts'
import { type Catalog, probesOf } from '../text/reading.ts'
import type { Scene } from './scene.ts'
import { phaseName } from './span-words.ts'
import { phaseShown } from './state.ts'
import { cellAt, eachCell, isOver, runPhases, type TimeAxis, type Timed, VALUE } from './time-axis.ts'

/** A measure over time, a cell high. */
export interface Lane {
  /** stays the same while the run goes on: what a reader pins */
  key: string
  label: string
  /** name of the probe it is of */
  probe?: string
  points: Point[]
  /** of several points counts the highest (waits, levels), or their mean (rates, shares) */
  several: 'max' | 'mean'
  format: (value: number | null) => string
}

const known = new WeakMap<RunModel, { revision: number; catalog: Catalog; whole: boolean; lanes: Lane[] }>()

/**
 * Series over the whole run, once per revision: what the load saw, then what explains it: the probes' own, and what the
 * kernel counts. In a run that is over those come last that were nothing or unknown all the time; until then each keeps
 * its place.
 */
export function lanesOf(timed: Timed & Pick<Scene, 'catalog'>): Lane[] {
  const { model, catalog } = timed
  const { revision } = model
  const whole = isOver(timed)
  const cached = known.get(model)
  if (cached?.revision === revision && cached.catalog === catalog && cached.whole === whole) return cached.lanes
  const all = [
    ...loadLanes(model),
    ...probesOf(model, catalog).flatMap((probe) => probe.draw.lanes.flatMap((lane) => probeLane(model, probe, lane))),
    ...metricLanes(model),
  ]
  const lanes = whole ? all.toSorted((a, b) => Number(isSilent(a)) - Number(isSilent(b))) : all
  known.set(model, { revision, catalog, whole, lanes })
  return lanes
}

const isSilent = ({ points }: Lane): boolean => !points.some(({ value }) => value)

const failed = ({ errors, startUs, endUs }: LoadSpan) => (errors * 1e6) / Math.max(1, endUs - startUs)
const loadLane: readonly (Omit<Lane, 'points'> & { read: (span: LoadSpan) => number | null })[] = [
  { key: 'load.rps', label: 'requests/s', several: 'mean', format: formatRate, read: ({ rps }) => rps },
  { key: 'load.p99', label: 'response p99', several: 'max', format: formatMs, read: ({ p99Ms }) => p99Ms },
  { key: 'load.p50', label: 'response p50', several: 'max', format: formatMs, read: ({ p50Ms }) => p50Ms },
  { key: 'load.errors', label: 'errors/s', several: 'mean', format: formatRate, read: failed },
]

function loadLanes(model: RunModel): Lane[] {
  const spans = runPhases(model).flatMap((phase) => phase.load?.history ?? [])
  if (spans.length === 0) return []
  return loadLane.map(({ read, ...lane }) => ({
    ...lane,
    points: spans.map((span) => ({ startUs: span.startUs, endUs: span.endUs, value: read(span) })),
  }))
}

/** What stands behind a value whose unit says of what it is: names of lanes are short. */
const per = { ns_per_request: '/req', per_request: '/req', per_s: '', ns: '', count: '', percent: '' } as const

function probeLane(model: RunModel, probe: Probe, drawn: DrawnLane): Lane[] {
  const series = laneSeries({ ...model, phases: runPhases(model) }, probe, drawn)
  if (!series) return []
  const { unit, adds, points } = series
  const behind = adds ? '/s' : per[unit]
  return [
    {
      key: `probe.${probe.name}.${drawn.figures[0]}`,
      label: drawn.label,
      probe: probe.name,
      several: !adds && (unit === 'ns' || unit === 'count') ? 'max' : 'mean',
      format: (value) => (value === null ? UNKNOWN : `${formatUnit(value, unit)}${behind}`),
      points,
    },
  ]
}

/** Growth in a span as a rate: per second, or in percent of one core (of the time, where something stood still). */
const metricLane: Readonly<
  Record<FollowedMetric, { label: string; perSecond: number; format: (value: number | null) => string }>
> = {
  overflows: { label: 'overflows, netns', perSecond: 1, format: formatRate },
  throttled: { label: 'CPU throttled', perSecond: 100 / 1e6, format: formatPercent },
  target_cpu: { label: 'target CPU', perSecond: 100 / 1e9, format: formatPercent },
  softirq: { label: 'host softirq', perSecond: 100 / 1e3, format: formatPercent },
}

function metricLanes(model: RunModel): Lane[] {
  return Object.entries(metricLane).flatMap(([name, { label, perSecond, format }]): Lane[] => {
    const spans = model.metrics.get(name as FollowedMetric) ?? []
    if (spans.length === 0 || (name === 'overflows' && areOthers(model))) return []
    const value = ({ startUs, endUs, growth }: MetricSpan) =>
      growth === null ? null : (growth * perSecond * 1e6) / Math.max(1, endUs - startUs)
    const points = spans.map((span) => ({ startUs: span.startUs, endUs: span.endUs, value: value(span) }))
    return [{ key: `metric.${name}`, label, several: 'mean', format, points }]
  })
}

/** The namespace's overflows say when; that none of them were the target's makes them nobody's business here. */
const areOthers = ({ phases }: RunModel): boolean =>
  phases.length > 0 && phases.every((phase) => droppedAtPorts(phase) === 0)

type Values = readonly (number | null)[]
const drawn = new WeakMap<Lane, { axis: string; values: Values }>()

/** What a lane shows in each cell; null where nothing is known. Once per lane and axis: lanes are made anew per revision. */
export function valuesOf(lane: Lane, axis: TimeAxis): Values {
  const key = [axis.fromUs, axis.stepUs, axis.width].join()
  const before = drawn.get(lane)
  if (before?.axis === key) return before.values
  const sums = createSums(axis.width)
  for (const point of lane.points) {
    const { startUs, endUs, value } = point
    if (value !== null) eachCell(axis, point, (cell, share) => sums.add(cell, value, share * (endUs - startUs)))
  }
  const values = Array.from({ length: axis.width }, (_, cell) => sums.read(cell, lane.several))
  drawn.set(lane, { axis: key, values })
  return values
}

/** Values put together in so many places; the mean goes by how long each held, us. */
function createSums(places: number) {
  const [sums, weights, highest] = [new Float64Array(places), new Float64Array(places), new Float64Array(places)]
  return {
    add: (at: number, value: number, us: number): void => {
      const weight = Math.max(1e-3, us)
      highest[at] = weights[at] ? Math.max(highest[at] ?? 0, value) : value
      sums[at] = (sums[at] ?? 0) + value * weight
      weights[at] = (weights[at] ?? 0) + weight
    },
    read: (at: number, several: Lane['several']): number | null => {
      const weight = weights[at] ?? 0
      if (weight === 0) return null
      return several === 'max' ? (highest[at] ?? 0) : (sums[at] ?? 0) / weight
    },
  }
}

/** What the numbers beside the lanes speak of: a moment that is pointed at, now, or the phase that is looked at. */
export type Spoken = { of: 'cell'; atUs: number } | { of: 'now' } | { of: 'phase'; phase: PhaseModel }

/** As in the header: while a run goes on numbers are of now, afterwards there is no now. */
export function spokenOf({ model, state, live }: Scene, pointedUs: number | null): Spoken {
  if (pointedUs !== null) return { of: 'cell', atUs: pointedUs }
  const phase = phaseShown(model, state)
  return (live && !model.end) || !phase ? { of: 'now' } : { of: 'phase', phase }
}

/** In words: over the numbers where there is a line for it, and as short as they are. */
export function spokenWords(spoken: Spoken): { long: string; name: string; short: string } {
  const same = (text: string) => ({ long: text, name: text, short: text })
  if (spoken.of === 'now') return same('now')
  if (spoken.of === 'cell') return same(`at ${formatClock(spoken.atUs)}`)
  const { name } = spoken.phase
  return {
    long: `${name}: rates on average, waits and depths at their highest`,
    name,
    short: phaseName(spoken.phase, VALUE),
  }
}

export function numberOf(lane: Lane, spoken: Spoken, axis: TimeAxis, nowUs: number): number | null {
  if (spoken.of === 'now') return latestOf(lane)
  if (spoken.of === 'cell') return valuesOf(lane, axis)[cellAt(axis, spoken.atUs)] ?? null
  const { startUs, endUs } = spoken.phase
  return within(lane, startUs, endUs ?? nowUs)
}

/** A point belongs where its middle lies; a span shorter than all of them has those that it lies in. */
function within({ points, several }: Lane, fromUs: number, toUs: number): number | null {
  const middle = ({ startUs, endUs }: Point) => (startUs + endUs) / 2
  const inside = points.filter((point) => middle(point) >= fromUs && middle(point) < toUs)
  const chosen = inside.length > 0 ? inside : points.filter(({ startUs, endUs }) => startUs < toUs && endUs > fromUs)
  const sums = createSums(1)
  for (const { startUs, endUs, value } of chosen) if (value !== null) sums.add(0, value, endUs - startUs)
  return sums.read(0, several)
}

/** What the load did in a window is known up to a second after it: until then the window before speaks. */
const latestOf = ({ points }: Lane): number | null => points.at(-1)?.value ?? points.at(-2)?.value ?? null
