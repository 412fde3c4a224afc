import { pathOf } from '../../../audit/index.ts'
import { flameWindow as cellsOf, type FlameRow, type FlameRun, type FlameWindow } from '../../flame/cells.ts'
import type { Brush, Rect } from '../cells.ts'
import { drawDetails } from '../flame/details.ts'
import { drawMovers } from '../flame/movers-list.ts'
import { chipOf, isSandwich, noFlame, type Place } from '../flame/shape.ts'
import type { FlameShown, FlameTree } from '../flame/shown.ts'
import { boxStyle } from '../flame/style.ts'
import { printedAs } from '../flame/unit.ts'
import { INVERSE, ink } from '../palette.ts'
import { moreRows } from './more.ts'
import type { Scroll } from './scroll.ts'

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

/**
 * The flame graph, what was done to its stacks above it, and under it a line on the selected frame and a legend. Returns
 * what is said of the rows that are out of sight.
 */
export function drawFlame(brush: Brush, shown: FlameShown, search: string): string {
  const { chips, graph, movers, notes } = flameAreas(shown, brush.width, brush.height)
  if (chips > 0) drawChips(brush, shown)
  const boxes = brush.part(graph)
  const seen = flameWindow(shown, graph.width, graph.height, search)
  const { rows } = seen
  boxes.spot({ ...graph, x: 0, y: 0 }, { kind: 'rows', ...scrollOfFlame(shown, seen) })
  const at = (x: number, y: number) => {
    const place = boxAt(shown, rows, x, y)
    const runs = rows.find((row) => row.y === y)?.runs ?? []
    return place && { place, isSelected: runs.some((run) => run.selected && x >= run.x && x < run.x + run.width) }
  }
  brush.spot(graph, { kind: 'flame', at })
  for (const { y, runs } of rows) for (const run of runs) boxes.text(run.x, y, run.text, boxStyle(run))
  if (movers) drawMovers(brush.part(movers), shown)
  drawDetails(brush.part({ x: 0, y: brush.height - notes, width: brush.width, height: notes }), shown, search)
  const scroll = scrollOfFlame(shown, seen)
  return moreRows(scroll.at, scroll.most - scroll.at)
}

/** By rows as they are drawn: where the root is at the bottom the deepest are the first. */
function scrollOfFlame({ isFlame, name }: FlameShown, { at, most }: PanelWindow): Scroll {
  const turned = (rows: number): number => (isFlame ? most - rows : rows)
  return {
    at: turned(at),
    most,
    to: (state, to) => ({
      ...state,
      flames: { ...state.flames, [name]: { ...(state.flames[name] ?? noFlame), top: turned(to) } },
    }),
  }
}

function drawChips(brush: Brush, { place }: FlameShown): void {
  let x = 1
  for (const shape of place.shapes ?? []) x = brush.text(x, 0, ` ${chipOf(shape)} `, INVERSE) + 1
  const how = ['backspace takes the last off, X all', 'backspace takes it off'].find(
    (text) => x + 1 + text.length < brush.width,
  )
  if (how) brush.text(x + 1, 0, how, ink.dim)
}

/** What of a graph is seen: its rows from top to bottom as they are drawn, and how it is scrolled. */
export interface PanelWindow {
  rows: PanelRow[]
  /** rows out of sight on the root's side, and how many can be */
  at: number
  most: number
}

export function flameWindow(shown: FlameShown, width: number, height: number, search: string): PanelWindow {
  const draw: Draw = (tree, room, levels) => cells(shown, tree, width, room, search, levels)
  const { callers, tree, place } = shown
  const { rows, at, most } = callers
    ? sandwichWindow(draw, tree, callers, height, place.top)
    : treeWindow(draw, tree, height, place.top)
  const placed = rows.map((row, i) => ({ ...row, y: shown.isFlame ? height - 1 - i : i }))
  return { rows: shown.isFlame ? placed.reverse() : placed, at, most }
}

type Draw = (tree: FlameTree, height: number, levels: { skip?: number; top?: number | undefined }) => FlameWindow
type Unplaced = Omit<PanelWindow, 'rows'> & { rows: Omit<PanelRow, 'y'>[] }

const rowsOf = (tree: FlameTree, { rows }: FlameWindow, isAbove = false): Omit<PanelRow, 'y'>[] =>
  rows.map((runs) => ({ runs, tree, isAbove }))

function treeWindow(draw: Draw, tree: FlameTree, height: number, top: number | undefined): Unplaced {
  const seen = draw(tree, height, { top })
  return { rows: rowsOf(tree, seen), at: seen.top, most: Math.max(0, seen.levels - height) }
}

/** The root and the function, which stand in both trees, are no levels of a sandwich's sides. */
const SKIP = 2

/**
 * The callers, the nearest last, the function, and what it calls. Where it is not scrolled neither side takes more than half
 * that the other needs.
 */
function sandwichWindow(
  draw: Draw,
  tree: FlameTree,
  callers: FlameTree,
  height: number,
  top: number | undefined,
): Unplaced {
  const side = (of: FlameTree, room: number, level?: number) =>
    draw(of, Math.max(0, room), { skip: SKIP, top: level === undefined ? undefined : SKIP + level })
  const room = Math.max(0, height - 1)
  const [up, down] = [side(callers, room), side(tree, room)]
  const [upLevels, downLevels] = [up, down].map(({ levels }) => Math.max(0, levels - SKIP)) as [number, number]
  const most = Math.max(0, upLevels + 1 + downLevels - height)
  const itself = (isSeen: boolean) => rowsOf(tree, draw(tree, isSeen ? 1 : 0, { skip: 1, top: 1 }))
  if (top === undefined) {
    const above = Math.min(up.rows.length, Math.max(Math.floor(room / 2), room - down.rows.length))
    const below = Math.min(down.rows.length, room - above)
    return {
      rows: [
        ...rowsOf(callers, above < up.rows.length ? side(callers, above) : up, true).reverse(),
        ...itself(height > 0),
        ...rowsOf(tree, below < down.rows.length ? side(tree, below) : down),
      ],
      at: Math.min(most, upLevels - above),
      most,
    }
  }
  const at = Math.min(most, top)
  // Callers are counted from the function upwards: the last that is seen stands at the top.
  const nearest = Math.max(0, upLevels - at - height)
  const above = Math.max(0, upLevels - at - nearest)
  const first = Math.max(0, at - upLevels - 1)
  const isSeen = at <= upLevels && upLevels < at + height
  const below = height - above - (isSeen ? 1 : 0)
  return {
    rows: [
      ...rowsOf(callers, side(callers, above, nearest), true).reverse(),
      ...itself(isSeen),
      ...rowsOf(tree, side(tree, Math.min(below, downLevels - first), first)),
    ],
    at,
    most,
  }
}

function cells(
  { scale, unit }: FlameShown,
  tree: FlameTree,
  width: number,
  height: number,
  search: string,
  { skip, top }: { skip?: number; top?: number | undefined },
): FlameWindow {
  const { profile, view, weights, verdict, root, selected } = tree
  const changeOf = verdict && ((node: number) => verdict.changeOf(node))
  const shown = { weights, root, selected, scale, changeOf, unit: printedAs(unit, profile) }
  const levels = { ...(skip === undefined ? {} : { skip }), ...(top === undefined ? {} : { top }) }
  return cellsOf(profile, { ...view, ...shown, ...levels, width, height, search: search === '' ? null : search })
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

/**
 * The place of the next frame that matches the search, in reading order, round the end; a search begins at the widest, which
 * is what most of the time was spent in. `null` when none does.
 */
export function nextMatch(shown: FlameShown, rows: readonly PanelRow[], step: 1 | -1, isFirst: boolean): Place | null {
  const matches = rows.flatMap((row) => row.runs.filter((run) => run.highlighted).map((run) => ({ row, run })))
  const at = matches.findIndex(({ row, run }) => run.node === row.tree.selected)
  const next = isFirst
    ? matches.toSorted((a, b) => b.run.width - a.run.width)[0]
    : matches.at(at < 0 ? (step === 1 ? 0 : -1) : (at + step) % matches.length)
  return next ? placeOf(shown, next.row, next.run.node) : null
}
