import type { ScreenState, TableState } from '../state.ts'
import { type Binding, type Context, change } from './binding.ts'

/** Keys of tables, and of all that scrolls. */
export const tableBindings: readonly Binding[] = [
  {
    keys: ['s'],
    where: 'table',
    act: change(nextSort),
    help: { keys: 's', does: 'sort by the next column' },
    hint: 's sort',
  },
  {
    keys: ['pagedown', ' '],
    where: 'everywhere',
    act: change((context) => scrolled(context, page(context))),
    help: { keys: 'space  page keys', does: 'scroll a page' },
  },
  { keys: ['pageup'], where: 'everywhere', act: change((context) => scrolled(context, -page(context))) },
  {
    keys: ['up', 'k'],
    where: 'everywhere',
    act: change((context) => scrolled(context, -1)),
    help: { keys: 'up down  j k', does: 'scroll a line' },
  },
  { keys: ['down', 'j'], where: 'everywhere', act: change((context) => scrolled(context, 1)) },
]

const noTable: TableState = { sort: null, scroll: 0 }
const page = ({ panel }: Context): number => Math.max(1, panel.height - 2)

function nextSort({ state, tab }: Context): ScreenState {
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
