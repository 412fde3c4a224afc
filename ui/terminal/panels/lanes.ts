import type { FollowedMetric, MetricSpan, RunModel } from '../../../audit/index.ts'
import type { Probe } from '../../../probes/index.ts'
import { type Point, probeSeries } from '../../series.ts'
import { clip, formatMs, formatPercent, formatRate, formatUnit, right } from '../../text/format.ts'
import { type Catalog, probesOf } from '../../text/reading.ts'
import type { Brush } from '../cells.ts'
import { BOLD, INVERSE, ink, UNDERLINE } from '../palette.ts'
import { cellAt, runPhases, type TimeAxis, timeAxis } from '../time-axis.ts'

export interface Lane {
  /** stays the same while the run goes on: what a reader pins */
  key: string
  label: string
  points: Point[]
  /** a cell that spans several points shows the highest of them, or their mean */
  several: 'max' | 'mean'
  format: (value: number | null) => string
}

/** What a reader has done to lanes. */
export interface LanesMarked {
  /** selected time; null: nobody is brushing */
  selection: { fromUs: number; toUs: number; atUs: number } | null
  /** key of the lane that is chosen while brushing */
  chosen: string | null
  pinned: readonly string[]
  /** kept spans, by their letter */
  spans: readonly { letter: string; fromUs: number; toUs: number }[]
}

export const unmarked: LanesMarked = { selection: null, chosen: null, pinned: [], spans: [] }

const LEVELS = '▁▂▃▄▅▆▇█'

const known = new WeakMap<RunModel, { revision: number; catalog: Catalog; lanes: Lane[] }>()

/** Series over the whole run: what the load saw, one for each probe, and what the kernel counts. Once per revision. */
export function lanesOf(model: RunModel, catalog: Catalog): Lane[] {
  const cached = known.get(model)
  if (cached?.revision === model.revision && cached.catalog === catalog) return cached.lanes
  const lanes = [
    ...loadLanes(model),
    ...probesOf(model, catalog).flatMap((probe) => probeLane(model, probe) ?? []),
    ...metricLanes(model),
  ]
  known.set(model, { revision: model.revision, catalog, lanes })
  return lanes
}

function loadLanes(model: RunModel): Lane[] {
  const slices = runPhases(model).flatMap((phase) => phase.load?.history ?? [])
  if (slices.length === 0) return []
  const points = (value: (slice: (typeof slices)[number]) => number | null): Point[] =>
    slices.map((slice) => ({ startUs: slice.startUs, endUs: slice.endUs, value: value(slice) }))
  const perSecond = (slice: (typeof slices)[number]) => (slice.errors * 1e6) / Math.max(1, slice.endUs - slice.startUs)
  return [
    { key: 'load.rps', label: 'requests/s', several: 'mean', format: formatRate, points: points((s) => s.rps) },
    { key: 'load.p99', label: 'response p99', several: 'max', format: formatMs, points: points((s) => s.p99Ms) },
    { key: 'load.errors', label: 'errors/s', several: 'mean', format: formatRate, points: points(perSecond) },
  ]
}

function probeLane(model: RunModel, probe: Probe): Lane | null {
  const series = probeSeries(model, probe, model.current ? [model.current] : [])
  if (!series) return null
  const { label, unit, points } = series
  return {
    key: `probe.${probe.name}`,
    label: `${probe.draw.tab} ${label}`,
    several: unit === 'ns' || unit === 'ns_per_request' ? 'max' : 'mean',
    format: (value) => formatUnit(value, unit),
    points,
  }
}

/** Growth in a span as a rate: per second, or in percent of one core (of the time, where something stood still). */
const metricLane: Readonly<
  Record<FollowedMetric, { label: string; perSecond: number; format: (value: number | null) => string }>
> = {
  overflows: { label: 'accept overflows', perSecond: 1, format: formatRate },
  throttled: { label: 'CPU throttled', perSecond: 100 / 1e6, format: formatPercent },
  target_cpu: { label: 'target CPU', perSecond: 100 / 1e9, format: formatPercent },
  softirq: { label: 'host softirq', perSecond: 100 / 1e3, format: formatPercent },
}

function metricLanes(model: RunModel): Lane[] {
  return Object.entries(metricLane).flatMap(([name, { label, perSecond, format }]): Lane[] => {
    const spans = model.metrics.get(name as FollowedMetric) ?? []
    if (spans.length === 0) return []
    const value = ({ startUs, endUs, growth }: MetricSpan) =>
      growth === null ? null : (growth * perSecond * 1e6) / Math.max(1, endUs - startUs)
    const points = spans.map((span) => ({ startUs: span.startUs, endUs: span.endUs, value: value(span) }))
    return [{ key: `metric.${name}`, label, several: 'mean', format, points }]
  })
}

/** Draws lanes above a row that names the phases. Needs `lanes + 1` rows; lanes that do not fit are left out. */
export function drawLanes(model: RunModel, lanes: readonly Lane[], brush: Brush, marked = unmarked): void {
  const axis = timeAxis(model, brush.width)
  if (!axis || brush.height < 2) return
  const shown = lanes.slice(0, brush.height - 1)
  brush.spot({ x: 0, y: 0, width: brush.width, height: shown.length + 1 }, { kind: 'lanes' })
  shown.forEach((lane, y) => {
    const isChosen = lane.key === marked.chosen
    const name = `${marked.pinned.includes(lane.key) ? '•' : ''}${lane.label}`
    brush.text(1, y, clip(name, axis.label - 1), isChosen ? BOLD | INVERSE : ink.dim)
    const values = valuesOf(lane, axis)
    drawLane(brush.part({ x: axis.label + 1, y, width: axis.width, height: 1 }), values, axis, marked)
    const { selection } = marked
    const value = selection ? (values[cellAt(axis, selection.atUs)] ?? null) : latestOf(lane)
    brush.text(axis.label + 1 + axis.width, y, right(lane.format(value), axis.value), BOLD)
  })
  drawBands(model, axis, brush.part({ x: axis.label + 1, y: shown.length, width: axis.width, height: 1 }), marked)
}

/** What a lane shows in each cell; null where nothing is known. */
function valuesOf(lane: Lane, axis: TimeAxis): (number | null)[] {
  const sums = new Float64Array(axis.width)
  const counts = new Uint32Array(axis.width)
  for (const { startUs, endUs, value } of lane.points) {
    if (value === null) continue
    const last = Math.max(cellAt(axis, startUs), cellAt(axis, endUs - 1))
    for (let cell = Math.max(0, cellAt(axis, startUs)); cell <= Math.min(last, axis.width - 1); cell++) {
      sums[cell] = lane.several === 'max' ? Math.max(sums[cell] ?? 0, value) : (sums[cell] ?? 0) + value
      counts[cell] = (counts[cell] ?? 0) + 1
    }
  }
  return Array.from(sums, (sum, cell) => {
    const count = counts[cell] ?? 0
    return count === 0 ? null : lane.several === 'max' ? sum : sum / count
  })
}

function drawLane(brush: Brush, values: readonly (number | null)[], axis: TimeAxis, marked: LanesMarked): void {
  const top = values.reduce<number>((a, b) => Math.max(a, b ?? 0), 0)
  for (const [cell, value] of values.entries()) {
    const attributes = attributesAt(cell, axis, marked)
    if (value === null) {
      if (attributes !== 0) brush.text(cell, 0, ' ', attributes)
      continue
    }
    const level = top > 0 ? Math.max(0, Math.ceil((value / top) * LEVELS.length) - 1) : 0
    brush.text(cell, 0, LEVELS[level] ?? ' ', (value === 0 ? ink.faint : ink.bar) | attributes)
  }
}

/** Selected cells are inverted; the cursor is underlined as well, so that it is seen inside them. */
function attributesAt(cell: number, axis: TimeAxis, { selection }: LanesMarked): number {
  if (!selection) return 0
  const isCursor = cell === cellAt(axis, selection.atUs)
  const isSelected =
    cell >= cellAt(axis, selection.fromUs) && cell < Math.ceil((selection.toUs - axis.fromUs) / axis.stepUs)
  return (isCursor || isSelected ? INVERSE : 0) | (isCursor ? UNDERLINE | BOLD : 0)
}

/** The phases by name where they begin, marks within them, and under what part of them a span is kept. */
export function drawBands(model: RunModel, axis: TimeAxis, brush: Brush, marked: LanesMarked): void {
  const phases = runPhases(model)
  for (const [i, phase] of phases.entries()) {
    const at = cellAt(axis, phase.startUs)
    const next = phases[i + 1]
    const room = (next ? cellAt(axis, next.startUs) : brush.width) - at
    if (room > 0) brush.text(at, 0, `└${phase.name}`.slice(0, room), phase === model.current ? ink.accent : ink.dim)
  }
  const begun = new Set(phases.map(({ startUs }) => cellAt(axis, startUs)))
  for (const { kind, tUs } of model.notes)
    if (kind === 'mark' && !begun.has(cellAt(axis, tUs))) brush.text(cellAt(axis, tUs), 0, '◆', ink.accent)
  for (const { letter, fromUs, toUs } of marked.spans) {
    const [from, to] = [cellAt(axis, fromUs), Math.ceil((toUs - axis.fromUs) / axis.stepUs)]
    brush.text(from, 0, letter, BOLD | INVERSE | ink.accent)
    if (to - from > 1) brush.fill(from + 1, 0, to - from - 1, '─', ink.accent)
  }
}

/** What the load did in a window is known up to a second after it: until then the window before speaks. */
const latestOf = ({ points }: Lane): number | null => points.at(-1)?.value ?? points.at(-2)?.value ?? null
