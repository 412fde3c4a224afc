import { scrolledBy } from '../panels/scroll.ts'
import type { ScreenState } from '../state.ts'
import { type Binding, type Context, change, type Place } from './binding.ts'

/** Keys that scroll whatever is longer than its place. */
export function scrollBindings(where: Place): Binding[] {
  const by = (keys: readonly string[], rows: (seen: number) => number, help?: Binding['help']): Binding => ({
    keys,
    where,
    act: change((context) => scrolled(context, rows)),
    listed: false,
    ...(help ? { help } : {}),
  })
  return [
    by(['pagedown', ' '], page, { keys: 'space  page keys', does: 'scroll a page' }),
    by(['pageup'], (seen) => -page(seen)),
    by(['up', 'k'], () => -1, { keys: 'up down  j k', does: 'scroll a line' }),
    by(['down', 'j'], () => 1),
    by(['g', 'home'], () => Number.NEGATIVE_INFINITY, { keys: 'g G  home end', does: 'to the first, the last row' }),
    by(['G', 'end'], () => Number.POSITIVE_INFINITY),
  ]
}

/** A row of titles is no row of the page, and one is seen again. */
const page = (seen: number): number => Math.max(1, seen - 2)

function scrolled({ state, scroll }: Context, rows: (seen: number) => number): ScreenState {
  const here = scroll()
  return here ? scrolledBy(state, here, rows(here.height)) : state
}
