import { D3Node, type Selection } from 'd3-node'
import { costOf, type RunModel } from '../../audit/index.ts'
import { formatClock, formatPercent } from '../text/format.ts'
import { type Catalog, lossCount, lossOfRun, lossText, probesOf, targetName } from '../text/reading.ts'
import { timeTicks } from '../time-ticks.ts'
import { phaseRows } from './by-phase.ts'
import { drawLane } from './draw-lane.ts'
import { drawPhases, drawRow, endOf, safe } from './draw-phases.ts'
import { GEOMETRY } from './geometry.ts'
import { lanesOf } from './lanes.ts'
import { chartStyle } from './theme.ts'

const MOST_TICKS = 12

/**
 * A run at a glance, as one self-contained XML 1.0 document without scripts: the phases named on top, below them a lane
 * for each thing that was measured over time, then what is known phase by phase. The same model gives the same bytes.
 * Where nothing is known a curve has a gap, a cell a dash.
 */
export function timelineSvg(model: RunModel, catalog: Catalog): string {
  const lanes = lanesOf(model, catalog)
  const rows = phaseRows(model, catalog)
  const lines = headLines(model, catalog)
  const headTop = GEOMETRY.titleY + 14 + lines.length * GEOMETRY.line
  const plotTop = headTop + GEOMETRY.phaseHead
  const lanesHeight = lanes.reduce((sum, lane) => sum + lane.height + GEOMETRY.laneGap, GEOMETRY.laneGap)
  const axisY = plotTop + lanesHeight
  const rowsTop = axisY + 30
  const bottom = rowsTop + rows.length * GEOMETRY.row + 6
  const doubts = doubtsOf(model)
  const { width, margin, plotLeft, plotRight } = GEOMETRY
  const height = bottom + doubts.length * GEOMETRY.line + margin

  const d3n = new D3Node()
  const { d3 } = d3n
  const x = d3.scaleLinear().domain(spanOf(model)).range([plotLeft, plotRight])
  const svg = d3n.createSVG(width, height, { class: 'pt', viewBox: `0 0 ${width} ${height}` })
  const title = `${safe(targetName(model))}: the run over time`
  svg.append('title').text(title)
  svg.append('style').text(chartStyle())
  svg.append('rect').attr('class', 'paper').attr('width', width).attr('height', height)
  drawHead(svg, title, lines)
  drawPhases(svg, model, x, { top: headTop, bottom })
  columnTitle(svg, GEOMETRY.medianRight, plotTop - 6, 'median')
  columnTitle(svg, GEOMETRY.peakRight, plotTop - 6, 'peak')
  let y = plotTop + GEOMETRY.laneGap
  for (const lane of lanes) {
    drawLane(d3, svg.append('g').attr('class', 'lane').attr('transform', `translate(0 ${y})`), lane, x)
    y += lane.height + GEOMETRY.laneGap
  }
  const axis = d3
    .axisBottom(x)
    .tickValues(timeTicks(spanOf(model), MOST_TICKS))
    .tickFormat(formatClock)
    .tickSizeOuter(0)
  svg.append('g').attr('class', 'axis time').attr('transform', `translate(0 ${axisY})`).call(axis)
  columnTitle(svg, GEOMETRY.peakRight, rowsTop - 8, 'in all')
  rows.forEach((row, i) => {
    const at = `translate(0 ${rowsTop + i * GEOMETRY.row})`
    drawRow(svg.append('g').attr('class', 'row').attr('transform', at), row, x)
  })

  const remarks = svg.append('g').attr('class', 'remarks')
  doubts.forEach((doubt, i) => {
    const y = bottom + 6 + (i + 1) * GEOMETRY.line
    remarks.append('text').attr('class', 'small fault').attr('x', margin).attr('y', y).text(doubt)
  })

  const text = new d3n.window.XMLSerializer().serializeToString(svg.node())
  return `<?xml version="1.0" encoding="UTF-8"?>\n${text}\n`
}

function drawHead(svg: Selection, title: string, lines: readonly string[]): void {
  svg.append('text').attr('class', 'title').attr('x', GEOMETRY.margin).attr('y', GEOMETRY.titleY).text(title)
  lines.forEach((line, i) => {
    const y = GEOMETRY.titleY + 6 + (i + 1) * GEOMETRY.line
    svg.append('text').attr('class', 'quiet').attr('x', GEOMETRY.margin).attr('y', y).text(line)
  })
}

function headLines(model: RunModel, catalog: Catalog): string[] {
  const { header } = model
  const cost = costOf(model, null, probesOf(model, catalog))
  const first = [
    header ? `host ${header.host.name}` : 'unknown host',
    header && `Linux ${header.host.kernel}`,
    header?.host.bpftrace && `bpftrace ${header.host.bpftrace}`,
    header && `started ${header.started}`,
    `${formatClock(model.nowUs)} long`,
  ]
  const second = [
    `cost: tracer ${formatPercent(cost.tracerPct)} of a core`,
    `kernel programs ${formatPercent(cost.bpfPct)}${cost.bpfEstimated && cost.bpfPct !== null ? ' (estimate)' : ''}`,
    `loss ${lossText(model)}${lossCount(lossOfRun(model)) === 0 ? '' : ': sums are a lower bound'}`,
    model.end && model.end.reason !== 'done' && `ended: ${model.end.reason.replaceAll('_', ' ')}`,
  ]
  return [first, second].map((parts) =>
    parts
      .filter((part) => typeof part === 'string')
      .map(safe)
      .join(' · '),
  )
}

/** From the first phase to the end of the last, us. */
function spanOf(model: RunModel): [number, number] {
  const from = model.phases[0]?.startUs ?? 0
  return [from, model.phases.reduce((to, phase) => Math.max(to, endOf(model, phase)), from + 1)]
}

/** Why phases are not to be believed, a line each. */
const doubtsOf = (model: RunModel): string[] =>
  (model.summary?.phases ?? []).flatMap(({ valid, name, reasons }) =>
    valid ? [] : [safe(`${name} is not valid: ${reasons.join('; ')}`)],
  )

const columnTitle = (svg: Selection, right: number, y: number, text: string) =>
  svg.append('text').attr('class', 'small quiet end').attr('x', right).attr('y', y).text(text)
