import { bucketCeil, bucketFloor, type Histogram, mean, percentile } from '../../../probes/index.ts'
import { formatNs, right } from '../../text/format.ts'
import type { Brush } from '../cells.ts'
import { BOLD, ink, on } from '../palette.ts'

const EIGHTHS = '▏▎▍▌▋▊▉█'
const LABEL = 10
/** columns of `p99–99.9 ≤43.6 ms` */
const MARK = 18
/** rows a decade is cut into, finest first: steps that people read without thinking */
const LADDERS = [[1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]] as const
const MARKS = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
  ['p99.9', 0.999],
] as const

/**
 * A distribution as bars over a logarithmic scale, one row per step, with the percentiles at the rows they fall in.
 * `base` (the baseline's) is drawn as a tick at its own share, so that both can be compared row by row.
 */
export function drawHistogram(brush: Brush, histogram: Histogram, base: Histogram | null): void {
  if (histogram.count === 0) {
    brush.text(1, 0, 'nothing measured in this phase', ink.dim)
    return
  }
  const rows = cut(histogram, base, brush.height)
  const marks = marksOf(histogram, rows)
  const width = Math.max(4, brush.width - LABEL - MARK - 3)
  const top = Math.max(...rows.map((row) => Math.max(row.share, row.base)), 1e-9)
  rows.slice(0, brush.height).forEach((row, y) => {
    brush.text(0, y, right(formatNs(row.from), LABEL), ink.dim)
    brush.text(LABEL + 1, y, '│', ink.faint)
    const eighths = row.share > 0 ? Math.max(1, Math.round((row.share / top) * width * 8)) : 0
    const full = Math.floor(eighths / 8)
    brush.fill(LABEL + 2, y, full, '█', ink.bar)
    if (eighths % 8 > 0) brush.text(LABEL + 2 + full, y, EIGHTHS[(eighths % 8) - 1] ?? '', ink.bar)
    if (row.base > 0) {
      const at = Math.min(width - 1, Math.round((row.base / top) * width))
      // Within the bar it must not look like its end.
      brush.text(LABEL + 2 + at, y, '┊', at < full ? on('paper', 'heatFull') : ink.warn)
    }
    brush.text(LABEL + 3 + width, y, marks[y] ?? '', BOLD)
  })
}

interface Row {
  from: number
  to: number
  share: number
  base: number
}

function cut(histogram: Histogram, base: Histogram | null, height: number): Row[] {
  const all = [histogram, ...(base && base.count > 0 ? [base] : [])]
  const low = Math.min(...all.map((h) => bucketFloor(h.buckets[0]?.[0] ?? 0)))
  const high = Math.max(...all.map((h) => bucketFloor(h.buckets.at(-1)?.[0] ?? 0)))
  const edges =
    LADDERS.map((ladder) => edgesOf(ladder, low, high)).find((e) => e.length <= height) ?? edgesOf([1], low, high)
  const rows = edges.map((from, i): Row => ({ from, to: edges[i + 1] ?? Number.POSITIVE_INFINITY, share: 0, base: 0 }))
  spread(rows, histogram, 'share')
  if (base) spread(rows, base, 'base')
  return rows
}

function edgesOf(ladder: readonly number[], low: number, high: number): number[] {
  const edges: number[] = []
  for (let decade = 1; decade <= Math.max(high, 1); decade *= 10) for (const step of ladder) edges.push(step * decade)
  const first = edges.findLastIndex((edge) => edge <= low)
  return edges.filter((edge, i) => i >= first && edge <= Math.max(high, edges[0] ?? 1))
}

// A bucket belongs to the row of its middle: it is at most 6 % wide, so the error is below what a row shows.
function spread(rows: readonly Row[], histogram: Histogram, into: 'share' | 'base'): void {
  for (const [bucket, count] of histogram.buckets) {
    const middle = (bucketFloor(bucket) + bucketCeil(bucket) - 1) / 2
    const row = rows.find((r) => middle < r.to) ?? rows.at(-1)
    if (row) row[into] += count / histogram.count
  }
}

function marksOf(histogram: Histogram, rows: readonly Row[]): string[] {
  const marks: { name: string; value: number }[][] = rows.map(() => [])
  for (const [name, q] of MARKS) {
    const value = percentile(histogram, q)
    if (value !== null) marks[rows.findIndex((row) => value < row.to)]?.push({ name, value })
  }
  // Several in one row: up to where they reach; their own table says each exactly.
  return marks.map((inRow) => {
    const [first, last] = [inRow[0], inRow.at(-1)]
    if (!first || !last) return ''
    return first === last
      ? `${first.name} ${formatNs(first.value)}`
      : `${first.name}–${last.name.slice(1)} ≤${formatNs(last.value)}`
  })
}

/** The lines of a distribution's table, in ns unless they count. */
export const distributionRows: readonly {
  label: string
  read: (histogram: Histogram) => number | null
  unit: 'ns' | 'count'
}[] = [
  ...MARKS.map(([label, q]) => ({ label, read: (h: Histogram) => percentile(h, q), unit: 'ns' as const })),
  { label: 'max', read: (h) => (h.count === 0 ? null : h.max), unit: 'ns' },
  { label: 'mean', read: mean, unit: 'ns' },
  { label: 'count', read: (h) => h.count, unit: 'count' },
]
