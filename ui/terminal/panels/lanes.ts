import { clip, formatClock, right } from '../../text/format.ts'
import { timeTicks } from '../../time-ticks.ts'
import type { Brush } from '../cells.ts'
import { type Lane, numberOf, spokenOf, spokenWords, valuesOf } from '../lanes.ts'
import { BOLD, INVERSE, ink, on, UNDERLINE } from '../palette.ts'
import type { Scene } from '../scene.ts'
import { phaseShown } from '../state.ts'
import { cellAt, runPhases, type TimeAxis, timeAxis } from '../time-axis.ts'

/** What a reader has done to lanes. */
export interface LanesMarked {
  /** selected time; null: nobody is brushing */
  selection: { fromUs: number; toUs: number; atUs: number } | null
  /** key of the lane that is chosen while brushing */
  chosen: string | null
  pinned: readonly string[]
  /** kept spans, by their letter */
  spans: readonly { letter: string; fromUs: number; toUs: number }[]
}

export const unmarked: LanesMarked = { selection: null, chosen: null, pinned: [], spans: [] }

/** The highest leaves an eighth free: lanes above one another do not run together. */
const LEVELS = '▁▂▃▄▅▆▇'
/** columns from one time to the next, about */
const TICK_ROOM = 14
/** columns of a phase's name below which it says nothing */
const SHORTEST_NAME = 3

/**
 * Draws lanes above a row that names the phases, and a clock under it where there is a row left. Needs `lanes + 1` rows;
 * lanes that do not fit are left out.
 */
export function drawLanes(scene: Scene, lanes: readonly Lane[], brush: Brush, marked = unmarked): void {
  const axis = timeAxis(scene, brush.width)
  if (!axis || brush.height < 2) return
  const shown = lanes.slice(0, brush.height - 1)
  const rows = Math.min(brush.height, shown.length + 2)
  brush.spot({ x: 0, y: 0, width: brush.width, height: rows }, { kind: 'lanes' })
  const spoken = spokenOf(scene, marked.selection?.atUs ?? null)
  const beside = axis.label + 1 + axis.width
  shown.forEach((lane, y) => {
    const isChosen = lane.key === marked.chosen
    const name = `${marked.pinned.includes(lane.key) ? '•' : ''}${lane.label}`
    brush.text(1, y, clip(name, axis.label - 1), isChosen ? BOLD | INVERSE : ink.dim)
    drawLane(brush.part({ x: axis.label + 1, y, width: axis.width, height: 1 }), valuesOf(lane, axis), axis, marked)
    brush.text(beside, y, right(lane.format(numberOf(lane, spoken, axis, scene.model.nowUs)), axis.value), BOLD)
  })
  const under = (y: number) => brush.part({ x: axis.label + 1, y, width: axis.width, height: 1 })
  drawBands(scene, axis, under(shown.length), marked)
  brush.text(beside, shown.length, right(spokenWords(spoken).short, axis.value), ink.dim)
  if (rows > shown.length + 1) drawClock(axis, under(shown.length + 1))
}

function drawLane(brush: Brush, values: readonly (number | null)[], axis: TimeAxis, marked: LanesMarked): void {
  const top = values.reduce<number>((a, b) => Math.max(a, b ?? 0), 0)
  for (const [cell, value] of values.entries()) {
    const attributes = attributesAt(cell, axis, marked)
    if (value === null) {
      if (attributes !== 0) brush.text(cell, 0, ' ', attributes)
      continue
    }
    const level = top > 0 ? Math.max(0, Math.ceil((value / top) * LEVELS.length) - 1) : 0
    brush.text(cell, 0, LEVELS[level] ?? ' ', (value === 0 ? ink.faint : ink.bar) | attributes)
  }
}

/** Selected cells have a background, on which levels are read as elsewhere; the cursor is inverted and underlined. */
function attributesAt(cell: number, axis: TimeAxis, { selection }: LanesMarked): number {
  if (!selection) return 0
  const isCursor = cell === cellAt(axis, selection.atUs)
  const isSelected =
    cell >= cellAt(axis, selection.fromUs) && cell < Math.ceil((selection.toUs - axis.fromUs) / axis.stepUs)
  if (isCursor) return INVERSE | UNDERLINE | BOLD
  return isSelected ? on('plain', 'selected') : 0
}

/** The phases by name where they begin, marks within them, and under what part of them a span is kept. */
export function drawBands({ model, state }: Scene, axis: TimeAxis, brush: Brush, marked: LanesMarked): void {
  const phases = runPhases(model)
  const looked = phaseShown(model, state)
  for (const [i, phase] of phases.entries()) {
    const at = cellAt(axis, phase.startUs)
    const next = phases[i + 1]
    const room = (next ? cellAt(axis, next.startUs) : brush.width) - at
    // A letter or two of a name are none.
    const name = clip(phase.name, room - 1)
    const text = name.length >= Math.min(SHORTEST_NAME, phase.name.length) ? `└${name}` : '└'
    if (room > 0) brush.text(at, 0, text, phase === looked ? ink.accent : ink.dim)
  }
  const begun = new Set(phases.map(({ startUs }) => cellAt(axis, startUs)))
  for (const { kind, tUs } of model.notes)
    if (kind === 'mark' && !begun.has(cellAt(axis, tUs))) brush.text(cellAt(axis, tUs), 0, '◆', ink.accent)
  for (const { letter, fromUs, toUs } of marked.spans) {
    const [from, to] = [cellAt(axis, fromUs), Math.ceil((toUs - axis.fromUs) / axis.stepUs)]
    brush.text(from, 0, letter, BOLD | INVERSE | ink.accent)
    if (to - from > 1) brush.fill(from + 1, 0, to - from - 1, '─', ink.accent)
  }
}

/** Round times of the run's clock, each where its cell begins; one that has no room is left out. */
function drawClock(axis: TimeAxis, brush: Brush): void {
  const span = [axis.fromUs, axis.fromUs + axis.width * axis.stepUs - 1] as const
  for (const us of timeTicks(span, Math.floor(axis.width / TICK_ROOM))) {
    const [at, text] = [cellAt(axis, us), `╵${formatClock(us)}`]
    if (at + text.length <= axis.width) brush.text(at, 0, text, ink.dim)
  }
}
