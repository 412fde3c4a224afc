import { bindingOf, placesOf } from './bindings/all.ts'
import type { Context, Update } from './bindings/binding.ts'
import { brush, createCells, type Spot } from './cells.ts'
import type { Message } from './hands.ts'
import type { Layout } from './layout.ts'
import { drawPanel } from './panels/panel.ts'
import { partsOf } from './parts.ts'
import { answer } from './prompts.ts'
import type { Scene } from './scene.ts'
import { type ScreenState, tabsOf } from './state.ts'

/** The body of a panel stands under its title, its views and above its details line. */
const AROUND = 3

/** The size of what a panel draws under the lanes of time. */
export function bodyOf(scene: Scene, { columns, panel }: Layout): Context['panel'] {
  const { body } = partsOf(scene, { width: columns, height: panel.height })
  return { width: columns, height: Math.max(0, body.height - AROUND), whole: panel.height }
}

export function contextOf(scene: Scene, panel: Context['panel']): Context {
  const { state } = scene
  const scroll = () => scrollIn(scene, panel)
  return { scene, state, panel, tab: tabsOf(scene.model, scene.catalog)[state.tab], scroll }
}

/** The state after a key press. Pure: `panel` is the size of what is drawn, where movements happen. */
export function press(before: Scene, key: string, panel: Context['panel']): Update {
  // What was said of the last key has been read.
  const scene = before.state.hands.message ? { ...before, state: withMessage(before.state, null) } : before
  const { state } = scene
  const context = contextOf(scene, panel)
  if (state.prompt) return answer(context, state.prompt, key)
  const binding = bindingOf(key, placesOf(scene))
  if (binding) return binding.act(context)
  // A key that means nothing in the help closes it.
  return { state: state.help ? { ...state, help: false } : state }
}

export const withMessage = (state: ScreenState, message: Message | null): ScreenState => ({
  ...state,
  hands: { ...state.hands, message },
})

/** How the panel can be scrolled is what it says when it is drawn; so it is asked only when somebody scrolls. */
function scrollIn(scene: Scene, panel: Context['panel']): ReturnType<Context['scroll']> {
  const spots: Spot[] = []
  const whole = { x: 0, y: 0, width: panel.width, height: panel.whole ?? panel.height + AROUND }
  drawPanel(scene, brush(createCells(whole.width, whole.height), whole, spots))
  for (const { rect, target } of spots) if (target.kind === 'rows') return { ...target, height: rect.height }
  return null
}
