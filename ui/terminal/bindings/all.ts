import type { Scene } from '../scene.ts'
import { phaseShown, tabsOf, viewShown } from '../state.ts'
import type { Binding, Place } from './binding.ts'
import { brushBindings, timeBindings } from './brush.ts'
import { compareBindings } from './compare.ts'
import { exportBindings } from './export.ts'
import { anywhereBindings, flameBindings } from './flame.ts'
import { helpBindings } from './help.ts'
import { paletteBindings } from './palette.ts'
import { proofBindings } from './proof.ts'
import { runBindings, screenBindings } from './screen.ts'
import { tableBindings } from './table.ts'

/** Every key there is. The help and the footer are made from this table. */
export const bindings: readonly Binding[] = [
  ...brushBindings,
  // First: the way to what a reader came for.
  ...proofBindings,
  ...screenBindings,
  ...paletteBindings,
  ...timeBindings,
  ...compareBindings,
  ...exportBindings,
  ...flameBindings,
  ...anywhereBindings,
  ...tableBindings,
  ...runBindings,
  ...helpBindings,
]

/** What a key means in these places (the nearest first); null where it means nothing. */
export function bindingOf(key: string, places: readonly Place[]): Binding | null {
  const found = bindings.filter(({ keys }) => keys.includes(key))
  const place = places.find((one) => found.some(({ where }) => where === one))
  return found.find(({ where }) => where === place) ?? null
}

/** Where the reader is, the nearest first; the help is a place of its own. */
export const placesOf = (scene: Pick<Scene, 'model' | 'catalog' | 'state'>): Place[] =>
  scene.state.help ? ['help'] : placesUnder(scene)

/** Where the reader is when no help is open. */
export function placesUnder(scene: Pick<Scene, 'model' | 'catalog' | 'state'>): Place[] {
  const { brush, reading } = scene.state.time
  return [...(brush ? ['brush' as const] : reading ? ['reading' as const] : []), ...placesOfTab(scene)]
}

function placesOfTab({ model, catalog, state }: Pick<Scene, 'model' | 'catalog' | 'state'>): Place[] {
  const tab = tabsOf(model, catalog)[state.tab]
  if (tab?.kind === 'stacks') return ['flame', 'everywhere']
  if (tab?.kind !== 'probe') return ['everywhere']
  const view = viewShown(tab.probe, phaseShown(model, state), state)
  if (view?.kind === 'flame') return ['flame', 'everywhere']
  return tab.probe.draw.table ? ['table', 'everywhere'] : ['everywhere']
}
