import { type PhaseModel, type RunModel, SPAN_KIND } from '../../audit/index.ts'

/** The time of a run along the columns of a panel: what lanes, heat maps and the brush share, so that they stand in line. */
export interface TimeAxis {
  fromUs: number
  /** time that a column stands for */
  stepUs: number
  /** columns left of the plot, for names */
  label: number
  /** columns of the plot */
  width: number
  /** columns right of it, for values */
  value: number
}

const LABEL = 24
const NARROW_LABEL = 10
const VALUE = 10
/** fewer columns show nothing */
const NARROWEST = 8
/** seconds a cell can stand for: the picture is redrawn to a new scale only when the next step is needed */
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 300, 600, 900, 1200, 1800, 3600, 7200, 14_400]

/** The axis of a panel so many columns wide; null where there is no room, or no time yet. */
export function timeAxis(model: RunModel, columns: number): TimeAxis | null {
  const label = columns >= 80 ? LABEL : NARROW_LABEL
  const width = columns - label - VALUE - 3
  const [first] = runPhases(model)
  if (width < NARROWEST || !first) return null
  const secondsPerCell = (model.nowUs - first.startUs) / 1e6 / width
  const stepS = STEPS_S.find((step) => step >= secondsPerCell) ?? secondsPerCell
  return { fromUs: first.startUs, stepUs: stepS * 1e6, label, width, value: VALUE }
}

export const cellAt = ({ fromUs, stepUs }: TimeAxis, us: number): number => Math.floor((us - fromUs) / stepUs)
export const startOfCell = ({ fromUs, stepUs }: TimeAxis, cell: number): number => fromUs + cell * stepUs

/** The run's own phases; spans are not of it. */
export const runPhases = (model: RunModel): PhaseModel[] => model.phases.filter(({ kind }) => kind !== SPAN_KIND)
