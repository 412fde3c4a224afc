import type { PhaseModel, RunModel } from '../../../audit/index.ts'
import type { Histogram, Probe } from '../../../probes/index.ts'
import { clip } from '../../text/format.ts'
import { phaseRows } from '../../text/phases.ts'
import { histogramsOf, probesOf } from '../../text/reading.ts'
import { worstOf } from '../../text/worst.ts'
import type { Brush } from '../cells.ts'
import { baseFor } from '../compare.ts'
import { spokenOf, spokenWords } from '../lanes.ts'
import { ink } from '../palette.ts'
import { markedOf, type Parts, partsOf } from '../parts.ts'
import type { Scene } from '../scene.ts'
import { phaseShown } from '../state.ts'
import { drawHeat, type OverTime, responseOverTime } from './heat.ts'
import { drawHistogram } from './histogram.ts'
import { drawLanes } from './lanes.ts'
import { drawPhaseTable, phaseTableWidth } from './phases.ts'
import { drawRule, restFits } from './rule.ts'
import { scrollOf, spotToScroll } from './scroll.ts'
import { drawStandOuts, standOutRows } from './stand-outs.ts'

/** a distribution narrower than this says nothing */
const SMALLEST_HISTOGRAM = 38
/** what stands out leaves the table so many rows, with its rule and the names of the phases */
const TABLE = 12
/** rows of a distribution with its title and a blank; of a heat map under it */
const DISTRIBUTION = 22
const [LEAST_HEAT, MOST_HEAT] = [14, 30]

/**
 * The run at a glance: lanes over time, what stands out, and under them figures by phase with a distribution, or response
 * times as a heat map. Lanes give way first.
 */
export function drawOverview(scene: Scene, brush: Brush, parts: Parts = partsOf(scene, brush)): void {
  const { model, catalog, state } = scene
  const phase = phaseShown(model, state)
  if (!phase) {
    brush.text(2, 1, 'waiting for the first window', ink.dim)
    return
  }
  let y = 0
  if (parts.lanes) {
    const marked = markedOf(scene, brush.width, parts.shown)
    const spoken = spokenWords(spokenOf(scene, marked.selection?.atUs ?? null))
    drawRule(brush, 0, 'Over time', restFits('Over time', spoken.long, brush.width) ? spoken.long : spoken.name)
    drawLanes(scene, parts.shown, brush.part(parts.lanes), marked)
    y = parts.lanes.y + parts.lanes.height
  }
  const { all, shown } = overviewViews(scene, brush.width)
  if (shown.kind === 'heat') {
    drawRule(brush, y, shown.title)
    drawHeat(scene, shown.what, brush.part({ x: 0, y: y + 1, width: brush.width, height: brush.height - y - 1 }))
    return
  }
  const wanted = standOutRows(scene, brush.height - y - TABLE)
  if (wanted > 0) {
    drawStandOuts(scene, brush.part({ x: 0, y, width: brush.width, height: wanted }))
    y += wanted
  }
  const base = baseFor(state)(model, phase)
  drawRule(brush, y, 'By phase', base ? `× worse than ${base.name}` : '')
  const tableWidth = phaseTableWidth(model)
  const below = { y: y + 1, height: brush.height - y - 1 }
  const rows = phaseRows(model, catalog, baseFor(state))
  const beside = hasRoomBeside(model, brush.width) ? shown.distribution : null
  const table = brush.part({ x: 0, width: beside ? tableWidth : brush.width, ...below })
  // One row names the phases.
  const scroll = scrollOf(state, 'overview', rows.length - table.height + 1)
  spotToScroll(table, scroll)
  drawPhaseTable(model, rows, phase, table, scroll.at, { base, worst: worstOf(model, catalog)?.phase ?? null })
  if (!beside) return
  const x = tableWidth + 2
  const right = brush.part({ x, width: brush.width - x, ...below })
  drawDistribution(scene, right, phase, beside)
  // On a very high terminal the heat map needs no view of its own.
  const room = right.height - DISTRIBUTION - 1
  const heat = all.find((view) => view.kind === 'heat')
  if (heat?.kind !== 'heat' || room < LEAST_HEAT) return
  drawRule(right, DISTRIBUTION, heat.title)
  drawHeat(
    scene,
    heat.what,
    right.part({ x: 0, y: DISTRIBUTION + 1, width: right.width, height: Math.min(room, MOST_HEAT) }),
  )
}

interface Distribution {
  probe: Probe
  label: string
  histogram: Histogram
}

/** `name` is how the reader's choice is kept. */
export type OverviewView = { name: string; title: string } & (
  | { kind: 'table'; distribution: Distribution | null }
  | { kind: 'heat'; what: OverTime }
)

const hasRoomBeside = (model: RunModel, columns: number): boolean =>
  columns >= phaseTableWidth(model) + 2 + SMALLEST_HISTOGRAM

/**
 * What can stand under the lanes: the table with a probe's first distribution that has values, in the catalog's order; after
 * the first of them the response times over time. Where there is no room beside the table, it stands there once.
 */
export function overviewViews(
  { model, catalog, state }: Pick<Scene, 'model' | 'catalog' | 'state'>,
  columns = Number.POSITIVE_INFINITY,
): { all: OverviewView[]; shown: OverviewView } {
  const phase = phaseShown(model, state)
  const [first = { kind: 'table', name: 'table', title: 'by phase', distribution: null } as const, ...others] =
    probesOf(model, catalog).flatMap((probe): OverviewView[] => {
      const found = histogramsOf(probe, phase).find(({ histogram }) => histogram.count > 0)
      const title = `by phase, ${probe.draw.tab}`
      return found ? [{ kind: 'table', name: probe.name, title, distribution: { probe, ...found } }] : []
    })
  const heat: OverviewView[] = model.phases.some(({ load }) => load)
    ? [{ kind: 'heat', name: 'heat:response', title: 'Response times over the run', what: responseOverTime }]
    : []
  const all = [first, ...heat, ...(hasRoomBeside(model, columns) ? others : [])]
  return { all, shown: all.find(({ name }) => name === state.views['overview']) ?? first }
}

function drawDistribution(
  { model, state }: Scene,
  brush: Brush,
  phase: PhaseModel,
  { probe, label, histogram }: Distribution,
): void {
  const baseline = baseFor(state)(model, phase)
  const base = histogramsOf(probe, baseline).find((other) => other.label === label)?.histogram ?? null
  const legend = base && baseline ? `┊ ${baseline.name}` : ''
  brush.text(0, 0, clip(`${probe.draw.tab} ${label}, ${phase.name}`, brush.width - legend.length - 2), ink.accent)
  brush.text(brush.width - legend.length - 1, 0, legend, ink.warn)
  const body = { x: 0, y: 1, width: brush.width, height: Math.min(20, brush.height - 1) }
  drawHistogram(brush.part(body), histogram, base)
}
