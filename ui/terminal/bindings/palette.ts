import { type Binding, change } from './binding.ts'

/** The way to everything that has a name. */
export const paletteBindings: readonly Binding[] = [
  {
    keys: [':'],
    where: 'everywhere',
    act: change(({ state }) => ({
      ...state,
      prompt: { kind: 'command', text: '' },
      hands: { ...state.hands, chosen: 0 },
    })),
    help: { keys: ':', does: 'anything by its name: tabs, views, phases, exports, keys' },
    hint: ': command',
    listed: false,
  },
]
