import type { Brush } from '../cells.ts'
import { noTable, type ScreenState } from '../state.ts'
import type { Target } from '../target.ts'

/** How something that may be longer than its place is scrolled: where it stands, how far it goes, what going there makes. */
export type Scroll = Omit<Extract<Target, { kind: 'rows' }>, 'kind'>

/** A list under a name of its own; where it stands may be more than there is now. */
export function scrollOf(state: ScreenState, name: string, most: number): Scroll {
  const end = Math.max(0, most)
  return { at: Math.min(end, state.tables[name]?.scroll ?? 0), most: end, to: (now, at) => scrolledTo(now, name, at) }
}

/** The same for what is kept at its end: what comes next stays in sight until it is scrolled back. */
export function scrollFromEnd(state: ScreenState, name: string, most: number): Scroll {
  const { at, most: end } = scrollOf(state, name, most)
  return { at: end - at, most: end, to: (now, wanted) => scrolledTo(now, name, end - wanted) }
}

const scrolledTo = (state: ScreenState, name: string, scroll: number): ScreenState => ({
  ...state,
  tables: { ...state.tables, [name]: { ...(state.tables[name] ?? noTable), scroll } },
})

/** The state after so many rows, no further than there are. */
export const scrolledBy = (state: ScreenState, { at, most, to }: Scroll, by: number): ScreenState =>
  to(state, Math.max(0, Math.min(most, at + by)))

/** Lets hands scroll all of a panel. */
export const spotToScroll = (brush: Brush, scroll: Scroll): void =>
  brush.spot({ x: 0, y: 0, width: brush.width, height: brush.height }, { kind: 'rows', ...scroll })
