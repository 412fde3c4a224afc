import { bindings, placesOf } from './bindings/all.ts'
import type { Binding, Context, Update } from './bindings/binding.ts'
import { answer } from './prompts.ts'
import type { Scene } from './scene.ts'
import { tabsOf } from './state.ts'

/** The state after a key press. Pure: `panel` is the size of what is drawn, where movements happen. */
export function press(scene: Scene, key: string, panel: Context['panel']): Update {
  const { state } = scene
  const context: Context = { scene, state, panel, tab: tabsOf(scene.model, scene.catalog)[state.tab] }
  if (state.prompt) return answer(context, state.prompt, key)
  const binding = bindingOf(scene, key)
  if (!state.help) return binding ? binding.act(context) : { state }
  const { effect } = binding?.act(context) ?? {}
  // In the help every key closes it; the way out stays the way out.
  return effect?.do === 'quit' ? { state, effect } : { state: { ...state, help: false } }
}

/** The binding nearest to what the reader looks at. */
function bindingOf(scene: Scene, key: string): Binding | null {
  const found = bindings.filter(({ keys }) => keys.includes(key))
  const place = placesOf(scene).find((one) => found.some(({ where }) => where === one))
  return found.find(({ where }) => where === place) ?? null
}
