import { phaseRows } from '../../text/phases.ts'
import { baselineOf, histogramsOf, probesOf, standOuts } from '../../text/reading.ts'
import type { Brush } from '../cells.ts'
import { ink } from '../palette.ts'
import type { Scene } from '../scene.ts'
import { phaseShown } from '../state.ts'
import { drawHistogram } from './histogram.ts'
import { drawLanes, lanesOf } from './lanes.ts'
import { drawPhaseTable, phaseTableWidth } from './phases.ts'
import { drawRule } from './rule.ts'

const SMALLEST_TABLE = 8
/** a distribution narrower than this says nothing */
const SMALLEST_HISTOGRAM = 38

/** The run at a glance: lanes over time, figures by phase, and the distribution that changed most. Lanes give way first. */
export function drawOverview({ model, catalog, state }: Scene, brush: Brush): void {
  const phase = phaseShown(model, state)
  if (!phase) {
    brush.text(2, 1, 'waiting for the first window', ink.dim)
    return
  }
  const lanes = lanesOf(model, catalog)
  const laneRows = Math.min(lanes.length, brush.height - SMALLEST_TABLE - 3)
  let y = 0
  if (laneRows >= 2 && brush.width >= 60) {
    drawRule(brush, 0, 'Over time')
    drawLanes(model, lanes, brush.part({ x: 0, y: 1, width: brush.width, height: laneRows + 1 }))
    y = laneRows + 2
  }
  drawRule(brush, y, 'By phase', baselineOf(model, phase) ? `× worse than ${baselineOf(model, phase)?.name}` : '')
  const below = { y: y + 1, height: brush.height - y - 1 }
  const tableWidth = phaseTableWidth(model)
  const wide = brush.width >= tableWidth + 2 + SMALLEST_HISTOGRAM
  drawPhaseTable(
    model,
    phaseRows(model, catalog),
    phase,
    brush.part({ x: 0, width: wide ? tableWidth : brush.width, ...below }),
    state.tables['overview']?.scroll,
  )
  if (wide)
    drawMostChanged(
      { model, catalog },
      brush.part({ x: tableWidth + 2, width: brush.width - tableWidth - 2, ...below }),
      phase,
    )
}

function drawMostChanged(
  { model, catalog }: Pick<Scene, 'model' | 'catalog'>,
  brush: Brush,
  phase: NonNullable<ReturnType<typeof phaseShown>>,
): void {
  const baseline = baselineOf(model, phase)
  const withHistogram = probesOf(model, catalog).filter(
    (probe) => (histogramsOf(probe, phase)[0]?.histogram.count ?? 0) > 0,
  )
  const worst = baseline ? standOuts(phase, baseline, withHistogram).find((s) => s.probe !== 'Load')?.probe : null
  const probe = withHistogram.find((p) => p.draw.tab === worst) ?? withHistogram[0]
  const shown = probe && histogramsOf(probe, phase)[0]
  if (!probe || !shown) return
  const base = baseline && histogramsOf(probe, baseline).find(({ label }) => label === shown.label)?.histogram
  brush.text(0, 0, `${probe.draw.tab} ${shown.label}, ${phase.name}`, ink.accent)
  if (base) brush.text(brush.width - baseline.name.length - 3, 0, `┊ ${baseline.name}`, ink.warn)
  drawHistogram(
    brush.part({ x: 0, y: 1, width: brush.width, height: Math.min(20, brush.height - 1) }),
    shown.histogram,
    base ?? null,
  )
}
