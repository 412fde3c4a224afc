import type { Place } from './flame/shape.ts'
import type { ScreenState } from './state.ts'

/**
 * What a part of the screen stands for under the pointer. Told by who draws it, so that no position is computed twice
 * (`Brush.spot`); what a click on it does is said in point.ts.
 */
export type Target =
  | { kind: 'tab'; tab: number }
  /** stands for a key: a hint of the footer */
  | { kind: 'key'; key: string }
  | { kind: 'view'; view: string }
  | { kind: 'phase'; id: number }
  /** a title in a table */
  | { kind: 'column'; column: string }
  /** scrolls: `at` rows stand above it, at most `most` can; `to` is the state with so many above */
  | { kind: 'rows'; at: number; most: number; to: (state: ScreenState, at: number) => ScreenState }
  /** a flame graph: what its box at a cell is, and whether it is the selected one; null between boxes */
  | { kind: 'flame'; at: (x: number, y: number) => { place: Place; isSelected: boolean } | null }
  /** the run over time, column by column */
  | { kind: 'lanes' }
  /** a line of what stands out */
  | { kind: 'proof'; index: number }
  /** a line of the palette's list */
  | { kind: 'command'; index: number }
