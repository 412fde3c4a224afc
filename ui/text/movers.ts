import { frameLabel, type Moved, type Mover, type Movers, type Profile } from '../../audit/index.ts'
import { clip, formatCount, formatNs, formatPercent, left, right, UNKNOWN } from './format.ts'

export interface MoversHeading {
  /** what the two sides are called */
  base: string
  candidate: string
  unit: Profile['unit']
  /** what both sides are divided by, e.g. `request`; null: shares of their totals are compared */
  per: string | null
}

/** The ranked lists of what changed, as text of at most 100 columns; JSON has whole paths. */
export function moversText(movers: Movers, heading: MoversHeading): string {
  const { base, candidate, per } = heading
  const what = per === null ? 'shares of each total' : `per ${per}`
  const lines = [
    `${candidate} against ${base}, ${what}: ${movers.significant} of ${movers.functions} functions differ significantly`,
    ...listText('what functions did themselves', movers.bySelf, 'self', heading),
    ...listText('with all that they called', movers.byTotal, 'total', heading),
  ]
  const marks = new Set([
    ...movers.bySelf.map(({ self }) => markOf(self)),
    ...movers.byTotal.map(({ total }) => markOf(total)),
  ])
  if (marks.has('~')) lines.push('', '~ may be chance: not significant at a false discovery rate of 5 %')
  if (marks.has('?')) lines.push('', '? too few events to tell, or their number is not known')
  return lines.join('\n')
}

function listText(title: string, rows: readonly Mover[], which: 'self' | 'total', heading: MoversHeading): string[] {
  if (rows.length === 0) return ['', `${title}: nothing changed`]
  const head = `  ${right('change', 11)} ${left('ratio (95 %)', 21)} ${right('before', 9)} ${right('after', 9)}  function`
  return ['', `${title}:`, head, ...rows.map((row) => rowText(row, row[which], heading))]
}

function rowText(row: Mover, moved: Moved, { unit, per }: MoversHeading): string {
  const weight = (value: number): string => {
    if (per === null) return formatPercent(value * 100)
    return unit === 'ns' ? formatNs(value) : formatCount(value)
  }
  const sign = moved.delta > 0 ? '+' : '-'
  const callers = row.path.slice(0, -1).reverse().slice(0, 3).map(frameLabel)
  const name = [frameLabel(row.name), ...callers].join(' < ')
  const figures = [
    `${markOf(moved)} ${right(sign + weight(Math.abs(moved.delta)), 11)}`,
    left(ratioText(moved), 21),
    right(weight(moved.base), 9),
    right(weight(moved.candidate), 9),
  ].join(' ')
  return `${figures}  ${clip(name, 100 - figures.length - 2)}`
}

const markOf = ({ significant }: Moved): string => (significant === null ? '?' : significant ? ' ' : '~')

function ratioText({ ratio, interval }: Moved): string {
  if (ratio === null) return UNKNOWN
  if (ratio === Infinity) return interval ? `new (over ×${times(interval.low)})` : 'new'
  if (ratio === 0) return interval ? `gone (under ×${times(interval.high)})` : 'gone'
  return interval ? `×${times(ratio)} (${times(interval.low)}..${times(interval.high)})` : `×${times(ratio)}`
}

/** Ratios near 1 are the ones to tell apart: two decimals. */
const times = (ratio: number): string => (ratio > 999 ? '>999' : ratio.toFixed(ratio < 10 ? 2 : ratio < 100 ? 1 : 0))
