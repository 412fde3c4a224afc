import type { PhaseModel, RunModel } from '../../../audit/index.ts'
import { clip, formatRatio, left, right, UNKNOWN } from '../../text/format.ts'
import { baselineOf } from '../../text/reading.ts'
import { WORSE } from '../../text/stand-outs.ts'
import { type SystemRow, systemRows } from '../../text/system-rows.ts'
import type { Brush } from '../cells.ts'
import { BOLD, ink } from '../palette.ts'
import type { Scene } from '../scene.ts'
import { phaseShown, type ScreenState } from '../state.ts'
import { moreRows } from './more.ts'
import { drawRule } from './rule.ts'
import { scrollOf, spotToScroll } from './scroll.ts'

/** columns of a label and of a number; narrow: three phases and both differences in 80 columns */
const WIDE = { label: 34, column: 11 }
const NARROW = { label: 30, column: 10 }
const RATIO = 7
/** from so many columns on labels and numbers are whole */
const AMPLE = 100

/** The system's own numbers, a column for each phase; beside the one looked at how it differs from idle and from the baseline. */
export function drawSystem({ model, state }: Scene, brush: Brush): void {
  const phase = phaseShown(model, state)
  const baseline = baselineOf(model, phase)
  const { rows, still } = systemRows(model)
  const isWide = brush.width >= AMPLE
  const notes = [baseline && `× worse than ${baseline.name}`, isWide && still > 0 && `${still} more stood at 0`]
  drawRule(brush, 0, 'What did the system do meanwhile?', notes.filter((note) => note).join('   '))
  if (rows.length === 0) {
    brush.text(2, 2, phase ? 'no number of the system was recorded' : 'waiting for the first sample', ink.dim)
    return
  }
  drawRows(brush.part({ x: 0, y: 1, width: brush.width, height: brush.height - 1 }), model, rows, phase, state)
}

/** Numbers under their phases, groups under their names. */
function drawRows(
  brush: Brush,
  model: RunModel,
  rows: readonly SystemRow[],
  shown: PhaseModel | null,
  state: ScreenState,
): void {
  const lines = linesOf(rows)
  const height = Math.max(0, brush.height - 1)
  // Stretches of the list, each with its phases, side by side.
  const beside = lines.length > height ? Math.max(1, Math.floor(brush.width / AMPLE)) : 1
  const width = Math.floor(brush.width / beside)
  const columns = columnsOf(model, shown, width)
  const room = height * beside
  const scroll = scrollOf(state, 'system', lines.length - room)
  spotToScroll(brush, scroll)
  const from = scroll.at
  for (let part = 0; part < beside && part * height < lines.length; part++) {
    const under = brush.part({ x: part * width, y: 0, width, height: brush.height })
    for (const { title, x, isShown } of columns.heads)
      under.text(x, 0, right(title, columns.column), isShown ? BOLD | ink.accent : ink.dim)
    const first = from + part * height
    lines.slice(first, first + height).forEach((line, i) => {
      const y = i + 1
      if (typeof line === 'string') under.text(1, y, line, BOLD)
      else drawRow(under, y, line, shown, columns)
    })
  }
  brush.text(1, 0, clip(moreRows(from, lines.length - from - room), columns.label - 1), ink.dim)
}

/** Group names stand on a line of their own. */
function linesOf(rows: readonly SystemRow[]): (SystemRow | string)[] {
  return rows.flatMap((row, i) => (row.group === rows[i - 1]?.group ? [row] : [row.group, row]))
}

interface Columns {
  label: number
  /** width of a number */
  column: number
  phases: { phase: PhaseModel; x: number }[]
  /** where the difference to idle stands; null where there is no idle phase, or no room */
  idleX: number | null
  ratioX: number
  heads: { title: string; x: number; isShown: boolean }[]
}

/** The phase looked at always, then its neighbours back in time; what differs stands right of all of them. */
function columnsOf(model: RunModel, shown: PhaseModel | null, width: number): Columns {
  const { label, column } = width >= AMPLE ? WIDE : NARROW
  const hasIdle = shown !== null && model.phases.some(({ kind, startUs }) => kind === 'idle' && startUs < shown.startUs)
  const idle = hasIdle && width >= label + 2 * column + RATIO ? column : 0
  const room = Math.max(1, Math.floor((width - label - idle - RATIO - 1) / column))
  const first = [shown, baselineOf(model, shown), ...model.phases.toReversed()].filter((phase) => phase !== null)
  const kept = new Set(first.filter((phase, i) => first.indexOf(phase) === i).slice(0, room))
  const phases = model.phases.filter((phase) => kept.has(phase)).map((phase, i) => ({ phase, x: label + i * column }))
  const end = label + phases.length * column
  return {
    label,
    column,
    phases,
    idleX: idle > 0 ? end : null,
    ratioX: end + idle,
    heads: [
      ...phases.map(({ phase, x }) => ({ title: phase.name, x, isShown: phase === shown })),
      ...(idle > 0 ? [{ title: 'over idle', x: end, isShown: true }] : []),
    ],
  }
}

function drawRow(brush: Brush, y: number, row: SystemRow, shown: PhaseModel | null, columns: Columns): void {
  const ratio = shown && row.worse(shown)
  const isFault = shown !== null && row.isFault(shown)
  const isWorse = ratio !== null && ratio >= WORSE
  brush.text(3, y, left(row.label, columns.label - 4), ink.dim)
  for (const { phase, x } of columns.phases) {
    const text = row.text(phase)
    // What is zero steps back, a fault is seen in whichever phase it was.
    const tone = row.isFault(phase) ? ink.bad : phase === shown && isWorse ? ink.warn : isNothing(text) ? ink.dim : 0
    brush.text(x, y, right(text, columns.column), phase === shown ? BOLD | tone : tone)
  }
  if (!shown) return
  if (columns.idleX !== null) brush.text(columns.idleX, y, right(row.overIdle(shown), columns.column), ink.dim)
  if (isWorse)
    brush.text(
      columns.ratioX + 1,
      y,
      clip(Number.isFinite(ratio) ? formatRatio(ratio) : 'new', RATIO - 1),
      isFault ? BOLD | ink.bad : ink.warn,
    )
}

const isNothing = (text: string): boolean => text === UNKNOWN || /^0(\/s| .*)?$/.test(text)
