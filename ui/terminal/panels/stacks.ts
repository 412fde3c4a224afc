import type { Brush } from '../cells.ts'
import { shownWords } from '../compare.ts'
import { flameOfScene } from '../flame/shown.ts'
import type { Scene } from '../scene.ts'
import { phaseShown, type Tab } from '../state.ts'
import { drawFlame } from './flame.ts'
import { drawNoStacks } from './no-stacks.ts'
import { drawRule } from './rule.ts'

/** A tab that is a flame graph and nothing else: the wall clock of all threads, or a file of stacks. */
export function drawStacks(scene: Scene, tab: Extract<Tab, { kind: 'stacks' }>, brush: Brush): void {
  const { model, state } = scene
  const shown = flameOfScene(scene, tab)
  const phase = phaseShown(model, state)
  // Its boxes begin where those of a probe do, under its views: movements rely on it.
  const body = brush.part({ x: 0, y: 2, width: brush.width, height: brush.height - 2 })
  const more = shown ? drawFlame(body, shown, state.search) : ''
  drawRule(brush, 0, tab.question, shownWords(scene), more)
  if (!shown) drawNoStacks(brush, 2, scene, phase)
}
