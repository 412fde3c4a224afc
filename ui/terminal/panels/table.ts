import type { TableColumn } from '../../../probes/index.ts'
import { formatUnit, left, right, UNKNOWN } from '../../text/format.ts'
import type { Brush } from '../cells.ts'
import { BOLD, ink, UNDERLINE } from '../palette.ts'
import type { TableState } from '../state.ts'

export type TableRow = Record<string, string | number | null>

const NUMBER = 10
const FIRST = 20
const TEXT = 24

/** A table of a probe: text at the left, numbers at the right of their columns; columns that do not fit are left out. */
export function drawTable(
  brush: Brush,
  columns: readonly TableColumn[],
  rows: readonly TableRow[],
  state: TableState,
): void {
  const placed = place(columns, brush.width)
  for (const { column, x, width } of placed) {
    const isSorted = column.key === state.sort
    const title = `${column.label}${isSorted ? ' ▾' : ''}`
    const align = column.unit === 'text' ? left : right
    brush.text(x, 0, align(title, width), (isSorted ? BOLD | ink.accent : ink.dim) | UNDERLINE)
  }
  const room = Math.max(0, brush.height - 1)
  const from = Math.min(state.scroll, Math.max(0, rows.length - room))
  sortRows(rows, columns, state.sort)
    .slice(from, from + room)
    .forEach((row, i) => {
      for (const { column, x, width } of placed) {
        const value = row[column.key] ?? null
        const isText = column.unit === 'text'
        brush.text(
          x,
          i + 1,
          (isText ? left : right)(textOf(value, column), width),
          column === columns[0] ? ink.accent : 0,
        )
      }
    })
  const below = rows.length - from - room
  if (below > 0) brush.text(brush.width - 12, room, right(`${below} more ↓`, 11), ink.dim)
}

/** Biggest first by a column, names in their order; unknown values last. */
export function sortRows(
  rows: readonly TableRow[],
  columns: readonly TableColumn[],
  sort: string | null,
): readonly TableRow[] {
  const column = columns.find(({ key }) => key === sort)
  if (!column) return rows
  const { key } = column
  return rows.toSorted((a, b) => {
    const [x, y] = [a[key] ?? null, b[key] ?? null]
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1
    return typeof x === 'number' && typeof y === 'number' ? y - x : String(x).localeCompare(String(y), 'en')
  })
}

function textOf(value: string | number | null, column: TableColumn): string {
  if (value === null) return UNKNOWN
  if (typeof value === 'string') return value
  return column.unit === 'text' ? String(value) : formatUnit(value, column.unit)
}

function place(columns: readonly TableColumn[], width: number): { column: TableColumn; x: number; width: number }[] {
  const placed: { column: TableColumn; x: number; width: number }[] = []
  let x = 1
  for (const [i, column] of columns.entries()) {
    const wanted = column.unit === 'text' ? (i === 0 ? FIRST : TEXT) : Math.max(NUMBER, column.label.length + 2)
    if (x + wanted > width) break
    placed.push({ column, x, width: wanted })
    x += wanted + 2
  }
  return placed
}
