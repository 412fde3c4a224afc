import { type Brush, brush, type Cells, clearCells, createCells, diffCells, forgetCells } from './cells.ts'
import { toAscii } from './glyphs.ts'
import type { Layout } from './layout.ts'

/**
 * The part of the screen that Ink leaves blank and we paint ourselves: a full flame graph costs Ink 40 ms a frame, a
 * cell diff about one.
 */
export interface Portal {
  /** Paints what differs from the last time, in one write. Returns the number of bytes written. */
  paint: (layout: Layout, draw: (brush: Brush) => void) => number
  /** What the terminal shows is no longer known: the next paint draws every cell. */
  forget: () => void
}

export function createPortal(write: (bytes: string) => void, sgr: (style: number) => string, ascii = false): Portal {
  let shown: Cells | null = null
  let next: Cells | null = null
  return {
    paint: ({ columns, rows, panel }, draw) => {
      if (!shown || !next || shown.width !== columns || shown.height !== rows) {
        shown = createCells(columns, rows)
        next = createCells(columns, rows)
        forgetCells(shown)
      }
      clearCells(next)
      draw(brush(next, { x: 0, y: panel.y, width: columns, height: panel.height }))
      if (ascii) toAscii(next)
      const bytes = diffCells(shown, next, panel.y, panel.y + panel.height, sgr)
      if (bytes !== '') write(bytes)
      return bytes.length
    },
    forget: () => {
      if (shown) forgetCells(shown)
    },
  }
}
