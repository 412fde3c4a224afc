import type { PhaseModel, RunModel } from '../../audit/index.ts'
import { baselineOf, type Catalog } from './reading.ts'
import { worstPhases } from './worst.ts'

/** Of more than these nobody reads every number: four blocks of a table. */
const MOST_TOLD = 20
/** At each end of the run. */
const OF_ENDS = 5
const OF_WORST = 9

/** The phases that a text tells of, in their order: all, or of very many the ends, the baseline and the worst. */
export function toldPhases(model: RunModel, catalog: Catalog): { phases: readonly PhaseModel[]; left: string | null } {
  const { phases } = model
  if (phases.length <= MOST_TOLD) return { phases, left: null }
  const worst = worstPhases(model, catalog).slice(0, OF_WORST)
  const baseline = baselineOf(model, phases.at(-1) ?? null)
  const told = new Set([
    ...phases.slice(0, OF_ENDS),
    ...worst,
    ...phases.slice(-OF_ENDS),
    ...(baseline ? [baseline] : []),
  ])
  const left = phases.length - told.size
  return {
    phases: phases.filter((phase) => told.has(phase)),
    left: `and ${left} more phases: shown are the first and last ${OF_ENDS}, and ${worst.length === 0 ? 'none in between is worse' : `the worst (${worst.length})`}; the recording has all`,
  }
}
