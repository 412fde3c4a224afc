import { type Profile, sandwich } from '../../audit/index.ts'
import { totalOf } from './kept.ts'
import { type FlameLayout, type FlameRect, type FlameView, type LayoutOptions, layout } from './layout.ts'
import type { PictureStart } from './start.ts'

/** Boxes of one tree in a picture; `root` is the node whose numbers stand above them. */
export interface Half {
  profile: Profile
  placed: FlameLayout
  view: FlameView
  root: number
}

/**
 * The trees of a picture as they stand in it: one, or of a sandwich first the callers of its function, then the function
 * and what it calls. The same rows as the viewer's (viewer/draw.ts).
 */
export function placeHalves(
  profile: Profile,
  { of, node = 0 }: PictureStart,
  options: Pick<LayoutOptions, 'view' | 'width' | 'minWidth'> & { invert: boolean },
): { halves: Half[]; levels: number } {
  if (of === undefined) {
    const placed = layout(profile, { ...options, root: node })
    return { halves: [{ profile, placed, view: options.view, root: node }], levels: placed.levels }
  }
  const { callers, callees } = sandwich(profile, of)
  const view = asOfWhole(profile, options.view)
  const sided = { ...options, view, invert: false }
  const [up, down] = [layout(callers, sided), layout(callees, sided)]
  // Neither the root nor, among the callers, the function once more has a row.
  const above = Math.max(0, up.levels - 2)
  const levels = Math.max(1, above + down.levels - 1)
  const moved = (placed: FlameLayout, first: number, rowOf: (depth: number) => number): FlameLayout => ({
    ...placed,
    rects: placed.rects
      .flatMap((rect): FlameRect[] => {
        const row = rowOf(rect.depth)
        return rect.depth < first ? [] : [{ ...rect, depth: options.invert ? levels - 1 - row : row }]
      })
      .sort((a, b) => a.depth - b.depth),
  })
  const half = (tree: Profile, placed: FlameLayout): Half => ({
    ...{ profile: tree, placed, view },
    root: tree.firstChild[0] ?? 0,
  })
  return {
    halves: [
      half(
        callers,
        moved(up, 2, (depth) => above + 1 - depth),
      ),
      half(
        callees,
        moved(down, 1, (depth) => above + depth - 1),
      ),
    ],
    levels,
  }
}

/** A share is one of all stacks, also where only those through a function are drawn. */
function asOfWhole(profile: Profile, view: FlameView): FlameView {
  if (!('pair' in view) || view.pair.baseScale !== undefined) return view
  const scaleOf = (column: string): number => 1 / (totalOf(profile, column) || 1)
  const { base, candidate } = view.pair
  return { pair: { base, candidate, baseScale: scaleOf(base), candidateScale: scaleOf(candidate) } }
}
