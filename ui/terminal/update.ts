import type { PhaseModel } from '../../audit/index.ts'
import type { Rect } from './cells.ts'
import { type Action, actionOf } from './keys.ts'
import { type FlameShown, flameRows, flameShown, nextMatch, noFlame, stepInFlame } from './panels/flame.ts'
import { overviewDistribution } from './panels/overview.ts'
import type { Scene } from './scene.ts'
import {
  type FlameState,
  phaseShown,
  type ScreenState,
  type Tab,
  type TableState,
  tabsOf,
  viewShown,
  viewsOf,
} from './state.ts'
import { otherSide } from './tail.ts'

/** What a key press asks of the world outside the screen. */
export type Effect = { do: 'quit' } | { do: 'redraw' } | { do: 'mark'; label: string }
export interface Update {
  state: ScreenState
  effect?: Effect
}

const MARK_LENGTH = 40
/** no node: the next match from here is the first */
const NOWHERE = -1

/** The state after a key press. Pure: `panel` is the size of what is drawn, where movements happen. */
export function press(scene: Scene, key: string, panel: Pick<Rect, 'width' | 'height'>): Update {
  const { state } = scene
  if (state.prompt) return answer(contextOf(scene, panel), state.prompt, key)
  const action = actionOf(key)
  if (state.help && action?.do !== 'quit') return { state: { ...state, help: false } }
  if (!action) return { state }
  return act(contextOf(scene, panel), action)
}

interface Context {
  scene: Scene
  state: ScreenState
  panel: Pick<Rect, 'width' | 'height'>
  tab: Tab | undefined
}

const contextOf = (scene: Scene, panel: Context['panel']): Context => ({
  scene,
  state: scene.state,
  panel,
  tab: tabsOf(scene.model, scene.catalog)[scene.state.tab],
})

function act(context: Context, action: Action): Update {
  const { state, scene } = context
  switch (action.do) {
    case 'quit':
      return { state, effect: { do: 'quit' } }
    case 'redraw':
      return { state, effect: { do: 'redraw' } }
    case 'help':
      return { state: { ...state, help: true } }
    case 'freeze':
      return { state: { ...state, frozen: !state.frozen } }
    case 'mark':
      return { state: scene.live && !scene.model.end ? { ...state, prompt: { kind: 'mark', text: '' } } : state }
    case 'search':
      return { state: { ...state, prompt: { kind: 'search', text: state.search, selected: true } } }
    case 'escape':
      return { state: { ...state, search: '' } }
    case 'tab':
    case 'tab by':
      return { state: { ...state, tab: tabAfter(context, action) } }
    case 'phase by':
      return { state: { ...state, phaseId: phaseAfter(context, action.step) } }
    case 'view':
      return { state: nextView(context) }
    case 'tail':
      return { state: turned(context) }
    case 'sort':
      return { state: nextSort(context) }
    case 'page':
      return { state: scrolled(context, action.step * Math.max(1, context.panel.height - 2)) }
    case 'move':
    case 'enter':
    case 'out':
    case 'next match':
    case 'previous match':
      return { state: moved(context, action) }
  }
}

function answer(context: Context, prompt: NonNullable<ScreenState['prompt']>, key: string): Update {
  const { state } = context
  if (key === 'escape' || key === 'ctrl-c') return { state: { ...state, prompt: null } }
  if (key === 'enter') {
    const text = prompt.text.trim()
    if (prompt.kind === 'search') return { state: searched(context, text) }
    const closed = { ...state, prompt: null }
    return text === '' ? { state: closed } : { state: closed, effect: { do: 'mark', label: text } }
  }
  const isErasing = key === 'backspace' || key === 'delete'
  const added = typed(key)
  if (!isErasing && added === '') return { state }
  const kept = prompt.selected ? '' : prompt.text
  const text = isErasing ? kept.slice(0, -1) : kept + added
  return { state: { ...state, prompt: { kind: prompt.kind, text: text.slice(0, MARK_LENGTH) } } }
}

/** The search begins at its first match; where there is none the reader stays. */
function searched({ scene, panel, tab }: Context, search: string): ScreenState {
  const state = { ...scene.state, prompt: null, search }
  const context = { scene: { ...scene, state }, state, panel, tab }
  const shown = search === '' ? null : flameOf(context)
  return shown
    ? inFlame(context, { ...shown, flame: { ...shown.flame, selected: NOWHERE } }, { do: 'next match' })
    : state
}

const named = new Set(['tab', 'shift-tab', 'up', 'down', 'left', 'right', 'pagedown', 'pageup'])
const typed = (key: string): string =>
  named.has(key) || key.startsWith('ctrl-') ? '' : key.replace(/[\x00-\x1f\x7f-\x9f]/g, '')

function tabAfter({ state, scene }: Context, action: Action & { do: 'tab' | 'tab by' }): number {
  const count = tabsOf(scene.model, scene.catalog).length
  if (action.do === 'tab') return action.index < count ? action.index : state.tab
  return (state.tab + action.step + count) % count
}

/** Through the phases and, past either end, back to following the run. */
function phaseAfter({ state, scene }: Context, step: 1 | -1): number | null {
  const places: (number | null)[] = [null, ...scene.model.phases.map((phase) => phase.id)]
  return places[(Math.max(0, places.indexOf(state.phaseId)) + step + places.length) % places.length] ?? null
}

function nextView({ state, scene, tab }: Context): ScreenState {
  const phase = phaseShown(scene.model, state)
  if (tab?.kind === 'overview') return nextDistribution(scene, phase)
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

function nextDistribution({ model, catalog, state }: Scene, phase: PhaseModel | null): ScreenState {
  const { all, shown } = overviewDistribution(model, catalog, state, phase)
  const next = all[(all.findIndex(({ name }) => name === shown?.name) + 1) % all.length]
  return next ? { ...state, views: { ...state.views, overview: next.name } } : state
}

const noTable: TableState = { sort: null, scroll: 0 }

function nextSort(context: Context): ScreenState {
  const { state, tab } = context
  if (tab?.kind !== 'probe' || !tab.probe.draw.table) return state
  const keys = [null, ...tab.probe.draw.table.columns.map((column) => column.key)]
  const table = state.tables[tab.probe.name] ?? noTable
  const sort = keys[(keys.indexOf(table.sort) + 1) % keys.length] ?? null
  return { ...state, tables: { ...state.tables, [tab.probe.name]: { sort, scroll: 0 } } }
}

function scrolled({ state, tab }: Context, by: number): ScreenState {
  if (!tab) return state
  const name = tab.kind === 'probe' ? tab.probe.name : tab.kind
  const table = state.tables[name] ?? noTable
  // The log counts from its end: upwards is back in time.
  const scroll = Math.max(0, table.scroll + (tab.kind === 'log' ? -by : by))
  return { ...state, tables: { ...state.tables, [name]: { ...table, scroll } } }
}

type Movement = Action & { do: 'move' | 'enter' | 'out' | 'next match' | 'previous match' }

function moved(context: Context, action: Movement): ScreenState {
  const shown = flameOf(context)
  if (shown) return inFlame(context, shown, action)
  if (action.do !== 'move' || action.towards === 'left' || action.towards === 'right') return context.state
  return scrolled(context, action.towards === 'down' ? 1 : -1)
}

/** The flame graph on the screen, and whose it is. */
function flameOf({ scene, state, tab }: Context): { probe: string; flame: FlameShown } | null {
  if (tab?.kind !== 'probe') return null
  const phase = phaseShown(scene.model, state)
  const view = viewShown(tab.probe, phase, state)
  const flame = view?.kind === 'flame' ? flameShown(scene, tab.probe, view.name.slice('flame:'.length), phase) : null
  return flame && { probe: tab.probe.name, flame }
}

function inFlame(
  context: Context,
  { probe, flame }: { probe: string; flame: FlameShown },
  action: Movement,
): ScreenState {
  const { state } = context
  const place = movedInFlame(context, flame, state.flames[probe] ?? noFlame, action)
  return { ...state, flames: { ...state.flames, [probe]: place } }
}

function movedInFlame({ state, panel }: Context, shown: FlameShown, place: FlameState, action: Movement): FlameState {
  const rows = (height: number) => flameRows(shown, panel.width, height, state.search)
  switch (action.do) {
    case 'enter':
      return { ...place, root: place.selected }
    case 'out': {
      const root = place.root.slice(0, -1)
      return { root, selected: place.selected.length > root.length ? place.selected : root }
    }
    case 'move':
      return { ...place, selected: stepInFlame(shown, rows(panel.height), action.towards) }
    case 'next match':
    case 'previous match': {
      // Also through what stands below the panel: the selected frame is brought into sight.
      const all = rows(Number.MAX_SAFE_INTEGER)
      return { ...place, selected: nextMatch(shown, all, action.do === 'next match' ? 1 : -1) ?? place.selected }
    }
  }
}
