import type { TableColumn } from '../../../probes/index.ts'
import { formatUnit, left, right, UNKNOWN } from '../../text/format.ts'
import type { Brush } from '../cells.ts'
import { BOLD, ink, UNDERLINE } from '../palette.ts'
import type { TableState } from '../state.ts'
import { moreRows } from './more.ts'

export type TableRow = Record<string, string | number | null>

const NUMBER = 10
const FIRST = 20
const TEXT = 24
const GAP = 2
/** what marks the column that is sorted by */
const SORTED = 2

/**
 * A table of a probe under a row that says how much of it is out of sight: text at the left, numbers at the right of
 * their columns; columns that do not fit are left out, and so are rows that do not hold what is filtered for.
 */
export function drawTable(
  brush: Brush,
  columns: readonly TableColumn[],
  rows: readonly TableRow[],
  state: TableState,
  filter = '',
): void {
  const placed = place(columns, state.sort, brush.width, textWidths(columns, rows))
  const kept = filterRows(rows, filter)
  const room = Math.max(0, brush.height - 2)
  const most = Math.max(0, kept.length - room)
  for (const { column, x, width } of placed) {
    const isSorted = column.key === state.sort
    const title = `${column.label}${isSorted ? ' ▾' : ''}`
    const align = column.unit === 'text' ? left : right
    brush.spot({ x, y: 1, width, height: 1 }, { kind: 'column', column: column.key })
    brush.text(x, 1, align(title, width), (isSorted ? BOLD | ink.accent : ink.dim) | UNDERLINE)
  }
  const from = Math.min(state.scroll, most)
  sortRows(kept, columns, state.sort)
    .slice(from, from + room)
    .forEach((row, i) => {
      for (const { column, x, width } of placed) {
        const value = row[column.key] ?? null
        const isText = column.unit === 'text'
        brush.text(
          x,
          i + 2,
          (isText ? left : right)(textOf(value, column), width),
          column === columns[0] ? ink.accent : 0,
        )
      }
    })
  if (filter !== '') brush.text(1, 0, `/${filter}   ${kept.length} of ${rows.length} rows`, ink.accent)
  const more = moreRows(from, kept.length - from - room)
  brush.text(brush.width - more.length - 1, 0, more, ink.dim)
}

/** Rows of which a text holds the filter; capitals in it must match, without them case does not matter. */
export function filterRows(rows: readonly TableRow[], filter: string): readonly TableRow[] {
  if (filter === '') return rows
  const isExact = filter !== filter.toLowerCase()
  const holds = (value: string | number | null) =>
    typeof value === 'string' && (isExact ? value : value.toLowerCase()).includes(filter)
  return rows.filter((row) => Object.values(row).some(holds))
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

interface Placed {
  column: TableColumn
  x: number
  width: number
}

/** Columns that hold the longest text of each column that holds texts. */
function textWidths(columns: readonly TableColumn[], rows: readonly TableRow[]): ReadonlyMap<TableColumn, number> {
  const longest = ({ key, label }: TableColumn): number =>
    rows.reduce((most, row) => Math.max(most, String(row[key] ?? '').length), label.length + SORTED)
  if (rows.length === 0) return new Map()
  return new Map(columns.flatMap((column) => (column.unit === 'text' ? [[column, longest(column)] as const] : [])))
}

/**
 * Texts have their usual width; where that leaves no room for all columns they take no more than they need, where it leaves
 * some they are whole. Then shares give way first, then what is per request, then numbers from the right.
 */
function place(
  columns: readonly TableColumn[],
  sort: string | null,
  width: number,
  needed: ReadonlyMap<TableColumn, number>,
): Placed[] {
  const kept = [...columns]
  const usual = (column: TableColumn): number => usualWidth(column, columns.indexOf(column))
  const least = (column: TableColumn): number => Math.min(usual(column), needed.get(column) ?? usual(column))
  const own = widthOf(columns, usual) <= width ? usual : least
  const toGo = columns.filter((column, i) => i > 0 && column.key !== sort).toSorted((a, b) => rank(a) - rank(b))
  // From the right: of equal rank the last in the table goes first.
  while (toGo.length > 0 && widthOf(kept, own) > width) {
    const lowest = toGo[0]
    const victim = lowest && toGo.findLast((column) => rank(column) === rank(lowest))
    if (!victim) break
    toGo.splice(toGo.indexOf(victim), 1)
    kept.splice(kept.indexOf(victim), 1)
  }
  let spare = Math.max(0, width - widthOf(kept, own))
  let x = 1
  return kept.map((column, i): Placed => {
    const more = Math.min(spare, Math.max(0, (needed.get(column) ?? 0) - own(column)))
    // A text at the end has the rest of the line.
    const isLast = i > 0 && i === kept.length - 1 && column.unit === 'text'
    const placed = { column, x, width: isLast ? Math.max(own(column), width - x) : own(column) + more }
    spare -= more
    x += placed.width + GAP
    return placed
  })
}

const rank = ({ unit }: TableColumn): number =>
  unit === 'percent' ? 0 : unit === 'per_request' || unit === 'ns_per_request' ? 1 : unit === 'text' ? 3 : 2

const usualWidth = ({ unit, label }: TableColumn, at: number): number =>
  unit === 'text' ? (at === 0 ? FIRST : TEXT) : Math.max(NUMBER, label.length + 2)

const widthOf = (columns: readonly TableColumn[], own: (column: TableColumn) => number): number =>
  columns.reduce((sum, column) => sum + own(column) + GAP, 1 - GAP)
