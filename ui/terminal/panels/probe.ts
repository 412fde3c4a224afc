import type { PhaseModel, RunModel } from '../../../audit/index.ts'
import type { Figure, Histogram, Probe } from '../../../probes/index.ts'
import { clip, formatFigure, formatUnit, UNKNOWN } from '../../text/format.ts'
import type { PhaseRow } from '../../text/phase-row.ts'
import { figuresOf, headlines, histogramsOf, tableRowsOf, worsening } from '../../text/reading.ts'
import type { Brush } from '../cells.ts'
import { baseFor, shownWords } from '../compare.ts'
import { flameShown } from '../flame/shown.ts'
import { BOLD, ink } from '../palette.ts'
import type { Scene } from '../scene.ts'
import { noTable, phaseShown, type ScreenState, type View, viewShown, viewsOf } from '../state.ts'
import { drawFlame } from './flame.ts'
import { drawHeat, probeOverTime } from './heat.ts'
import { distributionRows, drawHistogram } from './histogram.ts'
import { missing } from './missing.ts'
import { moreRows } from './more.ts'
import { drawNoStacks } from './no-stacks.ts'
import { drawPhaseTable, phaseTableWidth } from './phases.ts'
import { drawRule } from './rule.ts'
import { type Scroll, scrollOf, spotToScroll } from './scroll.ts'
import { drawTable } from './table.ts'
import { tableSeen } from './table-seen.ts'

/** One probe: its flame graph, or its figures, distribution and table, as the view asks. */
export function drawProbe(scene: Scene, probe: Probe, brush: Brush): void {
  const phase = phaseShown(scene.model, scene.state)
  const view = viewShown(probe, phase, scene.state)
  const words = shownWords(scene)
  drawRule(brush, 0, probe.question, words)
  if (!phase?.probes.has(probe.name)) {
    brush.text(2, 2, missing(scene.model, phase, 'nothing recorded'), ink.dim)
    return
  }
  drawViews(probe, phase, view, brush.part({ x: 0, y: 1, width: brush.width, height: 1 }))
  const body = brush.part({ x: 0, y: 2, width: brush.width, height: brush.height - 2 })
  if (view?.kind === 'flame') {
    const more = drawFlameView(scene, probe, view.name.slice('flame:'.length), phase, body)
    drawRule(brush, 0, probe.question, words, more)
  } else if (view?.kind === 'heat')
    drawHeat(scene, probeOverTime(probe, histogramsOf(probe, phase)[view.histogram]?.label ?? ''), body)
  else drawNumbers(scene, probe, phase, view, body)
}

/** The views there are, the one shown in brackets, and at the right the probe's headline. */
function drawViews(probe: Probe, phase: PhaseModel, shown: View | null, brush: Brush): void {
  const views = viewsOf(probe, phase)
  const names = views.map((view) => (view.name === shown?.name ? `[${view.title}]` : ` ${view.title} `))
  const at = Math.max(
    0,
    views.findIndex((view) => view.name === shown?.name),
  )
  const room = brush.width - 2
  // Where they do not fit those before the one shown go, so that it is always in sight.
  const from = names.slice(0, at + 1).join('').length > room ? at : 0
  let x = from > 0 ? brush.text(1, 0, '…', ink.dim) : 1
  if (views.length > 1)
    for (const [i, name] of names.entries())
      if (i >= from && x <= room) {
        brush.spot({ x, y: 0, width: name.length, height: 1 }, { kind: 'view', view: views[i]?.name ?? '' })
        x = brush.text(
          x,
          0,
          clip(name.trimEnd(), room + 1 - x).padEnd(name.length),
          i === at ? BOLD | ink.accent : ink.dim,
        )
      }
  const headline = headlines(figuresOf(probe, phase))
    .slice(0, 3)
    .map((figure) => `${figure.label} ${formatFigure(figure)}`)
    .join('   ')
  if (x + headline.length + 3 < brush.width) brush.text(brush.width - headline.length - 1, 0, headline)
}

function drawFlameView(scene: Scene, probe: Probe, view: string, phase: PhaseModel, brush: Brush): string {
  const shown = flameShown(scene, probe, view, phase)
  if (shown) return drawFlame(brush, shown, scene.state.search)
  drawNoStacks(brush, 1, scene, phase, 'v next view')
  return ''
}

/** The distribution keeps this much; phases that do not fit beside it are left out. */
const DISTRIBUTION = 50

/** Figures and percentiles by phase at the left, the distribution at the right, the table under both; the table gives way first. */
function drawNumbers(scene: Scene, probe: Probe, phase: PhaseModel, view: View | null, brush: Brush): void {
  const { model, state } = scene
  const label = histogramsOf(probe, phase)[view?.kind === 'numbers' ? view.histogram : 0]?.label ?? null
  const rows = [
    ...figureRows(model, state, probe),
    ...(label === null ? [] : percentileRows(model, state, probe, label)),
  ]
  const figuresWidth = Math.min(phaseTableWidth(model), brush.width - DISTRIBUTION)
  const beside = label !== null && brush.width >= 100
  const table = tableSeen(scene, probe)
  const { height, scroll, ofTable } = shared(scene, probe, rows.length, table, brush.height)
  spotToScroll(brush, scroll)
  const figures = brush.part({ x: 0, y: 0, width: beside ? figuresWidth : brush.width, height })
  drawPhaseTable(model, rows, phase, figures, scroll.at - ofTable, { base: baseFor(state)(model, phase) })
  // Where no row of the table is seen its rows are the rest of the page.
  if (table && brush.height - height <= TABLE_HEAD)
    figures.text(1, 0, moreRows(scroll.at, scroll.most - scroll.at).padEnd(MORE), ink.dim)
  if (beside) {
    const part = { x: figuresWidth + 1, y: 0, width: brush.width - figuresWidth - 1, height }
    drawDistribution(scene, probe, phase, label, brush.part(part))
  }
  if (!table) return
  const under = brush.part({ x: 0, y: height, width: brush.width, height: brush.height - height })
  const filter = state.hands.filters[probe.name] ?? ''
  const own = { ...(state.tables[probe.name] ?? noTable), scroll: ofTable }
  drawTable(under, table.columns, tableRowsOf(probe, phase), own, filter)
}

/** A table that has less beside all figures stands under them as on a page: they are scrolled out of its way first. */
const LEAST_OF_TABLE = 4
/** its titles, and what is hidden of it */
const TABLE_HEAD = 2
/** columns in which it is said how much is out of sight */
const MORE = 28

/** How high the figures are, and which rows of the table stand above what is seen of it. */
function shared(
  { state }: Scene,
  { name }: Probe,
  figures: number,
  table: { rows: readonly unknown[] } | null,
  room: number,
): { height: number; scroll: Scroll; ofTable: number } {
  // One row for the names of the phases, one between figures and percentiles; over the table its titles and what is hidden.
  const [wanted, tableHeight] = [figures + 2, (table?.rows.length ?? 0) + TABLE_HEAD]
  if (!table) return { height: room, scroll: scrollOf(state, name, figures + 1 - room), ofTable: 0 }
  const scroll = scrollOf(state, name, wanted + tableHeight - room)
  const gone = room >= wanted + LEAST_OF_TABLE ? 0 : Math.min(scroll.at, wanted)
  return { height: Math.min(room, wanted - gone), scroll, ofTable: scroll.at - gone }
}

function drawDistribution({ model, state }: Scene, probe: Probe, phase: PhaseModel, label: string, brush: Brush): void {
  const baseline = baseFor(state)(model, phase)
  const own = histogramOf(probe, phase, label)
  const base = histogramOf(probe, baseline, label)
  if (!own) return
  brush.text(0, 0, `${label}, ${phase.name}`, ink.accent)
  if (base && baseline) brush.text(brush.width - baseline.name.length - 3, 0, `┊ ${baseline.name}`, ink.warn)
  drawHistogram(brush.part({ x: 0, y: 1, width: brush.width, height: Math.min(24, brush.height - 1) }), own, base)
}

const histogramOf = (probe: Probe, phase: PhaseModel | null, label: string): Histogram | null =>
  histogramsOf(probe, phase).find((h) => h.label === label)?.histogram ?? null

function percentileRows(model: RunModel, state: ScreenState, probe: Probe, label: string): PhaseRow[] {
  return distributionRows.map((row) => ({
    label: `${label} ${row.label}`,
    group: label,
    cell: (phase) => {
      const own = histogramOf(probe, phase, label)
      const base = histogramOf(probe, baseFor(state)(model, phase), label)
      const [value, before] = [own && row.read(own), base && row.read(base)]
      return {
        text: formatUnit(value, row.unit),
        ratio: row.unit === 'ns' && value !== null && before ? value / before : null,
      }
    },
  }))
}

/** All figures of a probe as rows of the phase table. */
function figureRows(model: RunModel, state: ScreenState, probe: Probe): PhaseRow[] {
  const labels = new Map<string, string>()
  for (const phase of model.phases)
    for (const [key, label] of distinctLabels(figuresOf(probe, phase))) labels.set(key, label)
  return [...labels].map(([key, label]) => ({
    label,
    group: probe.draw.tab,
    cell: (phase) => {
      const figure = figuresOf(probe, phase).find((f) => f.key === key)
      const baseline = baseFor(state)(model, phase)
      const base = baseline && figuresOf(probe, baseline).find((f) => f.key === key)
      return {
        text: figure ? formatFigure(figure) : UNKNOWN,
        ratio: figure && base ? worsening(figure, base, phase, baseline, probe.name) : null,
      }
    },
  }))
}

/** Labels by key; a count and its rate go by the same name and are told apart by the unit. */
function distinctLabels(figures: readonly Figure[]): Map<string, string> {
  const isTwice = (figure: Figure) => figures.some((other) => other.key !== figure.key && other.label === figure.label)
  return new Map(
    figures.map((figure) => [
      figure.key,
      figure.unit === 'per_s' && isTwice(figure) ? `${figure.label} /s` : figure.label,
    ]),
  )
}
