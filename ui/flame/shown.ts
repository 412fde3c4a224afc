import type { ColumnPair, Profile } from '../../audit/index.ts'
import { columnCounts } from '../../audit/index.ts'
import type { FlameColumn } from './embed.ts'
import { totalOf } from './kept.ts'
import type { FlameView } from './layout.ts'

/** What a picture shows at first: a column, or how a candidate differs from a base; by key. */
export type FirstView = { column: string } | { base: string; candidate: string }

/** What is shown, in the terms of everything that draws it. */
export interface Shown {
  view: FlameView
  /** as the file says it: index of a column, or of base and candidate */
  index: number | [number, number]
  label: string
  /** what 100 % are called */
  whole: string
  /** of a single phase: the weight that is 100 % */
  all: number
  /** what holds for the phases that are shown */
  facts: string
  divide: FlameColumn['divide']
  pair: ShownPair | null
  /** events by node, where they are not the weight itself */
  counts: Float64Array | null
}

/** Two compared phases by their labels; `per` is what both are divided by, null when shares are compared. */
export interface ShownPair {
  base: string
  candidate: string
  per: string | null
  columns: ColumnPair
}

/**
 * Finds the columns that a picture shows; a key that `columns` does not have is added to it. `isShare`: two phases are
 * compared by shares, whatever they could be divided by. `whole` is what 100 % are called, by default the phase.
 */
export function shownOf(
  profile: Profile,
  columns: FlameColumn[],
  view: FirstView,
  { isShare = false, whole }: { isShare?: boolean; whole?: string | undefined } = {},
): Shown {
  if ('column' in view) {
    const { index, column } = columnFor(columns, view.column)
    const { label, divide } = column
    return {
      view,
      index,
      label,
      whole: whole ?? label,
      all: totalOf(profile, view.column),
      facts: factsOf(column),
      divide,
      pair: null,
      counts: profile.unit === 'ns' ? columnCounts(profile, view.column) : null,
    }
  }
  const base = columnFor(columns, view.base)
  const candidate = columnFor(columns, view.candidate)
  const [divideBase, divideCandidate] = [base.column.divide, candidate.column.divide]
  const same = !isShare && divideBase && divideCandidate && divideBase.per === divideCandidate.per
  const scales = same ? { baseScale: 1 / divideBase.by, candidateScale: 1 / divideCandidate.by } : {}
  const pair = { ...view, ...scales }
  return {
    view: { pair },
    index: [base.index, candidate.index],
    label: `${candidate.column.label} − ${base.column.label}`,
    whole: '',
    all: 0,
    facts: `${factsOf(base.column)}\u2003vs\u2003${factsOf(candidate.column)}`,
    divide: undefined,
    pair: {
      base: base.column.label,
      candidate: candidate.column.label,
      per: same ? divideBase.per : null,
      columns: pair,
    },
    counts: null,
  }
}

function columnFor(columns: FlameColumn[], key: string): { index: number; column: FlameColumn } {
  const known = columns.findIndex((column) => column.key === key)
  const index = known >= 0 ? known : columns.push({ key, label: key }) - 1
  return { index, column: columns[index] ?? { key, label: key } }
}

const factsOf = (column: FlameColumn): string => [column.label, column.facts].filter(Boolean).join(' · ')
