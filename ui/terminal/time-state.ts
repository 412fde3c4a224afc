/** What the reader does with the time of a run: which lanes stand on the screen, and what of it is being selected. */
export interface TimeState {
  lanes: 'two' | 'all' | 'none'
  /** keys of lanes that stay whatever is chosen */
  pinned: readonly string[]
  brush: BrushState | null
  /** a span that is being read out of the recording */
  reading: Selection | null
}

export interface Selection {
  fromUs: number
  /** the first that is outside */
  toUs: number
}

export interface BrushState {
  /** start of the cell of time that the cursor stands in */
  atUs: number
  /** where the selection begins; null: only the cursor's cell is selected */
  anchorUs: number | null
  /** where it ends once that is set; null: at the cursor */
  endUs: number | null
  /** key of the chosen lane; null: the first */
  lane: string | null
}

export const initialTime: TimeState = { lanes: 'two', pinned: [], brush: null, reading: null }

/** The selected time, whole cells of `stepUs`: both ends are in it. */
export function selectionOf({ atUs, anchorUs, endUs }: BrushState, stepUs: number): Selection {
  const [a, b] = [anchorUs ?? atUs, endUs ?? atUs]
  return { fromUs: Math.min(a, b), toUs: Math.max(a, b) + stepUs }
}
