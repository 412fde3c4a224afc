import { overviewViews } from '../panels/overview.ts'
import type { Scene } from '../scene.ts'
import { KEYED_TABS, keyOfTab, noTable, phaseShown, type ScreenState, tabsOf, viewShown, viewsOf } from '../state.ts'
import { otherSide } from '../tail.ts'
import { type Binding, type Context, change } from './binding.ts'

/** Keys that mean the same on every tab. */
export const screenBindings: readonly Binding[] = [
  {
    keys: ['?'],
    where: 'everywhere',
    act: change(({ state }) => ({ ...state, help: true, tables: { ...state.tables, help: noTable } })),
    help: { keys: '?', does: 'this help' },
    hint: '? help',
    rank: 0,
  },
  ...Array.from(
    { length: KEYED_TABS },
    (_, index): Binding => ({
      keys: [keyOfTab(index)],
      where: 'everywhere',
      act: change((context) => (index < tabCount(context) ? { ...context.state, tab: index } : context.state)),
      ...(index === 0 ? { help: { keys: '1-9  0', does: 'a tab; 0 the tenth' }, listed: false } : {}),
    }),
  ),
  {
    keys: ['tab'],
    where: 'everywhere',
    act: change((context) => tabBy(context, 1)),
    help: { keys: 'tab  shift-tab', does: 'next, previous tab' },
    hint: 'tab next',
  },
  { keys: ['shift-tab'], where: 'everywhere', act: change((context) => tabBy(context, -1)) },
  {
    keys: ['p'],
    where: 'everywhere',
    act: change((context) => phaseBy(context, 1)),
    help: { keys: 'p  P', does: 'next, previous phase; after the last: follow the run' },
    hint: 'p phase',
  },
  { keys: ['P'], where: 'everywhere', act: change((context) => phaseBy(context, -1)) },
  {
    keys: ['v'],
    where: 'everywhere',
    act: change(nextView),
    help: { keys: 'v', does: 'next view of this tab: flame graphs, distributions, over time' },
    hint: 'v view',
    rank: 3,
  },
  {
    keys: ['t'],
    where: 'everywhere',
    act: change(turned),
    help: { keys: 't', does: 'from a distribution to the stacks behind its p99, and back' },
  },
]

/** Keys about the run and the screen as a whole; they stand last in the footer, the way out at its end. */
export const runBindings: readonly Binding[] = [
  {
    keys: ['m'],
    where: 'everywhere',
    act: change(({ state, scene }) =>
      scene.live && !scene.model.end ? { ...state, prompt: { kind: 'mark', text: '' } } : state,
    ),
    help: { keys: 'm', does: 'mark: name a new phase from now on (live)' },
    hint: 'm mark',
    applies: ({ live }) => live,
  },
  {
    keys: ['z'],
    where: 'everywhere',
    act: change(({ state }) => ({ ...state, frozen: !state.frozen })),
    help: { keys: 'z', does: 'freeze the screen; the recording goes on' },
    hint: 'z freeze',
    rank: 5,
    applies: ({ live }) => live,
  },
  {
    keys: ['ctrl-l'],
    where: 'everywhere',
    act: ({ state }) => ({ state, effect: { do: 'redraw' } }),
    help: { keys: 'ctrl-l', does: 'draw everything again' },
  },
  {
    keys: ['escape'],
    where: 'everywhere',
    act: change(({ state }) => ({ ...state, search: '' })),
    help: { keys: 'esc', does: 'close what is open, end the search' },
    listed: false,
  },
  {
    keys: ['ctrl-z'],
    where: 'everywhere',
    act: ({ state }) => ({ state, effect: { do: 'suspend' } }),
    help: { keys: 'ctrl-z', does: 'suspend; the shell’s fg comes back' },
    listed: false,
  },
  {
    keys: ['ctrl-c'],
    where: 'everywhere',
    act: ({ state }) => ({ state, effect: { do: 'quit' } }),
    listed: false,
  },
  {
    keys: ['q'],
    where: 'everywhere',
    // What ends more than the screen is asked first; ctrl-c asks nothing.
    act: ({ state, scene }) =>
      mustAsk(scene) ? { state: { ...state, prompt: { kind: 'leave', text: '' } } } : { state, effect: { do: 'quit' } },
    help: { keys: 'q  ctrl-c', does: 'quit; in a running audit q asks' },
    hint: 'q quit',
    rank: 0,
  },
]

/** Leaving would stop something that runs. */
const mustAsk = ({ live, leaving, model }: Scene): boolean => live && leaving !== undefined && !model.end

const tabCount = ({ scene }: Context): number => tabsOf(scene.model, scene.catalog).length

function tabBy(context: Context, step: 1 | -1): ScreenState {
  const count = tabCount(context)
  return { ...context.state, tab: (context.state.tab + step + count) % count }
}

/** Through the phases and, past either end, back to following the run. */
function phaseBy({ state, scene }: Context, step: 1 | -1): ScreenState {
  const places: (number | null)[] = [null, ...scene.model.phases.map((phase) => phase.id)]
  const at = Math.max(0, places.indexOf(state.phaseId)) + step
  return { ...state, phaseId: places[(at + places.length) % places.length] ?? null }
}

function nextView({ state, scene, tab, panel }: Context): ScreenState {
  const phase = phaseShown(scene.model, state)
  if (tab?.kind === 'overview') {
    const { all, shown } = overviewViews(scene, panel.width)
    const next = all[(all.indexOf(shown) + 1) % all.length]
    return next ? { ...state, views: { ...state.views, overview: next.name } } : state
  }
  if (tab?.kind !== 'probe') return state
  const views = viewsOf(tab.probe, phase)
  const at = views.findIndex((view) => view.name === viewShown(tab.probe, phase, state)?.name)
  const next = views[(at + 1) % views.length]
  return next ? { ...state, views: { ...state.views, [tab.probe.name]: next.name } } : state
}

function turned({ state, scene, tab }: Context): ScreenState {
  if (tab?.kind !== 'probe') return state
  const phase = phaseShown(scene.model, state)
  const other = otherSide(scene, tab.probe, phase, viewShown(tab.probe, phase, state))
  return other ? { ...state, views: { ...state.views, [tab.probe.name]: other.name } } : state
}
