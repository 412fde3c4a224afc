import { keeper } from '../../flame/kept.ts'
import { meaningLine, unknownShare } from '../../flame/meaning.ts'
import { clip } from '../../text/format.ts'
import type { Brush } from '../cells.ts'
import { BOLD, INVERSE, ink } from '../palette.ts'
import type { Scene } from '../scene.ts'
import { tabsOf } from '../state.ts'
import { type FlameTree, flameOfScene } from './shown.ts'

/** Above the stacks of a file: which file, and what was read of it. */
export function drawFileHeader({ model, title }: Scene, brush: Brush): void {
  const x = brush.text(0, 0, ' stacks ', BOLD | INVERSE) + 1
  brush.text(x, 0, clip(title.slice(title.lastIndexOf('/') + 1), Math.max(0, brush.width - x)), BOLD)
  const facts = model.notes.map(({ text }) => text).join('   ')
  if (brush.height > 1) brush.text(1, 1, clip(facts, Math.max(0, brush.width - 2)), ink.dim)
}

/** What widths and colours mean, and how much of the stacks has no name. */
export function fileRemark(scene: Scene): string {
  const { model, catalog, state } = scene
  const shown = flameOfScene(scene, tabsOf(model, catalog)[state.tab])
  if (!shown) return ''
  const { tree, pair } = shown
  const tested = pair && { per: pair.per, isTested: tree.verdict?.isTested ?? false }
  return meaningLine(tree.profile.unit, tested, unknownIn(tree))
}

const unknowns = keeper<number>(4)
const unknownIn = ({ profile, view, weights }: FlameTree): number =>
  unknowns(profile, JSON.stringify(view), () => unknownShare(profile, weights.width))
