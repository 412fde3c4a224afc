import type { Scale, Selection } from 'd3-node'
import type { PhaseModel, RunModel } from '../../audit/index.ts'
import { sanitizeText } from '../../probes/index.ts'
import { formatClock, formatRate } from '../text/format.ts'
import { rpsOf } from '../text/reading.ts'
import type { PhaseRow } from './by-phase.ts'
import { GEOMETRY } from './geometry.ts'

/** characters; less of a name says nothing */
const SHORTEST_NAME = 3

/** The phases as bands behind everything, named above; every other one is tinted. */
export function drawPhases(
  svg: Selection,
  model: RunModel,
  x: Scale,
  { top, bottom }: { top: number; bottom: number },
): void {
  for (const [i, phase] of model.phases.entries()) {
    const left = x(phase.startUs)
    const width = x(endOf(model, phase)) - left
    const isDoubtful = model.summary?.phases.find(({ id }) => id === phase.id)?.valid === false
    const group = svg.append('g').attr('class', 'phase')
    const name = safe(phase.name)
    const length = formatClock(endOf(model, phase) - phase.startUs)
    const rate = phase.load ? `${length} · ${formatRate(rpsOf(phase))}` : length
    const details = isDoubtful ? [`${rate} · not valid`, 'not valid'] : [rate, length]
    group.append('title').text(`${name} · ${details[0]}`)
    group
      .append('rect')
      .attr('class', i % 2 === 0 ? 'plain' : 'band')
      .attr('x', px(left))
      .attr('y', top)
      .attr('width', px(width))
      .attr('height', bottom - top)
    group
      .append('path')
      .attr('class', 'rule')
      .attr('d', `M${px(left)} ${top}V${bottom}`)
    textInside(group, 'name', left, width, top + 14, [name, shortened(name, roomIn(width, 'name'))])
    textInside(group, isDoubtful ? 'small fault' : 'small quiet', left, width, top + 29, details)
  }
}

/** A row of what is known phase by phase: a cell under each phase, faults underlined over the time of theirs. */
export function drawRow(into: Selection, row: PhaseRow, x: Scale): void {
  into.append('text').attr('x', GEOMETRY.margin).attr('y', 13).text(row.label)
  for (const { phase, value } of row.cells) {
    const left = x(phase.startUs)
    const right = x(phase.endUs ?? x.domain()[1])
    const isFault = row.isFault && value !== null && value > 0
    if (isFault)
      into
        .append('rect')
        .attr('class', 'strip')
        .attr('x', px(left))
        .attr('y', 16)
        .attr('width', px(Math.max(1, right - left)))
        .attr('height', 2)
    textInside(into, isFault ? 'small fault' : 'small quiet', left, right - left, 13, [row.format(value)])
  }
  if (row.total)
    into.append('text').attr('class', 'end name').attr('x', GEOMETRY.peakRight).attr('y', 13).text(row.total)
}

/** Text of a recording may come from anywhere; escaping is the serialiser's, forbidden characters are not. */
export const safe = (text: string): string => sanitizeText(text, { maxLength: 200 })

/** Where a phase ends, or has come to, us. */
export const endOf = (model: RunModel, phase: PhaseModel): number => phase.endUs ?? Math.max(phase.startUs, model.nowUs)

const px = (value: number): number => Math.round(value * 100) / 100

/** The first of `texts` that fits into a span, at its left; nothing where none does. */
function textInside(
  into: Selection,
  style: string,
  left: number,
  width: number,
  y: number,
  texts: readonly string[],
): void {
  const room = roomIn(width, style)
  const text = texts.find((one) => one !== '' && lengthOf(one) <= room)
  if (text)
    into
      .append('text')
      .attr('class', style)
      .attr('x', px(left + 6))
      .attr('y', y)
      .text(text)
}

/** Characters that a span has room for. */
const roomIn = (width: number, style: string): number =>
  Math.max(0, Math.floor((width - 8) / (style === 'name' ? GEOMETRY.boldCharacter : GEOMETRY.character)))

/** Glyphs from U+1100 on, without the punctuation and signs from U+2000 on, are taken for two characters. */
const glyphWidth = (glyph: string): number => (glyph < '\u1100' || (glyph >= '\u2000' && glyph < '\u2e80') ? 1 : 2)
const lengthOf = (text: string): number => [...text].reduce((sum, glyph) => sum + glyphWidth(glyph), 0)

/** As much of a name as there is room for, with a `…`; empty where that says nothing. */
function shortened(name: string, room: number): string {
  let kept = ''
  for (const glyph of name) {
    if (lengthOf(kept + glyph) > room - 1) break
    kept += glyph
  }
  return lengthOf(kept) < SHORTEST_NAME - 1 ? '' : `${kept}…`
}
