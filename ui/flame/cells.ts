import type { Profile } from '../../audit/index.ts'
import { type Change, changeOf, type FrameClass, frameClass, frameLabel, nodeName } from '../../audit/index.ts'
import { clip } from '../text/format.ts'
import { changeText } from './describe.ts'
import { type FlameLayout, type FlameRect, type FlameView, type FlameWeights, layout } from './layout.ts'
import { matcherOf } from './search.ts'
import { tintOf } from './tint.ts'
import { formatDelta, formatWeight, type WeightUnit } from './weight.ts'

/** One stretch of a terminal row: `text` is exactly `width` cells, every glyph one cell wide. */
export interface FlameRun {
  x: number
  width: number
  text: string
  /** what the colour says: where the code comes from, or in a pair how the weight changed */
  class: FrameClass | Change | 'root' | 'folded'
  /** 0..2, from the function's name: tints that keep neighbours apart and a function recognisable */
  tint: number
  /** the frame's node; of a `folded` run, the caller whose narrow callees stand here */
  node: number
  /** matches the search */
  highlighted: boolean
  selected: boolean
}
/** Runs from left to right, without overlap; cells between them are blank. */
export type FlameRow = FlameRun[]

export type FlameCellsOptions = FlameView & {
  width: number
  height: number
  /** zoomed-in node, default the whole profile */
  root?: number
  selected?: number | null
  search?: string | null
  /** first level shown; by default the levels that keep the selected node in sight */
  top?: number
  /** levels next to the root that are not shown */
  skip?: number
  /** a column's weights are multiplied by this before they are printed, e.g. 1/requests */
  scale?: number
  /** how they are printed then; by default in the profile's unit, and a pair without scales as shares */
  unit?: WeightUnit
  /** of the view, where they are known already */
  weights?: FlameWeights
  /** in a pair: what a change is worth; by default every change has its colour */
  changeOf?: ((node: number) => Change) | null
}

/** A change told without colour. */
export const CHANGE_GLYPH: Record<Change, string> = {
  gone: '╳',
  shrunk3: '░',
  shrunk2: '░',
  shrunk1: '░',
  same: '',
  grown1: '▒',
  grown2: '▒',
  grown3: '▒',
  new: '▓',
}
const glyphs: Readonly<Record<string, string>> = CHANGE_GLYPH

/** A box of one cell says nothing: such are joined with their neighbours. */
const MIN_CELLS = 2
/** A box narrower than this has no name. */
const MIN_LABELLED = 3

/** The rows of a flame graph that are seen. */
export interface FlameWindow {
  rows: FlameRow[]
  /** the first level that is seen */
  top: number
  /** levels of the whole graph */
  levels: number
}

export const flameCells = (profile: Profile, options: FlameCellsOptions): FlameRow[] =>
  flameWindow(profile, options).rows

/**
 * The flame graph as rows of a terminal panel, root on top. At most `height` rows of `width` cells; nothing is ever
 * outside. Names are cut to their box; glyphs that terminals disagree about are shown as `?`.
 */
export function flameWindow(profile: Profile, options: FlameCellsOptions): FlameWindow {
  const width = Math.max(0, Math.floor(options.width))
  const height = Math.max(0, Math.floor(options.height))
  if (width === 0) return { rows: [], top: 0, levels: 0 }
  const placed = layout(profile, {
    view: options,
    width,
    minWidth: MIN_CELLS,
    whole: true,
    root: options.root ?? 0,
    ...(options.weights ? { weights: options.weights } : {}),
  })
  const matches = matcherOf(options.search)
  const top = topLevel(placed, height, options)
  const rows: FlameRow[] = Array.from({ length: Math.min(height, Math.max(0, placed.levels - top)) }, () => [])
  for (const rect of placed.rects) {
    const row = rows[rect.depth - top]
    if (!row) continue
    const name = nodeName(profile, rect.node)
    const kind = classOf(placed, rect, name, options)
    row.push({
      x: rect.x,
      width: rect.width,
      text: textOf(profile, placed, rect, name, options, glyphs[kind] ?? ''),
      class: kind,
      tint: tintOf(name),
      node: rect.node,
      highlighted: rect.folded === 0 && rect.node > 0 && matches(name),
      selected: rect.folded === 0 && rect.node === options.selected,
    })
  }
  return { rows, top, levels: placed.levels }
}

function topLevel(placed: FlameLayout, height: number, options: FlameCellsOptions): number {
  const first = options.skip ?? 0
  const last = Math.max(first, placed.levels - height)
  if (options.top !== undefined) return Math.min(Math.max(first, Math.floor(options.top)), last)
  const selected = placed.rects.find((rect) => rect.folded === 0 && rect.node === options.selected)
  // A little of what is called from the selected box stays in sight.
  return Math.min(last, Math.max(first, (selected?.depth ?? 0) + 1 + Math.floor(height / 4) - height))
}

function classOf(
  { weights: { pair } }: FlameLayout,
  rect: FlameRect,
  name: string,
  options: FlameCellsOptions,
): FlameRun['class'] {
  if (rect.folded > 0) return 'folded'
  if (options.changeOf) return options.changeOf(rect.node)
  if (pair) return changeOf(pair.base[rect.node] ?? 0, pair.candidate[rect.node] ?? 0)
  return rect.node === 0 ? 'root' : frameClass(name)
}

function textOf(
  profile: Profile,
  placed: FlameLayout,
  rect: FlameRect,
  name: string,
  options: FlameCellsOptions,
  glyph: string,
): string {
  if (rect.folded > 0) return '·'.repeat(rect.width)
  const room = rect.width - 1
  // One letter of a name is noise.
  if (rect.width < MIN_LABELLED || (glyph !== '' && rect.width <= MIN_LABELLED))
    return `│${(glyph || ' ').repeat(Math.min(1, room)).padEnd(room)}`
  const label = frameLabel(name).replace(UNSURE, '?')
  // Where there is little room the glyph stands close to the name.
  const before = glyph === '' ? '' : room < 8 ? glyph : `${glyph} `
  const left = room - before.length
  // One blank at the end, so that a number does not touch its neighbour.
  const weight = weightTexts(profile, placed, rect.node, options).find((text) => label.length + text.length + 2 <= left)
  const text = weight !== undefined ? `${label} ${weight}` : left > 3 ? clip(label, left) : label.slice(0, left)
  return `│${`${before}${text}`.padEnd(room)}`
}

/** `2.90 ms`, and in a pair what was added: `2.90 ms +2.60 ms (×9.7)`; what is longer first. */
function weightTexts(profile: Profile, { weights }: FlameLayout, node: number, options: FlameCellsOptions): string[] {
  if (!weights.pair)
    return [formatWeight((weights.width[node] ?? 0) * (options.scale ?? 1), options.unit ?? profile.unit)]
  const base = weights.pair.base[node] ?? 0
  const candidate = weights.pair.candidate[node] ?? 0
  const isShare = 'pair' in options && options.pair.candidateScale === undefined
  const delta = formatDelta(base, candidate, options.unit ?? (isShare ? 'share' : profile.unit))
  return [`${delta} (${changeText(base, candidate)})`, delta]
}

// Everything but letters and signs that every terminal draws one cell wide; surrogate pairs become one "?".
const UNSURE =
  /[^\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0373\u0376\u0377\u0388-\u03ff\u0400-\u0482\u048a-\u052f]/gu
