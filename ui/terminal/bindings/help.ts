import { type Binding, change } from './binding.ts'
import { scrollBindings } from './scroll.ts'

/** Keys while the help is open; every other closes it. What they do stands in it anyway. */
export const helpBindings: readonly Binding[] = [
  ...scrollBindings('help').map(
    ({ help: _, ...binding }): Binding => (binding.keys.includes('down') ? { ...binding, hint: '↑↓ scroll' } : binding),
  ),
  {
    keys: ['escape', '?'],
    where: 'help',
    act: change(({ state }) => ({ ...state, help: false })),
    hint: 'esc close',
  },
  { keys: ['q', 'ctrl-c'], where: 'help', act: ({ state }) => ({ state, effect: { do: 'quit' } }), hint: 'q quit' },
]
