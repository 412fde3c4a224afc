import { moverAt } from '../flame/movers-list.ts'
import { type FlameState, noFlame, type Place, type Shape, withoutShape, withShape } from '../flame/shape.ts'
import { type FlameShown, flameOfScene, moversShown, selectedName } from '../flame/shown.ts'
import { unitsOf } from '../flame/unit.ts'
import { flameAreas, flameWindow, nextMatch, type PanelRow, stepInFlame } from '../panels/flame.ts'
import type { ScreenState } from '../state.ts'
import { type Binding, type Context, change } from './binding.ts'

const towards = (keys: readonly string[], direction: 'up' | 'down' | 'left' | 'right'): Binding => ({
  keys,
  where: 'flame',
  act: change((context) =>
    inFlame(context, (shown, state) => at(state, stepInFlame(shown, rowsOf(context, shown), direction))),
  ),
  ...(direction === 'up'
    ? { help: { keys: 'arrows  h j k l', does: 'select a frame; page keys, g, G and the wheel scroll a deep graph' } }
    : {}),
  listed: false,
})

/** A key that does something to the stacks, by the selected frame. */
const reshape = (
  key: string,
  does: string,
  next: (state: FlameState, name: string | null) => FlameState,
  hint?: string,
): Binding => ({
  keys: [key],
  where: 'flame',
  act: change((context) => inFlame(context, (shown, state) => next(state, selectedName(shown)))),
  help: { keys: key, does },
  ...(hint ? { hint } : {}),
})

/** Keys of flame graphs. */
export const flameBindings: readonly Binding[] = [
  {
    keys: ['enter'],
    where: 'flame',
    act: change((context) => inFlame(context, (shown, state) => zoomed(shown, state))),
    help: { keys: 'enter', does: 'zoom into the selected frame; in a sandwich: its sandwich' },
    hint: 'enter zoom',
  },
  {
    keys: ['backspace', 'delete'],
    where: 'flame',
    act: change((context) => inFlame(context, (_, state) => outOf(state) ?? state)),
    help: { keys: 'backspace', does: 'zoom out one level; then take off what was done to the stacks' },
    hint: 'backspace out',
    rank: 5,
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
    act: change((context) => onwards(context, 1)),
    help: { keys: 'n  N', does: 'next, previous match; in a difference without a search: top mover' },
  },
  { keys: ['N'], where: 'flame', act: change((context) => onwards(context, -1)) },
  reshape(
    's',
    'sandwich of the selected frame: its callers and callees',
    (state, name) => (name === null ? state : withShape(state, { kind: 'sandwich', name, from: noFlame })),
    's sandwich',
  ),
  reshape(
    'x',
    'hide the function of the selected frame; its weight goes to its callers',
    (state, name) => (name === null ? state : withShape(state, { kind: 'hide', name })),
    'x hide',
  ),
  reshape('o', 'only stacks through the function of the selected frame', (state, name) =>
    name === null ? state : withShape(state, { kind: 'only', name }),
  ),
  reshape('c', 'collapse recursion, and back', (state) => toggled(state, { kind: 'collapse' })),
  reshape('r', 'reverse: what ran and who called it, and back', (state) =>
    toggled(state, { kind: 'reverse', from: noFlame }),
  ),
  reshape('X', 'show all again', (state) => showAll(state)),
  {
    keys: ['u'],
    where: 'flame',
    act: change((context) => nextUnit(context)),
    help: { keys: 'u', does: 'unit: per request, per second, total, share' },
    hint: 'u unit',
  },
  {
    keys: ['i'],
    where: 'flame',
    act: change(({ state }) => ({ ...state, flame: { ...state.flame, isFlame: !state.flame.isFlame } })),
    help: { keys: 'i', does: 'root at the top or at the bottom' },
  },
  {
    keys: ['escape'],
    where: 'flame',
    act: change((context) =>
      context.state.search === ''
        ? inFlame(context, (_, state) => lastOff(state) ?? at(state, { root: [], selected: state.selected }))
        : { ...context.state, search: '' },
    ),
    help: { keys: 'esc', does: 'end the search, then take off what was done to the stacks, then zoom out' },
  },
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

/** The search begins at its widest match; where there is none the reader stays. */
export function searched(context: Context, search: string): ScreenState {
  const state = { ...context.state, prompt: null, search }
  return search === '' ? state : toMatch({ ...context, state, scene: { ...context.scene, state } }, 1, true)
}

function onwards(context: Context, step: 1 | -1): ScreenState {
  return context.state.search === '' ? toMover(context, step) : toMatch(context, step, false)
}

const toMatch = (context: Context, step: 1 | -1, isFirst: boolean): ScreenState =>
  inFlame(context, (shown, state) => {
    // Also through what stands below the panel: the selected frame is brought into sight.
    const next = nextMatch(shown, rowsOf(context, shown, Number.MAX_SAFE_INTEGER), step, isFirst)
    return next ? at(state, next) : state
  })

const toMover = (context: Context, step: 1 | -1): ScreenState =>
  inFlame(context, (shown, state) => {
    const list = moversShown(shown)
    const from = moverAt(shown)
    const next = list.at(from < 0 ? (step === 1 ? 0 : -1) : (from + step) % list.length)
    return next ? at(state, { root: [], selected: next.path }) : state
  })

function zoomed(shown: FlameShown, state: FlameState): FlameState {
  const name = selectedName(shown)
  if (!shown.callers) return at(state, { root: state.selected, selected: state.selected })
  return name === null ? state : withShape(state, { kind: 'sandwich', name, from: noFlame })
}

/** One level up, then one shape off; null where there is neither. */
function outOf(state: FlameState): FlameState | null {
  if (state.root.length === 0) return lastOff(state)
  const root = state.root.slice(0, -1)
  return at(state, { root, selected: state.selected.length > root.length ? state.selected : root })
}

const lastOff = (state: FlameState): FlameState | null => withoutShape(state, state.shapes?.at(-1))

function showAll(state: FlameState): FlameState {
  const next = lastOff(state)
  return next ? showAll(next) : state
}

const toggled = (state: FlameState, shape: Shape): FlameState =>
  withoutShape(
    state,
    state.shapes?.find(({ kind }) => kind === shape.kind),
  ) ?? withShape(state, shape)

const at = ({ shapes }: FlameState, place: Place): FlameState => (shapes ? { ...place, shapes } : place)

function nextUnit(context: Context): ScreenState {
  const { scene, state, tab } = context
  const shown = flameOfScene(scene, tab)
  if (!shown) return state
  const units = unitsOf(shown.units.sides)
  const unit = units[(units.indexOf(shown.unit) + 1) % units.length] ?? null
  return { ...state, flame: { ...state.flame, unit } }
}

/** The body of a panel has a line more than what movements happen in: that of the details. */
function rowsOf({ panel, state }: Context, shown: FlameShown, height?: number): PanelRow[] {
  const { graph } = flameAreas(shown, panel.width, panel.height + 1)
  // Steps are taken where the selected frame is in sight, also when the graph was scrolled away from it.
  const { top: _, ...place } = shown.place
  return flameWindow({ ...shown, place }, graph.width, height ?? graph.height, state.search).rows
}

/** Changes where the reader stands in the flame graph on the screen; nothing where there is none. */
function inFlame(context: Context, next: (shown: FlameShown, state: FlameState) => FlameState): ScreenState {
  const { scene, state, tab } = context
  const shown = flameOfScene(scene, tab)
  return shown ? { ...state, flames: { ...state.flames, [shown.name]: next(shown, shown.place) } } : state
}
