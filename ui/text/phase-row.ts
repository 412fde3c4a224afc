import type { PhaseModel } from '../../audit/index.ts'

/** A row of the table of phases, able to speak for any phase. */
export interface PhaseRow {
  label: string
  /** the probe's tab title, or load, kernel, trust */
  group: string
  cell: (phase: PhaseModel) => Cell
}

export interface Cell {
  text: string
  /** times worse than the baseline; null when there is nothing to compare */
  ratio: number | null
}
