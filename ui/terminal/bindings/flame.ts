import { type FlameShown, flameRows, flameShown, nextMatch, noFlame, stepInFlame } from '../panels/flame.ts'
import { type FlameState, phaseShown, type ScreenState, viewShown } from '../state.ts'
import { type Binding, type Context, change } from './binding.ts'

const towards = (keys: readonly string[], direction: 'up' | 'down' | 'left' | 'right'): Binding => ({
  keys,
  where: 'flame',
  act: change((context) =>
    inFlame(context, (shown, place) => ({
      ...place,
      selected: stepInFlame(shown, rowsOf(context, shown, context.panel.height), direction),
    })),
  ),
  ...(direction === 'up' ? { help: { keys: 'arrows  h j k l', does: 'select a frame' } } : {}),
  listed: false,
})

/** Keys of flame graphs. */
export const flameBindings: readonly Binding[] = [
  {
    keys: ['enter'],
    where: 'flame',
    act: change((context) => inFlame(context, (_, place) => ({ ...place, root: place.selected }))),
    help: { keys: 'enter', does: 'zoom into the selected frame' },
    hint: 'enter zoom',
  },
  {
    keys: ['backspace', 'delete'],
    where: 'flame',
    act: change((context) =>
      inFlame(context, (_, place) => {
        const root = place.root.slice(0, -1)
        return { root, selected: place.selected.length > root.length ? place.selected : root }
      }),
    ),
    help: { keys: 'backspace', does: 'zoom out one level' },
    hint: 'backspace out',
  },
  {
    keys: ['/'],
    where: 'flame',
    act: change(askSearch),
    help: { keys: '/', does: 'search frames; empty ends it' },
    hint: '/ search',
  },
  {
    keys: ['n'],
    where: 'flame',
    act: change((context) => toMatch(context, 1)),
    help: { keys: 'n  N', does: 'next, previous match' },
  },
  { keys: ['N'], where: 'flame', act: change((context) => toMatch(context, -1)) },
  towards(['up', 'k'], 'up'),
  towards(['down', 'j'], 'down'),
  towards(['left', 'h'], 'left'),
  towards(['right', 'l'], 'right'),
]

/** Also where no flame graph is in sight: the next one shows what was looked for. */
export const anywhereBindings: readonly Binding[] = [{ keys: ['/'], where: 'everywhere', act: change(askSearch) }]

function askSearch({ state }: Context): ScreenState {
  return { ...state, prompt: { kind: 'search', text: state.search, selected: true } }
}

/** The search begins at its first match; where there is none the reader stays. */
export function searched(context: Context, search: string): ScreenState {
  const state = { ...context.state, prompt: null, search }
  return search === '' ? state : toMatch({ ...context, state, scene: { ...context.scene, state } }, 1, NOWHERE)
}

/** no node: the next match from here is the first */
const NOWHERE = -1

const toMatch = (context: Context, step: 1 | -1, from?: number): ScreenState =>
  inFlame(context, (shown, place) => {
    const at = from === undefined ? shown : { ...shown, selected: from }
    // Also through what stands below the panel: the selected frame is brought into sight.
    return { ...place, selected: nextMatch(at, rowsOf(context, at, Number.MAX_SAFE_INTEGER), step) ?? place.selected }
  })

const rowsOf = ({ panel, state }: Context, shown: FlameShown, height: number) =>
  flameRows(shown, panel.width, height, state.search)

/** Changes where the reader stands in the flame graph on the screen; nothing where there is none. */
function inFlame(context: Context, next: (shown: FlameShown, place: FlameState) => FlameState): ScreenState {
  const { scene, state, tab } = context
  if (tab?.kind !== 'probe') return state
  const phase = phaseShown(scene.model, state)
  const view = viewShown(tab.probe, phase, state)
  const shown = view?.kind === 'flame' ? flameShown(scene, tab.probe, view.name.slice('flame:'.length), phase) : null
  if (!shown) return state
  const place = next(shown, state.flames[tab.probe.name] ?? noFlame)
  return { ...state, flames: { ...state.flames, [tab.probe.name]: place } }
}
