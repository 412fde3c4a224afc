import { clip } from '../../text/format.ts'
import type { Brush } from '../cells.ts'
import { BOLD, ink } from '../palette.ts'

/** Columns around title and remark: lines and blanks. */
const AROUND = 10
/** A remark cut shorter than this says nothing. */
const SHORTEST = 6

/** Whether a title and a remark of these lengths both stand whole. */
export const restFits = (title: string, remark: string, width: number): boolean =>
  title.length + remark.length <= width - AROUND

/**
 * A line across the panel with a title at its left and a remark at its right, before it what is said where there is room.
 * The title is the same each time; what the remark says (of what the numbers are) is cut only where it would take more
 * than half.
 */
export function drawRule(brush: Brush, y: number, title: string, remark = '', before = ''): void {
  brush.fill(0, y, brush.width, '─', ink.faint)
  const room = Math.max(0, brush.width - AROUND)
  const both = [before, remark].filter((text) => text !== '').join('   ')
  const note = title.length + both.length <= room ? both : remark
  const shownNote = clip(note, Math.max(room - title.length, Math.floor(room / 2)))
  const isNoted = note !== '' && shownNote.length >= Math.min(SHORTEST, note.length)
  const shownTitle = clip(title, isNoted ? room - shownNote.length : Math.max(0, brush.width - 6))
  brush.text(2, y, ` ${shownTitle} `, BOLD)
  if (isNoted) brush.text(brush.width - shownNote.length - 4, y, ` ${shownNote} `, ink.dim)
}
