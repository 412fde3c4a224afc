import type { PhaseModel, RunModel } from '../../../audit/index.ts'
import type { Figure, Probe } from '../../../probes/index.ts'
import { percentile } from '../../../probes/index.ts'
import { clip, formatMs, formatRate, formatUnit, right } from '../../text/format.ts'
import { type Catalog, figuresOf, probesOf } from '../../text/reading.ts'
import type { Brush } from '../cells.ts'
import { BOLD, ink } from '../palette.ts'

interface Point {
  startUs: number
  endUs: number
  value: number | null
}
export interface Lane {
  label: string
  points: Point[]
  /** a cell that spans several points shows the highest of them, or their mean */
  several: 'max' | 'mean'
  format: (value: number | null) => string
}

const LABEL = 24
const NARROW_LABEL = 10
const VALUE = 10
const LEVELS = '▁▂▃▄▅▆▇█'
/** seconds a cell can stand for: the picture is redrawn to a new scale only when the next step is needed */
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400]

/** Series over the whole run: what the load saw, then one for each probe. */
export function lanesOf(model: RunModel, catalog: Catalog): Lane[] {
  const slices = model.phases.flatMap((phase) => phase.load?.recent ?? [])
  const load: Lane[] =
    slices.length === 0
      ? []
      : [
          {
            label: 'requests/s',
            several: 'mean',
            format: formatRate,
            points: slices.map((s) => ({ ...s, value: s.rps })),
          },
          {
            label: 'response p99',
            several: 'max',
            format: formatMs,
            points: slices.map((s) => ({ ...s, value: s.p99Ms })),
          },
        ]
  return [...load, ...probesOf(model, catalog).flatMap((probe) => laneOf(model, probe) ?? [])]
}

/** Draws lanes above a row that names the phases. Needs `lanes + 1` rows; lanes that do not fit are left out. */
export function drawLanes(model: RunModel, lanes: readonly Lane[], brush: Brush): void {
  const label = brush.width >= 80 ? LABEL : NARROW_LABEL
  const width = brush.width - label - VALUE - 3
  const from = model.phases[0]?.startUs ?? 0
  if (width < 8 || brush.height < 2) return
  const stepUs = stepFor((model.nowUs - from) / 1e6 / width) * 1e6
  const cellOf = (us: number) => Math.floor((us - from) / stepUs)
  const shown = lanes.slice(0, brush.height - 1)
  shown.forEach((lane, y) => {
    brush.text(1, y, clip(lane.label, label - 1), ink.dim)
    drawLane(brush.part({ x: label + 1, y, width, height: 1 }), lane, cellOf)
    brush.text(label + 1 + width, y, right(lane.format(latestOf(lane)), VALUE), BOLD)
  })
  const bands = brush.part({ x: label + 1, y: shown.length, width, height: 1 })
  for (const [i, phase] of model.phases.entries()) {
    const at = cellOf(phase.startUs)
    const next = model.phases[i + 1]
    const room = (next ? cellOf(next.startUs) : width) - at
    if (room > 0) bands.text(at, 0, `└${phase.name}`.slice(0, room), phase === model.current ? ink.accent : ink.dim)
  }
}

function drawLane(brush: Brush, lane: Lane, cellOf: (us: number) => number): void {
  const sums = new Float64Array(brush.width)
  const counts = new Uint32Array(brush.width)
  for (const { startUs, endUs, value } of lane.points) {
    if (value === null) continue
    const last = Math.max(cellOf(startUs), cellOf(endUs - 1))
    for (let cell = Math.max(0, cellOf(startUs)); cell <= Math.min(last, brush.width - 1); cell++) {
      sums[cell] = lane.several === 'max' ? Math.max(sums[cell] ?? 0, value) : (sums[cell] ?? 0) + value
      counts[cell] = (counts[cell] ?? 0) + 1
    }
  }
  const values = sums.map((sum, cell) => (lane.several === 'max' ? sum : sum / Math.max(1, counts[cell] ?? 0)))
  const top = values.reduce((a, b) => Math.max(a, b), 0)
  values.forEach((value, cell) => {
    if (counts[cell] === 0) return
    const level = top > 0 ? Math.max(0, Math.ceil((value / top) * LEVELS.length) - 1) : 0
    brush.text(cell, 0, LEVELS[level] ?? ' ', value === 0 ? ink.faint : ink.bar)
  })
}

const stepFor = (secondsPerCell: number): number => STEPS_S.find((step) => step >= secondsPerCell) ?? secondsPerCell

const latestOf = (lane: Lane): number | null => lane.points.at(-1)?.value ?? null

function laneOf(model: RunModel, probe: Probe): Lane | null {
  const chosen = laneFigure(model, probe)
  const points = model.phases.flatMap((phase) =>
    (phase.probes.get(probe.name)?.recent ?? []).map((window) => ({
      startUs: window.startUs,
      endUs: window.endUs,
      value: valueIn(probe, phase, window, chosen?.key ?? null),
    })),
  )
  if (points.length === 0) return null
  const unit = chosen?.unit ?? 'ns'
  return {
    label: `${probe.draw.tab} ${chosen?.label ?? 'p99'}`,
    several: unit === 'ns' || unit === 'ns_per_request' ? 'max' : 'mean',
    format: (value) => formatUnit(value, unit),
    points,
  }
}

/** The figure a probe wants drawn; while that is unknown (no load, no per request) the first headline that is known. */
function laneFigure(model: RunModel, probe: Probe): Figure | null {
  const figures = figuresOf(probe, model.current).filter((figure) => figure.value !== null)
  return figures.find(({ key }) => key === probe.draw.lane) ?? figures.find(({ headline }) => headline) ?? null
}

type Window = { startUs: number; endUs: number; data: unknown }
// A window never changes once it is recorded; figures of hundreds of windows are not computed for every frame.
const known = new WeakMap<Window, Map<string | null, number>>()

function valueIn(probe: Probe, phase: PhaseModel, window: Window, key: string | null): number | null {
  const cached = known.get(window)?.get(key)
  if (cached !== undefined) return cached
  const value = key === null ? p99Of(probe, window) : figureOf(probe, phase, window, key)
  if (value !== null) known.set(window, (known.get(window) ?? new Map()).set(key, value))
  return value
}

function p99Of(probe: Probe, window: Window): number | null {
  const histogram = probe.draw.histograms?.(window.data)[0]?.histogram
  return histogram ? percentile(histogram, 0.99) : null
}

function figureOf(probe: Probe, phase: PhaseModel, window: Window, key: string): number | null {
  const scope = { durationUs: window.endUs - window.startUs, requests: requestsIn(phase, window) }
  return probe.draw.figures(window.data, scope).find((figure) => figure.key === key)?.value ?? null
}

function requestsIn(phase: PhaseModel, { startUs, endUs }: Window): number | null {
  let requests: number | null = null
  for (const slice of phase.load?.recent ?? []) {
    const overlapUs = Math.min(endUs, slice.endUs) - Math.max(startUs, slice.startUs)
    if (overlapUs > 0) requests = (requests ?? 0) + (slice.rps * overlapUs) / 1e6
  }
  return requests
}
