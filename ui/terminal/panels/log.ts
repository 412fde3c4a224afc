import { clip, formatClock, formatCount } from '../../text/format.ts'
import type { Brush } from '../cells.ts'
import { ink } from '../palette.ts'
import type { Scene } from '../scene.ts'
import { drawRule } from './rule.ts'

/** What was noted, marked and lost, the latest at the bottom. */
export function drawLog({ model, state }: Scene, brush: Brush): void {
  drawRule(brush, 0, 'Log', `${model.notes.length} notes`)
  const entries = [
    ...model.phases.map((phase) => ({ tUs: phase.startUs, kind: 'phase', text: phase.name, style: ink.accent })),
    ...model.notes.map(({ tUs, text, kind }) => ({ tUs, kind, text, style: kind === 'mark' ? ink.accent : ink.plain })),
    ...model.loss.map(({ startUs, probe, kind, count }) => ({
      tUs: startUs,
      kind: 'loss',
      text: `${probe}: ${formatCount(count)} ${kind.replaceAll('_', ' ')}`,
      style: ink.bad,
    })),
    ...(model.summary?.phases ?? [])
      .filter((phase) => !phase.valid)
      .map(({ id, name, reasons }) => ({
        tUs: model.phases.find((phase) => phase.id === id)?.endUs ?? model.nowUs,
        kind: 'doubt',
        text: `${name} is not valid: ${reasons.join('; ')}`,
        style: ink.warn,
      })),
    ...(model.end
      ? [{ tUs: model.nowUs, kind: 'end', text: model.end.reason.replaceAll('_', ' '), style: ink.accent }]
      : []),
  ].sort((a, b) => a.tUs - b.tUs)
  // A reason cut off is no reason: what is too long goes on in the next line.
  const lines = entries.flatMap(({ text, ...entry }) =>
    wrapped(text, brush.width - TEXT - 1).map((part, i) => ({ ...entry, text: part, isFirst: i === 0 })),
  )
  const room = Math.max(0, brush.height - 1)
  const from = Math.max(0, lines.length - room - (state.tables['log']?.scroll ?? 0))
  lines.slice(from, from + room).forEach(({ tUs, kind, text, style, isFirst }, i) => {
    if (isFirst) brush.text(1, i + 1, formatClock(tUs), ink.dim)
    if (isFirst) brush.text(10, i + 1, kind, ink.dim)
    brush.text(TEXT, i + 1, text, style)
  })
}

/** column in which texts begin */
const TEXT = 17
/** lines of one text; nobody reads more */
const MOST_LINES = 6

/** The text in lines of at most `width`, broken at blanks where there are any. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let rest = text
  while (width > 0 && rest.length > width && lines.length < MOST_LINES - 1) {
    const blank = rest.lastIndexOf(' ', width)
    const end = blank > 0 ? blank : width
    lines.push(rest.slice(0, end))
    rest = rest.slice(end).trimStart()
  }
  return [...lines, clip(rest, width)]
}
