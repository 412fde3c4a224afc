import { clip } from '../../text/format.ts'
import type { Brush } from '../cells.ts'
import { BOLD, ink } from '../palette.ts'

/** A line across the panel with a title at its left and a remark at its right. */
export function drawRule(brush: Brush, y: number, title: string, note = ''): void {
  brush.fill(0, y, brush.width, '─', ink.faint)
  const room = Math.max(0, brush.width - 6)
  const shownTitle = clip(title, room)
  brush.text(2, y, ` ${shownTitle} `, BOLD)
  const left = room - shownTitle.length - 4
  if (note !== '' && left >= 6) {
    const shownNote = clip(note, left)
    brush.text(brush.width - shownNote.length - 4, y, ` ${shownNote} `, ink.dim)
  }
}
