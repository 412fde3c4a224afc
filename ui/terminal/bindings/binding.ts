import type { Rect } from '../cells.ts'
import type { ExportKind } from '../export.ts'
import type { Scroll } from '../panels/scroll.ts'
import type { Scene } from '../scene.ts'
import type { SpanEffect } from '../spans.ts'
import type { ScreenState, Tab } from '../state.ts'

/** What a key press asks of the world outside the screen. */
export type Effect =
  | { do: 'quit' }
  | { do: 'redraw' }
  | { do: 'suspend' }
  | { do: 'mark'; label: string }
  | { do: 'export'; kind: ExportKind }
  | { do: 'screenshot' }
  /** `what` names the text to the reader */
  | { do: 'copy'; text: string; what: string }
  | SpanEffect

export interface Update {
  state: ScreenState
  effect?: Effect
}

/** What a key acts on: the scene, and the size of the panel, where movements happen. */
export interface Context {
  scene: Scene
  state: ScreenState
  panel: Pick<Rect, 'width' | 'height'> & {
    /** rows with the lanes and all that stands around; default: there are no lanes */
    whole?: number
  }
  tab: Tab | undefined
  /** how what is shown is scrolled, and how many rows of it are seen; null where nothing scrolls */
  scroll: () => (Scroll & { height: number }) | null
}

/** Where a key means something; what is nearer to the reader's eye comes before `everywhere`. */
export type Place = 'help' | 'brush' | 'reading' | 'flame' | 'table' | 'everywhere'

/** A key (or several that do the same), what it does, and how the help and the footer tell of it: nothing else knows it. */
export interface Binding {
  keys: readonly string[]
  where: Place
  act: (context: Context) => Update
  /** the line of the help; bindings that share a line tell it once */
  help?: { keys: string; does: string }
  /** shown in the footer, in the order of the table, where there is room */
  hint?: string
  /** when it gives way there, the highest first; otherwise by its place (`hintRank`) */
  rank?: number
  /** false: a movement, which nobody looks for in the palette */
  listed?: false
  /** false where it would do nothing: then it is not shown in the footer */
  applies?: (scene: Scene) => boolean
}

/** Without room for all: what is done in a hurry or at the end stays, then what only this place can do. */
const placeRank: Readonly<Record<Place, number>> = { help: 1, brush: 1, reading: 1, flame: 3, table: 3, everywhere: 4 }
export const hintRank = ({ rank, where }: Pick<Binding, 'rank' | 'where'>): number => rank ?? placeRank[where]

/** A change of the state alone. */
export const change =
  (next: (context: Context) => ScreenState): Binding['act'] =>
  (context) => ({ state: next(context) })
