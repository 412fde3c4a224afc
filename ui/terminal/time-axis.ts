import { type PhaseModel, type RunModel, SPAN_KIND } from '../../audit/index.ts'
import type { Scene } from './scene.ts'

/** The time of a run along the columns of a panel: what lanes, heat maps and the brush share, so that they stand in line. */
export interface TimeAxis {
  fromUs: number
  /** time that a column stands for; whole, so that the start of a cell lies in it however far to the right */
  stepUs: number
  /** columns left of the plot, for names */
  label: number
  /** columns of the plot */
  width: number
  /** columns right of it, for values */
  value: number
}

/** What an axis depends on. */
export type Timed = Pick<Scene, 'model' | 'live' | 'readShare'>

/** Names of lanes have this many columns less one; those of the catalog are whole in it, also with the sign of a pinned one. */
const LABEL = 22
const NARROW_LABEL = 13
/** `1.27 ms/req`, and a blank before it */
export const VALUE = 12
/** fewer columns show nothing */
const NARROWEST = 8
/** Of a second, a minute, an hour: round on a clock, and the next is at most a third more. */
const STEPS = [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5, 10, 12, 15, 20, 25, 30, 40, 50]
const LADDER_US = [1, 60, 3600].flatMap((unit) => STEPS.map((step) => step * unit * 1e6))

/**
 * The axis of a panel so many columns wide; null where there is no room, or no time yet. A run that is over fills it. One
 * that goes on grows into it from the left, a second a cell, and is drawn to the next scale when it is full: then at most a
 * quarter of the columns is free, and until the next time nothing moves.
 */
export function timeAxis(timed: Timed, columns: number): TimeAxis | null {
  const { model } = timed
  const label = columns >= 80 ? LABEL : NARROW_LABEL
  const width = columns - label - VALUE - 2
  const [first] = runPhases(model)
  if (width < NARROWEST || !first) return null
  const fromUs = first.startUs
  const isWhole = isOver(timed)
  const leastUs = Math.max(1, Math.ceil(((isWhole ? endOfRun(model) : model.nowUs) - fromUs) / width))
  const stepUs = isWhole ? leastUs : (LADDER_US.find((step) => step >= leastUs) ?? leastUs)
  return { fromUs, stepUs, label, width, value: VALUE }
}

/** Whether anything more is to come: the end was read, or all that there is of a recording without one. */
export const isOver = ({ model, live, readShare }: Timed): boolean =>
  model.end !== null || (!live && (readShare ?? null) === null)

/** What comes after the last phase is no part of it (a summary, the last counters). */
function endOfRun(model: RunModel): number {
  const last = runPhases(model).at(-1)
  return last?.endUs == null ? model.nowUs : Math.max(last.endUs, last.load?.endUs ?? 0)
}

export const cellAt = ({ fromUs, stepUs }: TimeAxis, us: number): number => Math.floor((us - fromUs) / stepUs)
export const startOfCell = ({ fromUs, stepUs }: TimeAxis, cell: number): number => fromUs + cell * stepUs

/**
 * Visits the cells that a span lies in, with the part of it that lies in each: within a span nothing is known about when, so
 * it fills all of them. Cells beside the plot are left out. (A list of them would be made for each point of each frame.)
 */
export function eachCell(
  axis: TimeAxis,
  { startUs, endUs }: { startUs: number; endUs: number },
  visit: (cell: number, share: number) => void,
): void {
  const first = cellAt(axis, startUs)
  const last = Math.max(first, Math.ceil((endUs - axis.fromUs) / axis.stepUs) - 1)
  const spanUs = Math.max(1, endUs - startUs)
  for (let cell = Math.max(0, first); cell <= Math.min(last, axis.width - 1); cell++) {
    const from = startOfCell(axis, cell)
    const inside = Math.min(endUs, from + axis.stepUs) - Math.max(startUs, from)
    visit(cell, first === last ? 1 : Math.max(0, inside) / spanUs)
  }
}

/** The run's own phases; spans are not of it. */
export const runPhases = (model: RunModel): PhaseModel[] => model.phases.filter(({ kind }) => kind !== SPAN_KIND)
