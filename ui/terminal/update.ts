import type { Rect } from './cells.ts'
import { type Action, actionOf } from './keys.ts'
import { type FlameShown, flameRows, flameShown, nextMatch, noFlame, stepInFlame } from './panels/flame.ts'
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

/** What a key press asks of the world outside the screen. */
export type Effect = { do: 'quit' } | { do: 'redraw' } | { do: 'mark'; label: string }
export interface Update {
  state: ScreenState
  effect?: Effect
}

const MARK_LENGTH = 40

/** The state after a key press. Pure: `panel` is the size of what is drawn, where movements happen. */
export function press(scene: Scene, key: string, panel: Pick<Rect, 'width' | 'height'>): Update {
  const { state } = scene
  if (state.prompt) return answer(state, state.prompt, key)
  const action = actionOf(key)
  if (state.help && action?.do !== 'quit') return { state: { ...state, help: false } }
  if (!action) return { state }
  const context: Context = { scene, state, panel, tab: tabsOf(scene.model, scene.catalog)[state.tab] }
  return act(context, action)
}

interface Context {
  scene: Scene
  state: ScreenState
  panel: Pick<Rect, 'width' | 'height'>
  tab: Tab | undefined
}

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
      return { state: { ...state, prompt: { kind: 'search', text: state.search } } }
    case 'escape':
      return { state: { ...state, search: '' } }
    case 'tab':
    case 'tab by':
      return { state: { ...state, tab: tabAfter(context, action) } }
    case 'phase by':
      return { state: { ...state, phaseId: phaseAfter(context, action.step) } }
    case 'view':
      return { state: nextView(context) }
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

function answer(state: ScreenState, prompt: NonNullable<ScreenState['prompt']>, key: string): Update {
  if (key === 'escape' || key === 'ctrl-c') return { state: { ...state, prompt: null } }
  if (key === 'enter') {
    const text = prompt.text.trim()
    if (prompt.kind === 'search') return { state: { ...state, prompt: null, search: text } }
    const closed = { ...state, prompt: null }
    return text === '' ? { state: closed } : { state: closed, effect: { do: 'mark', label: text } }
  }
  const text = key === 'backspace' || key === 'delete' ? prompt.text.slice(0, -1) : prompt.text + typed(key)
  return { state: { ...state, prompt: { ...prompt, text: text.slice(0, MARK_LENGTH) } } }
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
  if (tab?.kind !== 'probe') return state
  const phase = phaseShown(scene.model, state)
  const views = viewsOf(tab.probe, phase)
  const at = views.findIndex((view) => view.name === viewShown(tab.probe, phase, state)?.name)
  const next = views[(at + 1) % views.length]
  return next ? { ...state, views: { ...state.views, [tab.probe.name]: next.name } } : state
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
  const { state, scene, tab } = context
  if (tab?.kind === 'probe') {
    const phase = phaseShown(scene.model, state)
    const view = viewShown(tab.probe, phase, state)
    const shown = view?.kind === 'flame' ? flameShown(scene, tab.probe, view.name.slice('flame:'.length), phase) : null
    if (shown) {
      const place = movedInFlame(context, shown, state.flames[tab.probe.name] ?? noFlame, action)
      return { ...state, flames: { ...state.flames, [tab.probe.name]: place } }
    }
  }
  if (action.do !== 'move' || action.towards === 'left' || action.towards === 'right') return state
  return scrolled(context, action.towards === 'down' ? 1 : -1)
}

function movedInFlame({ state, panel }: Context, shown: FlameShown, place: FlameState, action: Movement): FlameState {
  const rows = () => flameRows(shown, panel.width, panel.height, state.search)
  switch (action.do) {
    case 'enter':
      return { ...place, root: place.selected }
    case 'out': {
      const root = place.root.slice(0, -1)
      return { root, selected: place.selected.length > root.length ? place.selected : root }
    }
    case 'move':
      return { ...place, selected: stepInFlame(shown, rows(), action.towards) }
    case 'next match':
    case 'previous match':
      return { ...place, selected: nextMatch(shown, rows(), action.do === 'next match' ? 1 : -1) ?? place.selected }
  }
}
