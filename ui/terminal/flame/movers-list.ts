import { frameLabel } from '../../../audit/index.ts'
import { CHANGE_GLYPH } from '../../flame/cells.ts'
import { changeText } from '../../flame/describe.ts'
import { formatWeight } from '../../flame/weight.ts'
import { clip, left, right } from '../../text/format.ts'
import type { Brush } from '../cells.ts'
import { BOLD, INVERSE, ink } from '../palette.ts'
import { type FlameShown, moversShown } from './shown.ts'
import { styleOfClass } from './style.ts'
import { printedAs } from './unit.ts'

const DELTA = 11
const RATIO = 7

/** The functions that changed most, beside the graph; the one where the reader stands is marked. */
export function drawMovers(brush: Brush, shown: FlameShown): void {
  const { tree, unit } = shown
  const list = moversShown(shown)
  brush.text(brush.text(0, 0, 'Top movers', BOLD) + 2, 0, 'by own weight', ink.dim)
  const room = Math.max(0, brush.height - 2)
  const at = moverAt(shown)
  // The marked one is always in sight.
  const from = Math.max(0, Math.min(at - Math.floor(room / 2), list.length - room))
  const name = Math.max(0, brush.width - DELTA - RATIO - 2)
  list.slice(from, from + room).forEach(({ name: function_, base, candidate, change }, i) => {
    const delta = candidate - base
    const text = `${delta > 0 ? '+' : '−'}${formatWeight(Math.abs(delta), printedAs(unit, tree.profile))}`
    const style = from + i === at ? INVERSE | BOLD : 0
    brush.text(0, i + 1, CHANGE_GLYPH[change] || ' ', styleOfClass(change))
    brush.text(2, i + 1, left(frameLabel(function_), name), style)
    brush.text(2 + name, i + 1, right(text, DELTA), style)
    brush.text(2 + name + DELTA, i + 1, right(changeText(base, candidate), RATIO), style || ink.dim)
  })
  brush.text(0, brush.height - 1, clip(lastLine(shown, list.length, list.length - from - room), brush.width), ink.dim)
}

/** The mover whose place is selected; -1 for none. */
export function moverAt(shown: FlameShown): number {
  const selected = JSON.stringify(shown.place.selected)
  return moversShown(shown).findIndex(({ path }) => JSON.stringify(path) === selected)
}

function lastLine({ tree }: FlameShown, all: number, below: number): string {
  const beyond = tree.verdict?.isTested ? ' by more than chance would' : ''
  if (all === 0) return `no function changed${beyond}`
  return below > 0 ? `${below} more changed${beyond}   n N` : 'n N from one to the next'
}
