import { noTable, type ScreenState } from '../state.ts'
import { type Binding, type Context, change } from './binding.ts'
import { scrollBindings } from './scroll.ts'

/** Keys of tables. */
export const tableBindings: readonly Binding[] = [
  {
    keys: ['s'],
    where: 'table',
    act: change(nextSort),
    help: { keys: 's', does: 'sort by the next column' },
    hint: 's sort',
  },
  {
    keys: ['/'],
    where: 'table',
    act: change(({ state, tab }) => ({
      ...state,
      prompt: { kind: 'filter', text: filterOf(state, tab), selected: true },
    })),
    help: { keys: '/', does: 'only rows that hold a text; capitals in it must match' },
    hint: '/ filter',
  },
  {
    keys: ['escape'],
    where: 'table',
    act: change((context) => ({ ...filtered(context, ''), search: '' })),
    help: { keys: 'esc', does: 'all rows again' },
    listed: false,
  },
  ...scrollBindings('everywhere'),
]

/** Shows only the rows of the table in sight that hold a text. */
export function filtered({ state, tab }: Pick<Context, 'state' | 'tab'>, filter: string): ScreenState {
  if (tab?.kind !== 'probe' || filterOf(state, tab) === filter) return state
  const { name } = tab.probe
  const tables = { ...state.tables, [name]: { ...(state.tables[name] ?? noTable), scroll: 0 } }
  return { ...state, tables, hands: { ...state.hands, filters: { ...state.hands.filters, [name]: filter } } }
}

const filterOf = ({ hands }: ScreenState, tab: Context['tab']): string =>
  (tab?.kind === 'probe' ? hands.filters[tab.probe.name] : undefined) ?? ''

/** Sorts the table in sight by a column; null is the order of the probe. */
export function sortedBy({ state, tab }: Pick<Context, 'state' | 'tab'>, sort: string | null): ScreenState {
  if (tab?.kind !== 'probe' || !tab.probe.draw.table) return state
  return { ...state, tables: { ...state.tables, [tab.probe.name]: { sort, scroll: 0 } } }
}

function nextSort(context: Context): ScreenState {
  const { state, tab } = context
  if (tab?.kind !== 'probe' || !tab.probe.draw.table) return state
  const keys = [null, ...tab.probe.draw.table.columns.map((column) => column.key)]
  const { sort } = state.tables[tab.probe.name] ?? noTable
  return sortedBy(context, keys[(keys.indexOf(sort) + 1) % keys.length] ?? null)
}
