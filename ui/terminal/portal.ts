import { type Brush, brush, type Cells, clearCells, createCells, diffCells, forgetCells } from './cells.ts'
import { toAscii } from './glyphs.ts'
import type { Layout } from './layout.ts'

/**
 * The part of the screen that Ink leaves blank and we paint ourselves: a full flame graph costs Ink 40 ms a frame, a
 * cell diff about one.
 */
export interface Portal {
  /** Draws the next picture; nothing is written. */
  draw: (layout: Layout, draw: (brush: Brush) => void) => void
  /** Writes what differs in the picture drawn last from the one before, in one write. Returns the number of bytes. */
  show: () => number
  /** What the terminal shows is no longer known: what is shown next is written whole. */
  forget: () => void
}

export function createPortal(write: (bytes: string) => void, sgr: (style: number) => string, ascii = false): Portal {
  let shown: Cells | null = null
  let next: Cells | null = null
  // rows of the panel
  let [from, to] = [0, 0]
  return {
    draw: ({ columns, rows, panel }, draw) => {
      if (!shown || !next || shown.width !== columns || shown.height !== rows) {
        shown = createCells(columns, rows)
        next = createCells(columns, rows)
        forgetCells(shown)
      }
      clearCells(next)
      draw(brush(next, { x: 0, y: panel.y, width: columns, height: panel.height }))
      if (ascii) toAscii(next)
      from = panel.y
      to = panel.y + panel.height
    },
    show: () => {
      if (!shown || !next) return 0
      const bytes = diffCells(shown, next, from, to, sgr)
      if (bytes !== '') write(bytes)
      return bytes.length
    },
    forget: () => {
      if (shown) forgetCells(shown)
    },
  }
}
