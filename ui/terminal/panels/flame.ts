import { pathOf } from '../../../audit/index.ts'
import { type FlameRow, type FlameRun, flameCells } from '../../flame/cells.ts'
import type { Brush, Rect } from '../cells.ts'
import { drawDetails } from '../flame/details.ts'
import { drawMovers } from '../flame/movers-list.ts'
import { chipOf, isSandwich, type Place } from '../flame/shape.ts'
import type { FlameShown, FlameTree } from '../flame/shown.ts'
import { boxStyle } from '../flame/style.ts'
import { printedAs } from '../flame/unit.ts'
import { INVERSE, ink } from '../palette.ts'

/** A row of boxes, and where they come from. */
export interface PanelRow {
  /** from the top of the graph */
  y: number
  runs: FlameRow
  tree: FlameTree
  /** the callers of a sandwich */
  isAbove: boolean
}

/** The list of top movers stands beside the graph from here on. */
const BESIDE_FROM = 140
const MOVERS = 46
/** A panel this high has a legend under its graph. */
const TALL = 16

/** Where the parts of a flame panel of this size stand; `notes` are the lines under the graph. */
export function flameAreas(
  { pair, place }: FlameShown,
  width: number,
  height: number,
): { chips: number; graph: Rect; movers: Rect | null; notes: number } {
  // What is said of two phases takes two lines, and the legend one.
  const notes = height >= TALL ? (pair ? 3 : 2) : Math.min(1, height)
  const chips = place.shapes && height >= 5 ? 1 : 0
  const beside = pair && !isSandwich(place) && width >= BESIDE_FROM ? MOVERS + 2 : 0
  const graph = { x: 0, y: chips, width: width - beside, height: Math.max(0, height - chips - notes) }
  return { chips, graph, movers: beside > 0 ? { ...graph, x: graph.width + 2, width: MOVERS } : null, notes }
}

/** The flame graph, what was done to its stacks above it, and under it a line on the selected frame and a legend. */
export function drawFlame(brush: Brush, shown: FlameShown, search: string): void {
  const { chips, graph, movers, notes } = flameAreas(shown, brush.width, brush.height)
  if (chips > 0) drawChips(brush, shown)
  const boxes = brush.part(graph)
  const rows = flameRows(shown, graph.width, graph.height, search)
  const at = (x: number, y: number) => {
    const place = boxAt(shown, rows, x, y)
    const runs = rows.find((row) => row.y === y)?.runs ?? []
    return place && { place, isSelected: runs.some((run) => run.selected && x >= run.x && x < run.x + run.width) }
  }
  brush.spot(graph, { kind: 'flame', at })
  for (const { y, runs } of rows) for (const run of runs) boxes.text(run.x, y, run.text, boxStyle(run))
  if (movers) drawMovers(brush.part(movers), shown)
  drawDetails(brush.part({ x: 0, y: brush.height - notes, width: brush.width, height: notes }), shown, search)
}

function drawChips(brush: Brush, { place }: FlameShown): void {
  let x = 1
  for (const shape of place.shapes ?? []) x = brush.text(x, 0, ` ${chipOf(shape)} `, INVERSE) + 1
  brush.text(x + 1, 0, 'backspace takes the last off, X all', ink.dim)
}

/** The rows of a graph, from top to bottom as they are drawn. */
export function flameRows(shown: FlameShown, width: number, height: number, search: string): PanelRow[] {
  const rows = shown.callers
    ? sandwichRows(shown, shown.callers, width, height, search)
    : cells(shown, shown.tree, width, height, search, {}).map((runs) => ({ runs, tree: shown.tree, isAbove: false }))
  const placed = rows.map((row, i) => ({ ...row, y: shown.isFlame ? height - 1 - i : i }))
  return shown.isFlame ? placed.reverse() : placed
}

/** The callers, the nearest last, the function, and what it calls; neither side takes more than half that the other needs. */
function sandwichRows(
  shown: FlameShown,
  callers: FlameTree,
  width: number,
  height: number,
  search: string,
): Omit<PanelRow, 'y'>[] {
  const side = (tree: FlameTree, room: number) => cells(shown, tree, width, room, search, { skip: 2 })
  const room = Math.max(0, height - 1)
  const [up, down] = [side(callers, room), side(shown.tree, room)]
  const above = Math.min(up.length, Math.max(Math.floor(room / 2), room - down.length))
  const below = Math.min(down.length, room - above)
  const rowsOf = (tree: FlameTree, rows: FlameRow[], isAbove: boolean) => rows.map((runs) => ({ runs, tree, isAbove }))
  return [
    ...rowsOf(callers, above < up.length ? side(callers, above) : up, true).reverse(),
    ...rowsOf(shown.tree, cells(shown, shown.tree, width, Math.min(1, height), search, { skip: 1, top: 1 }), false),
    ...rowsOf(shown.tree, below < down.length ? side(shown.tree, below) : down, false),
  ]
}

function cells(
  { scale, unit }: FlameShown,
  tree: FlameTree,
  width: number,
  height: number,
  search: string,
  levels: { skip?: number; top?: number },
): FlameRow[] {
  const { profile, view, weights, verdict, root, selected } = tree
  const changeOf = verdict && ((node: number) => verdict.changeOf(node))
  const shown = { weights, root, selected, scale, changeOf, unit: printedAs(unit, profile) }
  return flameCells(profile, { ...view, ...shown, ...levels, width, height, search: search === '' ? null : search })
}

type Direction = 'up' | 'down' | 'left' | 'right'

/** The place after a step over the boxes as they are drawn. */
export function stepInFlame(shown: FlameShown, rows: readonly PanelRow[], towards: Direction): Place {
  const y = rows.findIndex(({ runs, tree }) => own(runs).some(({ node }) => node === tree.selected))
  const row = rows[y]
  const at = own(row?.runs).find(({ node }) => node === row?.tree.selected)
  if (!row || !at) return { root: shown.place.root, selected: shown.place.root }
  const beside = { up: rows[y - 1], down: rows[y + 1], left: row, right: row }[towards]
  const next = nextBox(own(beside?.runs), at, towards)
  return beside && next ? placeOf(shown, beside, next.node) : placeOf(shown, row, at.node)
}

function nextBox(runs: readonly FlameRun[], at: FlameRun, towards: Direction): FlameRun | undefined {
  if (towards === 'left') return runs.findLast(({ x }) => x < at.x)
  if (towards === 'right') return runs.find(({ x }) => x > at.x)
  // The widest callee, not the leftmost: the way down is the way of the time. A caller covers all of its callee.
  return runs.filter(({ x, width }) => x < at.x + at.width && x + width > at.x).toSorted((a, b) => b.width - a.width)[0]
}

const own = (runs: FlameRow | undefined): FlameRun[] => (runs ?? []).filter((run) => run.class !== 'folded')

/** Where a box is found again. */
export const placeOf = ({ place }: FlameShown, { tree, isAbove }: PanelRow, node: number): Place => ({
  root: place.root,
  selected: pathOf(tree.profile, node),
  ...(isAbove ? { isAbove } : {}),
})

/** The box at a place of the graph; null where there is none. */
export function boxAt(shown: FlameShown, rows: readonly PanelRow[], x: number, y: number): Place | null {
  const row = rows.find((one) => one.y === y)
  const run = own(row?.runs).find((one) => x >= one.x && x < one.x + one.width)
  return row && run ? placeOf(shown, row, run.node) : null
}

/** The place of the next frame that matches the search, in reading order, round the end; `null` when none does. */
export function nextMatch(shown: FlameShown, rows: readonly PanelRow[], step: 1 | -1, isFirst: boolean): Place | null {
  const matches = rows.flatMap((row) => row.runs.filter((run) => run.highlighted).map((run) => ({ row, run })))
  const at = isFirst ? -1 : matches.findIndex(({ row, run }) => run.node === row.tree.selected)
  const next = matches.at(at < 0 ? (step === 1 ? 0 : -1) : (at + step) % matches.length)
  return next ? placeOf(shown, next.row, next.run.node) : null
}
