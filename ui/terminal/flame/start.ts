import type { PhaseModel, RunModel } from '../../../audit/index.ts'
import type { Probe } from '../../../probes/index.ts'
import type { Catalog } from '../../text/reading.ts'
import { type ScreenState, tabsOf } from '../state.ts'
import type { Shape } from './shape.ts'
import { WALL } from './stacks-tab.ts'

/** Which flame graph of a run a screen begins with. */
export interface FlameStart {
  /** null: the wall clock */
  probe: Probe | null
  /** one of `draw.flame.views`; the first by default */
  view?: string
  show: { phase: PhaseModel } | { base: PhaseModel; candidate: PhaseModel }
  shapes: readonly Shape[]
}

export function startWith(model: RunModel, catalog: Catalog, start: FlameStart): Partial<ScreenState> {
  const { probe, show, shapes } = start
  const name = probe?.name ?? WALL
  const view = start.view ?? probe?.draw.flame?.views[0]?.name
  const tab = tabsOf(model, catalog).findIndex((one) =>
    one.kind === 'probe' ? one.probe.name === name : one.kind === 'stacks' && one.name === name,
  )
  return {
    tab: Math.max(0, tab),
    ...('phase' in show ? { phaseId: show.phase.id } : { phaseId: show.candidate.id, compare: show.base.id }),
    ...(view === undefined ? {} : { views: { [name]: `flame:${view}` } }),
    ...(shapes.length > 0 ? { flames: { [name]: { root: [], selected: [], shapes } } } : {}),
  }
}
