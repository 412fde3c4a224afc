import { type LoadSpan, latenciesIn, type RunModel } from '../../../audit/index.ts'
import { bucketFloor, bucketOf, type Histogram, histogramOf, type Probe } from '../../../probes/index.ts'
import { clip, formatCount, formatNs, right } from '../../text/format.ts'
import type { Brush } from '../cells.ts'
import { BOLD, ink, on } from '../palette.ts'
import type { Scene } from '../scene.ts'
import { eachCell, runPhases, type TimeAxis, timeAxis } from '../time-axis.ts'
import { drawBands, unmarked } from './lanes.ts'

/**
 * Shades by the share of the fullest cell that a cell holds: long tails are seen beside the bulk. `under` is the shade as a
 * background, for a mark that stands on it: its row must not look empty.
 */
const SHADES = [
  { from: 0, glyph: '░', style: ink.dim, under: 'heatFaint' },
  { from: 0.01, glyph: '▒', style: ink.bar, under: 'heatLow' },
  { from: 0.05, glyph: '▓', style: ink.bar, under: 'heatHigh' },
  { from: 0.25, glyph: '█', style: ink.bar, under: 'heatFull' },
] as const
/** Up to here p99's colour can be told from the shade; what is darker is a step lighter under it. */
const LIGHT = 1
const MARKS = [
  // Nearly always where most are: in the ink of the paper, which is seen on full shades.
  { q: 0.5, glyph: '─', name: 'p50', sample: on('paper', 'heatFull', BOLD), over: plainOver },
  { q: 0.99, glyph: '━', name: 'p99', sample: BOLD | ink.warn, over: warnOver },
] as const

function plainOver(shade: number): number {
  return on(shade > LIGHT ? 'paper' : 'plain', SHADES[shade]?.under ?? 'plain', BOLD)
}

function warnOver(shade: number): number {
  return on('warn', SHADES[Math.min(shade, LIGHT)]?.under ?? 'plain', BOLD)
}

/** A distribution span by span, as far as the model keeps spans. */
export interface OverTime {
  /** tells it from others of the run */
  name: string
  read: (model: RunModel) => Span[]
}

export interface Span {
  startUs: number
  endUs: number
  histogram: Histogram
}

/**
 * A distribution over the time of the run: a column is a cell of time as in the lanes above, a row a step of a logarithmic
 * scale, the shade how many waits fell there.
 */
export function drawHeat(scene: Scene, what: OverTime, brush: Brush): void {
  const { model } = scene
  const axis = timeAxis(scene, brush.width)
  const height = brush.height - 2
  if (!axis || height < 3) {
    brush.text(2, 0, clip('no room for a picture over time', brush.width - 3), ink.dim)
    return
  }
  const heat = heatOf(model, what, axis, height)
  if (!heat) {
    brush.text(2, 1, clip('nothing measured yet', brush.width - 3), ink.dim)
    return
  }
  const plot = brush.part({ x: axis.label + 1, y: 0, width: axis.width, height })
  for (let row = 0; row < heat.rows; row++)
    brush.text(
      0,
      row,
      right(formatNs(bucketFloor(heat.lowest + (heat.rows - 1 - row) * heat.step)), axis.label),
      ink.dim,
    )
  for (let cell = 0; cell < axis.width; cell++) drawColumn(plot, heat, cell)
  drawBands(scene, axis, brush.part({ x: axis.label + 1, y: heat.rows, width: axis.width, height: 1 }), unmarked)
  drawLegend(heat, brush.part({ x: 0, y: heat.rows + 1, width: brush.width, height: 1 }))
}

interface Heat {
  rows: number
  /** bucket that the lowest row begins with, and how many buckets a row has */
  lowest: number
  step: number
  /** waits by cell of time, then by row from the lowest */
  counts: Float64Array
  fullest: number
}

function drawColumn(plot: Brush, { counts, rows, fullest }: Heat, cell: number): void {
  const column = counts.subarray(cell * rows, (cell + 1) * rows)
  const total = column.reduce((sum, count) => sum + count, 0)
  if (total === 0) return
  const shadeOf = (count: number): number => SHADES.findLastIndex(({ from }) => count / fullest >= from)
  column.forEach((count, row) => {
    const shade = count > 0 ? SHADES[shadeOf(count)] : undefined
    if (shade) plot.text(cell, rows - 1 - row, shade.glyph, shade.style)
  })
  for (const { q, glyph, over } of MARKS) {
    const row = rowAt(column, q * total)
    plot.text(cell, rows - 1 - row, glyph, over(shadeOf(column[row] ?? 0)))
  }
}

function rowAt(column: Float64Array, rank: number): number {
  let seen = 0
  const row = column.findIndex((count) => {
    seen += count
    return count > 0 && seen >= rank
  })
  return row < 0 ? column.findLastIndex((count) => count > 0) : row
}

function drawLegend({ fullest }: Heat, brush: Brush): void {
  let x = 1
  for (const { name, glyph, sample } of MARKS)
    x = brush.text(brush.text(x, 0, glyph, sample), 0, ` ${name}   `, ink.dim)
  SHADES.forEach(({ glyph, style }, i) => {
    const next = SHADES[i + 1]
    const most = [` more, of the fullest cell (${formatCount(Math.round(fullest))})`, ' of the fullest', ' more']
    const text = next ? ` <${next.from * 100} %  ` : (most.find(({ length }) => x + 1 + length < brush.width) ?? '')
    x = brush.text(brush.text(x, 0, glyph, style), 0, text, ink.dim)
  })
}

const made = new WeakMap<RunModel, { key: string; heat: Heat | null }>()

/** Once per revision of the run and size of the picture. */
function heatOf(model: RunModel, { name, read }: OverTime, axis: TimeAxis, height: number): Heat | null {
  const key = [model.revision, name, axis.stepUs, axis.width, height].join(' ')
  const known = made.get(model)
  if (known?.key === key) return known.heat
  const heat = addUp(read(model), axis, height)
  made.set(model, { key, heat })
  return heat
}

/** Waits of spans by cell of the axis and by row, of at most `height` rows; null when there are none. */
export function addUp(spans: readonly Span[], axis: TimeAxis, height: number): Heat | null {
  const filled = spans.filter(({ histogram }) => histogram.count > 0)
  if (filled.length === 0) return null
  const lowest = Math.min(...filled.map(({ histogram }) => histogram.buckets[0]?.[0] ?? 0))
  const highest = Math.max(...filled.map(({ histogram }) => histogram.buckets.at(-1)?.[0] ?? 0))
  const step = Math.max(1, Math.ceil((highest - lowest + 1) / height))
  const rows = Math.ceil((highest - lowest + 1) / step)
  const counts = new Float64Array(axis.width * rows)
  for (const span of filled)
    eachCell(axis, span, (cell, share) => {
      for (const [bucket, count] of span.histogram.buckets) {
        const at = cell * rows + Math.floor((bucket - lowest) / step)
        counts[at] = (counts[at] ?? 0) + count * share
      }
    })
  return { rows, lowest, step, counts, fullest: counts.reduce((a, b) => Math.max(a, b), 0) }
}

type Kept = { startUs: number; endUs: number; data: unknown }
// A window never changes once it is recorded.
const histograms = new WeakMap<Kept, ReadonlyMap<string, Histogram>>()

/** One of a probe's histograms, by its name: which place it has among them may differ from window to window. */
export const probeOverTime = (probe: Probe, label: string): OverTime => ({
  name: `${probe.name} ${label}`,
  read: (model) =>
    runPhases(model).flatMap((phase) =>
      (phase.probes.get(probe.name)?.history ?? []).flatMap((window): Span[] => {
        const own =
          histograms.get(window) ??
          new Map((probe.draw.histograms?.(window.data) ?? []).map((one) => [one.label, one.histogram]))
        histograms.set(window, own)
        const histogram = own.get(label)
        return histogram ? [{ startUs: window.startUs, endUs: window.endUs, histogram }] : []
      }),
    ),
})

/** The response times of the load, from the intended start. */
export const responseOverTime: OverTime = {
  name: 'load response',
  read: (model) =>
    runPhases(model).flatMap((phase) =>
      (phase.load?.history ?? []).map((span) => ({
        ...{ startUs: span.startUs, endUs: span.endUs },
        histogram: responseOf(span),
      })),
    ),
}

// What a span has of encoded texts is replaced, never changed, when more is told of it.
const responses = new WeakMap<LoadSpan['response'], Histogram>()

function responseOf({ response }: LoadSpan): Histogram {
  const known = responses.get(response)
  if (known) return known
  const latencies = latenciesIn(response)
  const histogram = histogramOf(
    latencies.map(({ us, count }) => [bucketOf(us * 1000), count] as const),
    latencies.reduce((sum, { us, count }) => sum + us * 1000 * count, 0),
  )
  responses.set(response, histogram)
  return histogram
}
