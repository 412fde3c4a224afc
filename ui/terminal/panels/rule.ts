import { clip } from '../../text/format.ts'
import type { Brush } from '../cells.ts'
import { BOLD, ink } from '../palette.ts'

/** A line across the panel with a title at its left and a remark at its right, before it what is said where there is room. */
export function drawRule(brush: Brush, y: number, title: string, remark = '', before = ''): void {
  brush.fill(0, y, brush.width, '─', ink.faint)
  const room = Math.max(0, brush.width - 6)
  const shownTitle = clip(title, room)
  brush.text(2, y, ` ${shownTitle} `, BOLD)
  const left = room - shownTitle.length - 4
  const both = [before, remark].filter((text) => text !== '').join('   ')
  const note = both.length <= left ? both : remark
  if (note !== '' && left >= 6) {
    const shownNote = clip(note, left)
    brush.text(brush.width - shownNote.length - 4, y, ` ${shownNote} `, ink.dim)
  }
}
