import type { RunModel } from '../../../audit/index.ts'
import type { Probe } from '../../../probes/index.ts'
import { type Point, probeSeries } from '../../series.ts'
import { clip, formatMs, formatRate, formatUnit, right } from '../../text/format.ts'
import { type Catalog, probesOf } from '../../text/reading.ts'
import type { Brush } from '../cells.ts'
import { BOLD, ink } from '../palette.ts'

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
  const slices = model.phases.flatMap((phase) => phase.load?.history ?? [])
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
  brush.spot({ x: 0, y: 0, width: brush.width, height: shown.length + 1 }, { kind: 'lanes' })
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

/** What the load did in a window is known up to a second after it: until then the window before speaks. */
const latestOf = ({ points }: Lane): number | null => points.at(-1)?.value ?? points.at(-2)?.value ?? null

function laneOf(model: RunModel, probe: Probe): Lane | null {
  const series = probeSeries(model, probe, model.current ? [model.current] : [])
  if (!series) return null
  const { label, unit, points } = series
  return {
    label: `${probe.draw.tab} ${label}`,
    several: unit === 'ns' || unit === 'ns_per_request' ? 'max' : 'mean',
    format: (value) => formatUnit(value, unit),
    points,
  }
}
