import type { PhaseModel, RunModel } from '../../../audit/index.ts'
import type { Histogram, Probe } from '../../../probes/index.ts'
import { clip } from '../../text/format.ts'
import { phaseRows } from '../../text/phases.ts'
import { type Catalog, histogramsOf, probesOf } from '../../text/reading.ts'
import { worstOf } from '../../text/worst.ts'
import type { Brush } from '../cells.ts'
import { baseFor } from '../compare.ts'
import { ink } from '../palette.ts'
import { markedOf, type Parts, partsOf } from '../parts.ts'
import type { Scene } from '../scene.ts'
import { phaseShown, type ScreenState } from '../state.ts'
import { drawHistogram } from './histogram.ts'
import { drawLanes } from './lanes.ts'
import { drawPhaseTable, phaseTableWidth } from './phases.ts'
import { drawRule } from './rule.ts'
import { drawStandOuts, standOutRows } from './stand-outs.ts'

/** a distribution narrower than this says nothing */
const SMALLEST_HISTOGRAM = 38
/** what stands out leaves the table so many rows, with its rule and the names of the phases */
const TABLE = 12

/** The run at a glance: lanes over time, what stands out, figures by phase, and a distribution. */
export function drawOverview(scene: Scene, brush: Brush, parts: Parts = partsOf(scene, brush)): void {
  const { model, catalog, state } = scene
  const phase = phaseShown(model, state)
  if (!phase) {
    brush.text(2, 1, 'waiting for the first window', ink.dim)
    return
  }
  let y = 0
  if (parts.lanes) {
    drawRule(brush, 0, 'Over time')
    drawLanes(model, parts.shown, brush.part(parts.lanes), markedOf(scene, brush.width, parts.shown))
    y = parts.lanes.y + parts.lanes.height
  }
  const wanted = standOutRows(scene, brush.height - y - TABLE)
  if (wanted > 0) {
    drawStandOuts(scene, brush.part({ x: 0, y, width: brush.width, height: wanted }))
    y += wanted
  }
  const base = baseFor(state)(model, phase)
  drawRule(brush, y, 'By phase', base ? `× worse than ${base.name}` : '')
  const below = { y: y + 1, height: brush.height - y - 1 }
  const tableWidth = phaseTableWidth(model)
  const wide = brush.width >= tableWidth + 2 + SMALLEST_HISTOGRAM
  drawPhaseTable(
    model,
    phaseRows(model, catalog, baseFor(state)),
    phase,
    brush.part({ x: 0, width: wide ? tableWidth : brush.width, ...below }),
    state.tables['overview']?.scroll ?? 0,
    base,
    worstOf(model, catalog)?.phase ?? null,
  )
  if (wide)
    drawDistribution(scene, brush.part({ x: tableWidth + 2, width: brush.width - tableWidth - 2, ...below }), phase)
}

interface Distribution {
  /** the probe's: how the reader's choice is kept */
  name: string
  probe: Probe
  label: string
  histogram: Histogram
}

/** Of each probe its first distribution with values; shown is the reader's choice, else the first in the catalog's order. */
export function overviewDistribution(
  model: RunModel,
  catalog: Catalog,
  state: ScreenState,
  phase: PhaseModel | null,
): { all: Distribution[]; shown: Distribution | null } {
  const all = probesOf(model, catalog).flatMap((probe): Distribution[] => {
    const found = histogramsOf(probe, phase).find(({ histogram }) => histogram.count > 0)
    return found ? [{ name: probe.name, probe, ...found }] : []
  })
  return { all, shown: all.find(({ name }) => name === state.views['overview']) ?? all[0] ?? null }
}

function drawDistribution({ model, catalog, state }: Scene, brush: Brush, phase: PhaseModel): void {
  const { shown } = overviewDistribution(model, catalog, state, phase)
  if (!shown) return
  const { probe, label, histogram } = shown
  const baseline = baseFor(state)(model, phase)
  const base = histogramsOf(probe, baseline).find((other) => other.label === label)?.histogram ?? null
  const legend = base && baseline ? `┊ ${baseline.name}` : ''
  brush.text(0, 0, clip(`${probe.draw.tab} ${label}, ${phase.name}`, brush.width - legend.length - 2), ink.accent)
  brush.text(brush.width - legend.length - 1, 0, legend, ink.warn)
  const body = { x: 0, y: 1, width: brush.width, height: Math.min(20, brush.height - 1) }
  drawHistogram(brush.part(body), histogram, base)
}
