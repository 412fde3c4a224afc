import type { PhaseModel, RunModel } from '../../../audit/index.ts'
import { clip, formatRatio, left, right } from '../../text/format.ts'
import type { PhaseRow } from '../../text/phases.ts'
import { baselineOf } from '../../text/reading.ts'
import type { Brush } from '../cells.ts'
import { BOLD, ink } from '../palette.ts'

const LABEL = 24
const COLUMN = 11
const RATIO = 7
/** A value this many times worse than in the baseline is named. */
const WORSE = 1.5

/** Rows of figures, a column for each phase, and how much worse the phase looked at is than the baseline. */
export function drawPhaseTable(
  model: RunModel,
  rows: readonly PhaseRow[],
  shown: PhaseModel | null,
  brush: Brush,
): void {
  const phases = phasesThatFit(model, shown, Math.floor((brush.width - LABEL - 1 - RATIO) / COLUMN))
  if (phases.length === 0) return
  phases.forEach((phase, i) => {
    brush.text(LABEL + i * COLUMN, 0, right(phase.name, COLUMN), phase === shown ? BOLD | ink.accent : ink.dim)
  })
  let group = ''
  let y = 1
  for (const row of rows) {
    if (y >= brush.height) break
    if (row.group !== group && group !== '' && rows.length + groupsOf(rows) < brush.height) y++
    group = row.group
    brush.text(1, y, left(row.label, LABEL - 1), ink.dim)
    phases.forEach((phase, i) => {
      const { text, ratio } = row.cell(phase)
      const isWorse = phase === shown && ratio !== null && ratio >= WORSE
      brush.text(LABEL + i * COLUMN, y, right(text, COLUMN), (phase === shown ? BOLD : 0) | (isWorse ? ink.warn : 0))
      if (isWorse) brush.text(LABEL + phases.length * COLUMN + 1, y, clip(worse(ratio), RATIO - 1), BOLD | ink.bad)
    })
    y++
  }
}

const worse = (ratio: number): string => (Number.isFinite(ratio) ? formatRatio(ratio) : 'new')

const groupsOf = (rows: readonly PhaseRow[]): number => new Set(rows.map((row) => row.group)).size

/** The phase looked at and its baseline always; of the others the latest. */
function phasesThatFit(model: RunModel, shown: PhaseModel | null, room: number): PhaseModel[] {
  if (model.phases.length <= room) return model.phases
  const kept = new Set<PhaseModel>()
  const baseline = baselineOf(model, shown)
  for (const phase of [shown, baseline, ...model.phases.toReversed()]) if (phase && kept.size < room) kept.add(phase)
  return model.phases.filter((phase) => kept.has(phase))
}
