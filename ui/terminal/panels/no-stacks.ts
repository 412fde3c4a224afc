import type { PhaseModel } from '../../../audit/index.ts'
import type { Brush } from '../cells.ts'
import { ink } from '../palette.ts'
import type { Scene } from '../scene.ts'
import { isOver } from '../time-axis.ts'
import { missing } from './missing.ts'

/** Where stacks would stand and there are none: whether any are still to come, and where others are. */
export function drawNoStacks(brush: Brush, y: number, scene: Scene, phase: PhaseModel | null, other = ''): void {
  if (!phase) {
    brush.text(2, y, missing(scene.model, phase, 'no stacks'), ink.dim)
    return
  }
  const isOpen = phase.endUs === null && !isOver(scene)
  const what = other === '' ? 'no stacks' : 'no stacks of this view'
  const text = isOpen ? `${what} in ${phase.name} yet: they come every few seconds` : `${what} in ${phase.name}`
  brush.text(2, y, text, ink.dim)
  const ways = ['p next phase', other].filter((way) => way !== '')
  brush.text(2, y + 2, ways.join('   '), ink.dim)
}
