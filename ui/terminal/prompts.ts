import type { Context, Update } from './bindings/binding.ts'
import { searched } from './bindings/flame.ts'
import type { ScreenState } from './state.ts'

export type Prompt = NonNullable<ScreenState['prompt']>

/** What can be asked of the reader, and what becomes of the answer. */
export const prompts: Readonly<
  Record<Prompt['kind'], { question: string; accept: (context: Context, text: string) => Update }>
> = {
  search: { question: 'search frames:', accept: (context, text) => ({ state: searched(context, text) }) },
  mark: {
    question: 'name of the new phase:',
    accept: ({ state }, label) => ({
      state: { ...state, prompt: null },
      ...(label === '' ? {} : { effect: { do: 'mark', label } }),
    }),
  },
}

const MOST = 40

/** The state after a key in a prompt: enter accepts, escape leaves, everything else is text. */
export function answer(context: Context, prompt: Prompt, key: string): Update {
  const { state } = context
  if (key === 'escape' || key === 'ctrl-c') return { state: { ...state, prompt: null } }
  if (key === 'enter') return prompts[prompt.kind].accept(context, prompt.text.trim())
  const isErasing = key === 'backspace' || key === 'delete'
  const added = typed(key)
  if (!isErasing && added === '') return { state }
  const kept = prompt.selected ? '' : prompt.text
  const text = isErasing ? kept.slice(0, -1) : kept + added
  return { state: { ...state, prompt: { kind: prompt.kind, text: text.slice(0, MOST) } } }
}

const named = new Set(['tab', 'shift-tab', 'up', 'down', 'left', 'right', 'pagedown', 'pageup'])
const typed = (key: string): string =>
  named.has(key) || key.startsWith('ctrl-') ? '' : key.replace(/[\x00-\x1f\x7f-\x9f]/g, '')
