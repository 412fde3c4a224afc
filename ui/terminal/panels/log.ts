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
  const room = brush.height - 1
  brush.spot({ x: 0, y: 0, width: brush.width, height: brush.height }, { kind: 'rows', most: entries.length - room })
  const from = Math.max(0, entries.length - room - (state.tables['log']?.scroll ?? 0))
  entries.slice(from, from + room).forEach(({ tUs, kind, text, style }, i) => {
    brush.text(1, i + 1, formatClock(tUs), ink.dim)
    brush.text(10, i + 1, kind, ink.dim)
    brush.text(17, i + 1, clip(text, brush.width - 18), style)
  })
}
