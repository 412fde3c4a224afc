import type { PhaseModel, RunModel } from '../../audit/index.ts'
import { baselineOf } from '../text/reading.ts'
import type { Scene } from './scene.ts'
import { phaseShown, type ScreenState } from './state.ts'

/** The phase that the reader compares with; null where none is chosen, or it is the one that is shown. */
export function comparedWith(model: RunModel, state: ScreenState, shown: PhaseModel | null): PhaseModel | null {
  if (state.compare === null || !shown || shown.id === state.compare) return null
  return model.phases.find(({ id }) => id === state.compare) ?? null
}

/** What a phase's figures are held against: the reader's choice, else the baseline. */
export const baseFor =
  (state: ScreenState) =>
  (model: RunModel, phase: PhaseModel | null): PhaseModel | null =>
    comparedWith(model, state, phase) ?? baselineOf(model, phase)

/** The phase to compare with after this one: the baseline first, then the others in their order, then none. */
export function nextCompared(model: RunModel, state: ScreenState, step: 1 | -1): number | null {
  const shown = phaseShown(model, state)
  const others = model.phases.filter((phase) => phase !== shown)
  const first = baselineOf(model, shown) ?? others[0]
  const ids = [null, ...(first ? [first.id] : []), ...others.flatMap(({ id }) => (id === first?.id ? [] : [id]))]
  const at = Math.max(0, ids.indexOf(comparedWith(model, state, shown)?.id ?? null))
  return ids[(at + step + ids.length) % ids.length] ?? null
}

/** What is looked at, in words: `stress − baseline`; while a run goes on also that it is not followed: `stress (pinned)`. */
export function shownWords({ model, state, live }: Pick<Scene, 'model' | 'state' | 'live'>): string {
  const phase = phaseShown(model, state)
  if (!phase) return ''
  const base = comparedWith(model, state, phase)
  return `${phase.name}${base ? ` − ${base.name}` : ''}${state.phaseId === null || !live || model.end ? '' : ' (pinned)'}`
}
