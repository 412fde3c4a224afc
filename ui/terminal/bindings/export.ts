import { textToCopy } from '../copy.ts'
import { exportsOf } from '../export.ts'
import type { Binding, Context, Update } from './binding.ts'

/** Keys that take away what is seen. */
export const exportBindings: readonly Binding[] = [
  {
    keys: ['e'],
    where: 'everywhere',
    act: asked,
    help: { keys: 'e', does: 'export what is seen to a file: SVG, folded stacks, CSV, text' },
    hint: 'e export',
    rank: 2,
    applies: (scene) => exportsOf(scene).length > 0,
  },
  {
    keys: ['S'],
    where: 'everywhere',
    act: ({ state }) => ({ state, effect: { do: 'screenshot' } }),
    help: { keys: 'S', does: 'the whole screen as a picture (SVG)' },
  },
  {
    keys: ['y'],
    where: 'everywhere',
    act: copied,
    help: { keys: 'y', does: 'copy the selected frame, the rows of a table, the log, or what stands out' },
  },
]

function asked({ state, scene }: Context): Update {
  const [first, ...others] = exportsOf(scene)
  if (!first) {
    const text = 'there is nothing to export here; S takes the screen as it is'
    return { state: { ...state, hands: { ...state.hands, message: { text, tone: 'bad' } } } }
  }
  if (others.length === 0) return { state, effect: { do: 'export', kind: first.kind } }
  return { state: { ...state, prompt: { kind: 'export', text: '' } } }
}

function copied({ state, scene }: Context): Update {
  return { state, effect: { do: 'copy', ...textToCopy(scene) } }
}
