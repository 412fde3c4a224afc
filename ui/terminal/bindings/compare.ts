import { nextCompared } from '../compare.ts'
import type { Scene } from '../scene.ts'
import { type Binding, change } from './binding.ts'

const to = (key: string, step: 1 | -1): Binding => ({
  keys: [key],
  where: 'everywhere',
  act: change(({ state, scene }) => ({ ...state, compare: nextCompared(scene.model, state, step) })),
})

/** Which phase the one that is shown is held against. */
export const compareBindings: readonly Binding[] = [
  {
    ...to('d', 1),
    help: { keys: 'd  D', does: 'compare with another phase: the baseline first, then the others, then none' },
    hint: 'd diff',
    rank: 3,
    applies: ({ model }: Scene) => model.phases.length > 1,
  },
  to('D', -1),
]
