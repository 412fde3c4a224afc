import type { Context, Update } from './bindings/binding.ts'
import { searched } from './bindings/flame.ts'
import { filtered } from './bindings/table.ts'
import { commandsFor } from './commands.ts'
import { exportsOf } from './export.ts'
import type { Scene } from './scene.ts'
import type { ScreenState } from './state.ts'

export type Prompt = NonNullable<ScreenState['prompt']>

interface Rules {
  question: string | ((scene: Scene) => string)
  /** what ends it, said at its right */
  hint: string
  accept: (context: Context, text: string) => Update
  /** what follows from the text while it is typed */
  typed?: (context: Context, text: string) => ScreenState
  /** what is undone when it is left */
  left?: (context: Context) => ScreenState
  /** keys that are not text here; null: an ordinary key */
  key?: (context: Context, prompt: Prompt, key: string) => Update | null
}

const USUAL = 'enter accepts, esc leaves'

/** What can be asked of the reader, and what becomes of the answer. */
export const prompts: Readonly<Record<Prompt['kind'], Rules>> = {
  search: {
    question: 'search frames:',
    hint: USUAL,
    accept: (context, text) => ({ state: searched(context, text) }),
  },
  mark: {
    question: 'name of the new phase:',
    hint: USUAL,
    accept: ({ state }, label) => ({
      state: closed(state),
      ...(label === '' ? {} : { effect: { do: 'mark', label } }),
    }),
  },
  filter: {
    question: 'rows that hold:',
    hint: 'enter keeps, esc shows all',
    accept: ({ state }) => ({ state: closed(state) }),
    typed: (context, text) => filtered(context, text),
    left: (context) => filtered(context, ''),
  },
  command: {
    question: ':',
    hint: 'up down choose, tab completes, enter does it, esc leaves',
    accept: ({ scene, ...context }, text) => {
      const state = closed(context.state)
      const command = commandsFor(scene, text)[context.state.hands.chosen]
      return command?.run({ ...context, state, scene: { ...scene, state } }) ?? { state }
    },
    typed: ({ state }) => ({ ...state, hands: { ...state.hands, chosen: 0 } }),
    key: choose,
  },
  leave: {
    question: ({ leaving = 'leave?' }) => leaving,
    hint: 'y leaves, n stays',
    accept: ({ state }) => ({ state: closed(state) }),
    key: ({ state }, _, key) => {
      if (key === 'y' || key === 'Y') return { state: closed(state), effect: { do: 'quit' } }
      return { state: key === 'n' || key === 'N' || key === 'q' ? closed(state) : state }
    },
  },
  export: {
    question: (scene) =>
      `export: ${exportsOf(scene)
        .map(({ key, does }) => `${key} ${does}`)
        .join('   ')}`,
    hint: 'enter the first, esc leaves',
    accept: ({ state, scene }) => {
      const kind = exportsOf(scene)[0]?.kind
      return { state: closed(state), ...(kind ? { effect: { do: 'export', kind } } : {}) }
    },
    key: ({ state, scene }, _, key) => {
      const kind = exportsOf(scene).find((choice) => choice.key === key)?.kind
      return kind ? { state: closed(state), effect: { do: 'export', kind } } : { state }
    },
  },
}

const closed = (state: ScreenState): ScreenState => ({ ...state, prompt: null })

function choose({ state, scene }: Context, prompt: Prompt, key: string): Update | null {
  if (key !== 'up' && key !== 'down' && key !== 'tab' && key !== 'shift-tab') return null
  const commands = commandsFor(scene, prompt.text)
  if (commands.length === 0) return { state }
  if (key === 'tab') {
    const text = commands[state.hands.chosen]?.text ?? prompt.text
    return { state: { ...state, prompt: { kind: 'command', text }, hands: { ...state.hands, chosen: 0 } } }
  }
  const step = key === 'down' ? 1 : -1
  const chosen = (state.hands.chosen + step + commands.length) % commands.length
  return { state: { ...state, hands: { ...state.hands, chosen } } }
}

const MOST = 40

/** The state after a key in a prompt: enter accepts, escape leaves, everything else is text. */
export function answer(context: Context, prompt: Prompt, key: string): Update {
  const { state } = context
  const rules = prompts[prompt.kind]
  if (key === 'ctrl-z') return { state, effect: { do: 'suspend' } }
  if (key === 'ctrl-c' && prompt.kind === 'leave') return { state: closed(state), effect: { do: 'quit' } }
  if (key === 'escape' || key === 'ctrl-c') return { state: closed(rules.left?.(context) ?? state) }
  if (key === 'enter') return rules.accept(context, prompt.text.trim())
  const special = rules.key?.(context, prompt, key)
  if (special) return special
  const isErasing = key === 'backspace' || key === 'delete'
  const added = typed(key)
  if (!isErasing && added === '') return { state }
  const kept = prompt.selected ? '' : prompt.text
  const text = (isErasing ? kept.slice(0, -1) : kept + added).slice(0, MOST)
  return { state: { ...(rules.typed?.(context, text) ?? state), prompt: { kind: prompt.kind, text } } }
}

const named = new Set(['tab', 'shift-tab', 'up', 'down', 'left', 'right', 'pagedown', 'pageup', 'home', 'end'])
const typed = (key: string): string =>
  named.has(key) || key.startsWith('ctrl-') ? '' : key.replace(/[\x00-\x1f\x7f-\x9f]/g, '')
