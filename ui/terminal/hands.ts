import type { Rect } from './cells.ts'

/** What the reader's hands are doing: part of the screen's state (state.ts). */
export interface HandsState {
  /** what came of the last export or copy; the next key takes it away */
  message: Message | null
  /** by probe: only rows of its table that hold this are shown */
  filters: Readonly<Record<string, string>>
  /** line of the palette's list that enter takes */
  chosen: number
  /** the lanes on which the pointer is held down */
  drag: Rect | null
}

export interface Message {
  text: string
  tone: 'good' | 'bad'
}

export const idleHands: HandsState = { message: null, filters: {}, chosen: 0, drag: null }
