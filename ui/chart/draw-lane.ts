import type { D3, Scale, Selection } from 'd3-node'
import type { Point } from '../series.ts'
import { clip, UNKNOWN } from '../text/format.ts'
import { GEOMETRY } from './geometry.ts'
import type { Curve, Lane } from './lanes.ts'

/** px between two ticks of a scale, at least */
const TICK_ROOM = 20
/** characters of a note beside the widest number of a scale */
const NOTE = 34
/** Spans further apart than this share of their own length have a gap between them that nobody measured. */
const SEAM = 0.25
/** Bars are seen even where a picture of hours leaves them less than a pixel. */
const NARROWEST_BAR = 1

/** Draws a lane at the origin of `into`: label and scale at the left, curves, median and peak at the right. */
export function drawLane(d3: D3, into: Selection, lane: Lane, x: Scale): void {
  const y = scaleOf(d3, lane)
  into.append('text').attr('class', 'name').attr('x', GEOMETRY.margin).attr('y', 14).text(lane.label)
  into.append('text').attr('class', 'small quiet').attr('x', GEOMETRY.margin).attr('y', 30).text(clip(lane.note, NOTE))
  drawScale(d3, into, lane, y)
  lane.curves.forEach((curve, i) => {
    drawCurve(d3, into, { lane, curve, isFirst: i === 0 }, x, y)
  })
  lane.curves
    .filter(({ shape }) => shape !== 'limit')
    .forEach((curve, i) => {
      drawNumbers(d3, into, lane, curve, 14 + i * GEOMETRY.line)
    })
}

const ticksOf = (lane: Lane): number => Math.max(1, Math.round(lane.height / TICK_ROOM))

const known = (points: readonly Point[]): number[] =>
  points.flatMap(({ value }) => (value !== null && Number.isFinite(value) ? [value] : []))

function scaleOf(d3: D3, lane: Lane): Scale {
  const values = lane.curves.flatMap(({ points }) => known(points))
  const top = d3.max(values) ?? 0
  if (lane.scale === 'linear' || top === 0)
    return d3
      .scaleLinear()
      .domain([0, top || 1])
      .range([lane.height, 0])
      .nice(ticksOf(lane))
  const lowest = d3.min(values.filter((value) => value > 0)) ?? 1
  // Whole decades; nothing (0) lies on the floor.
  const floor = 10 ** Math.floor(Math.log10(lowest))
  return d3
    .scaleLog()
    .domain([floor, Math.max(10 ** Math.ceil(Math.log10(top)), floor * 10)])
    .range([lane.height, 0])
    .clamp(true)
}

function drawScale(d3: D3, into: Selection, lane: Lane, y: Scale): void {
  const isEmpty = !lane.curves.some(({ points }) => known(points).some((value) => value > 0))
  const values = isEmpty ? [0] : lane.scale === 'log' ? decades(y.ticks(), ticksOf(lane)) : y.ticks(ticksOf(lane))
  const axis = d3
    .axisLeft(y)
    .tickValues(values)
    .tickFormat((value) => short(lane.format(value)))
    .tickSizeInner(GEOMETRY.plotLeft - GEOMETRY.plotRight)
    .tickSizeOuter(0)
    .tickPadding(6)
  into.append('g').attr('class', 'axis').attr('transform', `translate(${GEOMETRY.plotLeft} 0)`).call(axis)
}

/** `10.0 ms` as `10 ms`: round numbers need no digits to be exact. */
const short = (text: string): string => text.replace(/^\d+\.\d+/, (digits) => String(Number(digits)))

/** Powers of ten, thinned out to a few. */
function decades(ticks: readonly number[], most: number): number[] {
  const powers = ticks.filter((tick) => Math.abs(Math.log10(tick) - Math.round(Math.log10(tick))) < 1e-6)
  const step = Math.ceil(powers.length / (most + 1))
  return powers.filter((_, i) => i % step === 0)
}

function drawCurve(
  d3: D3,
  into: Selection,
  { lane, curve, isFirst }: { lane: Lane; curve: Curve; isFirst: boolean },
  x: Scale,
  y: Scale,
): void {
  const group = into.append('g').attr('class', curve.tone)
  if (curve.shape === 'bars') {
    group
      .append('path')
      .attr('class', 'bars')
      .attr('d', bars(curve.points, lane, x, y))
    return
  }
  const steps = stepsOf(curve.points)
  const isKnown = ({ value }: Step) => value !== null
  const across = ({ us }: Step) => x(us)
  const up = ({ value }: Step) => y(value ?? 0)
  if (curve.shape === 'area') {
    const area = d3
      .area<Step>()
      .defined(isKnown)
      .x(across)
      .y0(() => lane.height)
      .y1(up)
    group.append('path').attr('class', 'area').attr('d', area(steps))
  }
  const line = d3.line<Step>().defined(isKnown).x(across).y(up)
  const weight = curve.shape === 'limit' ? 'curve limit' : isFirst ? 'curve' : 'curve second'
  group.append('path').attr('class', weight).attr('d', line(steps))
}

interface Step {
  us: number
  value: number | null
}

/** A value holds for the whole of its span: the curve goes in steps, and is broken where nothing is known. */
function stepsOf(points: readonly Point[]): Step[] {
  const steps: Step[] = []
  let endUs: number | null = null
  for (const { startUs, endUs: end, value } of points) {
    const isGap = endUs !== null && startUs - endUs > (end - startUs) * SEAM
    if (isGap) steps.push({ us: startUs, value: null })
    steps.push({ us: isGap ? startUs : (endUs ?? startUs), value }, { us: end, value })
    endUs = end
  }
  return steps
}

function bars(points: readonly Point[], lane: Lane, x: Scale, y: Scale): string {
  const px = (value: number) => String(Math.round(value * 100) / 100)
  return points
    .filter(({ value }) => value !== null && value > 0)
    .map(({ startUs, endUs, value }) => {
      const width = Math.max(NARROWEST_BAR, x(endUs) - x(startUs) - 1)
      return `M${px(x(startUs))} ${lane.height}V${px(y(value ?? 0))}h${px(width)}V${lane.height}Z`
    })
    .join('')
}

/** Median and peak of the values of a curve, at the right. */
function drawNumbers(d3: D3, into: Selection, lane: Lane, curve: Curve, y: number): void {
  const values = known(curve.points)
  const median = d3.median(values)
  const text = (right: number, value: number | undefined, weight: string) =>
    into
      .append('text')
      .attr('class', `end ${weight}`)
      .attr('x', right)
      .attr('y', y)
      .text(value === undefined ? UNKNOWN : lane.format(value))
  if (curve.label)
    into
      .append('text')
      .attr('class', 'small quiet')
      .attr('x', GEOMETRY.plotRight + 8)
      .attr('y', y)
      .text(curve.label)
  text(GEOMETRY.medianRight, median, 'quiet')
  text(GEOMETRY.peakRight, d3.max(values), 'name')
}
