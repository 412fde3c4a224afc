import type { ColumnPair, Profile } from '../../audit/index.ts'
import { columnTotals, diffLayoutInput, nameRank } from '../../audit/index.ts'

/** What a picture shows: one phase, or how a second phase differs from a first. */
export type FlameView = { column: string } | { pair: ColumnPair }

export interface LayoutOptions {
  view: FlameView
  /** width of the whole picture: cells, or pixels */
  width: number
  /** boxes narrower than this are not drawn, nor what is below them */
  minWidth: number
  /** edges on whole numbers (terminal cells) */
  whole?: boolean
  /** the node that fills the width; its callers stand above it at full width. Default: the whole profile */
  root?: number
  /** root at the bottom (flame) instead of at the top (icicle) */
  invert?: boolean
}

export interface FlameRect {
  x: number
  width: number
  /** row, from the top */
  depth: number
  node: number
  /** 0 for a box of its own; otherwise `node` is the caller and this many of its callees, too narrow to draw, stand here */
  folded: number
}

export interface FlameLayout {
  /** by distance from the root, then from left to right */
  rects: FlameRect[]
  /** rows used */
  levels: number
  weights: FlameWeights
}

/** Inclusive weights by node. In a pair they are scaled, and widths come from their union. */
export interface FlameWeights {
  width: Float64Array
  pair: { base: Float64Array; candidate: Float64Array } | null
}

/**
 * Places the boxes of a flame graph. Widths are inclusive weights; siblings stand in the order of their names, so a
 * function keeps its side from phase to phase. Boxes lie inside their caller's and never overlap; the cost is that of
 * the boxes that are visible, not of the profile (apart from the sums).
 */
export function layout(profile: Profile, options: LayoutOptions): FlameLayout {
  const weights = weightsOf(profile, options.view)
  const { width, minWidth } = options
  const root = options.root ?? 0
  const snap = options.whole ? Math.round : (x: number) => x
  const total = weights.width[root] ?? 0
  const scale = total > 0 ? width / total : 0
  const rankOf = nameRank(profile)
  const children: number[] = []
  const minFold = Math.min(1, minWidth)
  const rects: FlameRect[] = []
  // Beside each box: the weight at which it starts. Positions are computed from weights once, so errors do not add up.
  const starts: number[] = []
  const callers: number[] = []
  for (let at = root; at > 0; at = profile.parentOf[at] ?? 0) callers.push(profile.parentOf[at] ?? 0)
  for (const node of callers.reverse()) {
    starts.push(0)
    rects.push({ x: 0, width, depth: rects.length, node, folded: 0 })
  }
  starts.push(0)
  rects.push({ x: 0, width, depth: rects.length, node: root, folded: 0 })
  // Breadth first: the list of boxes is its own queue. Boxes above the root are done.
  for (let next = callers.length; next < rects.length; next++) {
    const parent = rects[next]
    if (parent && parent.folded === 0) placeChildren(parent, starts[next] ?? 0)
  }

  function placeChildren(parent: FlameRect, start: number): void {
    const limit = parent.x + parent.width
    const edge = (weight: number): number => Math.min(limit, Math.max(parent.x, snap(weight * scale)))
    let at = start
    let x = edge(start)
    let fold: { x: number; start: number; count: number } | null = null
    const place = (left: number, right: number, from: number, node: number, folded: number): void => {
      rects.push({ x: left, width: right - left, depth: parent.depth + 1, node, folded })
      starts.push(from)
    }
    childrenByName(profile, parent.node, weights.width, rankOf, children)
    for (const node of children) {
      const end = at + (weights.width[node] ?? 0)
      const right = edge(end)
      if (right - x >= minWidth) {
        if (fold && x - fold.x >= minFold) place(fold.x, x, fold.start, parent.node, fold.count)
        fold = null
        place(x, right, at, node, 0)
      } else if (fold) fold.count++
      else fold = { x, start: at, count: 1 }
      at = end
      x = right
    }
    if (fold && x - fold.x >= minFold) place(fold.x, x, fold.start, parent.node, fold.count)
  }

  const levels = (rects.at(-1)?.depth ?? 0) + 1
  if (options.invert) for (const rect of rects) rect.depth = levels - 1 - rect.depth
  return { rects, levels, weights }
}

export function weightsOf(profile: Profile, view: FlameView): FlameWeights {
  if ('column' in view) return { width: columnTotals(profile, view.column), pair: null }
  const { base, candidate, union } = diffLayoutInput(profile, view.pair)
  return { width: union, pair: { base, candidate } }
}

/**
 * The children that weigh anything, in the order of their names (by code unit: the same on every machine), as the new
 * content of `into`. `rankOf` is `nameRank` of the profile.
 */
export function childrenByName(
  profile: Profile,
  node: number,
  weight: Float64Array,
  rankOf: (node: number) => number,
  into: number[],
): void {
  let count = 0
  for (let child = profile.firstChild[node] ?? 0; child > 0; child = profile.nextSibling[child] ?? 0)
    if ((weight[child] ?? 0) > 0) into[count++] = child
  into.length = count
  if (count > 1) into.sort((a, b) => rankOf(a) - rankOf(b) || a - b)
}
