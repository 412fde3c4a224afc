import type { PhaseModel, RunModel } from '../../../audit/index.ts'
import { clip, formatRatio, left, right } from '../../text/format.ts'
import type { PhaseRow } from '../../text/phase-row.ts'
import { WORSE } from '../../text/stand-outs.ts'
import type { Brush } from '../cells.ts'
import { BOLD, ink } from '../palette.ts'
import { phaseName } from '../span-words.ts'
import { moreRows } from './more.ts'

const LABEL = 30
const COLUMN = 10
const RATIO = 7

/** Columns that the table needs for all phases of a run. */
export const phaseTableWidth = (model: RunModel): number => LABEL + model.phases.length * COLUMN + 1 + RATIO

/**
 * Rows of figures, a column for each phase, and beside the phase looked at how much worse it is than `base`; the worst
 * phase is marked. Rows above `scroll` are left out.
 */
export function drawPhaseTable(
  model: RunModel,
  rows: readonly PhaseRow[],
  shown: PhaseModel | null,
  brush: Brush,
  scroll: number,
  { base, worst = null }: { base: PhaseModel | null; worst?: PhaseModel | null },
): void {
  const phases = phasesThatFit(model, shown, base, Math.floor((brush.width - LABEL - 1 - RATIO) / COLUMN))
  const at = shown ? phases.indexOf(shown) : -1
  const columns = phases.map((phase, i) => ({ phase, x: LABEL + i * COLUMN + (at >= 0 && i > at ? RATIO : 0) }))
  if (columns.length === 0) return
  const room = brush.height - 1
  for (const { phase, x } of columns) {
    const name = phase === worst ? clip(`▲ ${phase.name}`, COLUMN - 1) : phaseName(phase, COLUMN - 1)
    brush.text(x, 0, right(name, COLUMN), phase === shown ? BOLD | ink.accent : ink.dim)
    brush.spot({ x, y: 0, width: COLUMN, height: 1 }, { kind: 'phase', id: phase.id })
  }
  const from = Math.max(0, Math.min(scroll, rows.length - room))
  const spaced = rows.length + groupsOf(rows) - 1 <= room
  let y = 1
  rows.slice(from).forEach((row, i, visible) => {
    if (spaced && i > 0 && row.group !== visible[i - 1]?.group) y++
    if (y > room) return
    brush.text(1, y, left(row.label, LABEL - 1), ink.dim)
    for (const { phase, x } of columns) drawCell(brush, x, y, row.cell(phase), phase === shown)
    y++
  })
  // Above the labels nothing else stands.
  brush.text(1, 0, clip(moreRows(from, rows.length - from - room), LABEL - 1), ink.dim)
}

function drawCell(
  brush: Brush,
  x: number,
  y: number,
  { text, ratio }: ReturnType<PhaseRow['cell']>,
  isShown: boolean,
): void {
  const isWorse = isShown && ratio !== null && ratio >= WORSE
  brush.text(x, y, right(text, COLUMN), (isShown ? BOLD : 0) | (isWorse ? ink.warn : 0))
  if (isWorse) brush.text(x + COLUMN + 1, y, clip(worse(ratio), RATIO - 1), BOLD | ink.bad)
}

const worse = (ratio: number): string => (Number.isFinite(ratio) ? formatRatio(ratio) : 'new')

const groupsOf = (rows: readonly PhaseRow[]): number => new Set(rows.map((row) => row.group)).size

/** The phase looked at and what it is compared with always; of the others the latest. */
function phasesThatFit(model: RunModel, shown: PhaseModel | null, base: PhaseModel | null, room: number): PhaseModel[] {
  if (model.phases.length <= room) return model.phases
  const kept = new Set<PhaseModel>()
  for (const phase of [shown, base, ...model.phases.toReversed()]) if (phase && kept.size < room) kept.add(phase)
  return model.phases.filter((phase) => kept.has(phase))
}
