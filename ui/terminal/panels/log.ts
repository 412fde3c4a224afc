import { formatClock } from '../../text/format.ts'
import { type LogEntry, logEntries } from '../../text/log.ts'
import { wrapped } from '../../text/wrap.ts'
import type { Brush } from '../cells.ts'
import { ink } from '../palette.ts'
import type { Scene } from '../scene.ts'
import { moreRows } from './more.ts'
import { drawRule } from './rule.ts'
import { scrollFromEnd, spotToScroll } from './scroll.ts'

const styles: Readonly<Record<LogEntry['kind'], number>> = {
  phase: ink.accent,
  mark: ink.accent,
  note: ink.plain,
  loss: ink.bad,
  doubt: ink.warn,
  end: ink.accent,
}

/** What was noted, marked and lost, the latest at the bottom. */
export function drawLog({ model, state }: Scene, brush: Brush): void {
  // A reason cut off is no reason: what is too long goes on in the next line.
  const lines = logEntries(model).flatMap(({ text, ...entry }) =>
    wrapped(text, brush.width - TEXT - 1).map((part, i) => ({ ...entry, text: part, isFirst: i === 0 })),
  )
  const room = Math.max(0, brush.height - 1)
  const scroll = scrollFromEnd(state, 'log', lines.length - room)
  spotToScroll(brush, scroll)
  const from = scroll.at
  const more = moreRows(from, lines.length - from - room)
  drawRule(brush, 0, 'Log', `${model.notes.length} notes`, more)
  lines.slice(from, from + room).forEach(({ tUs, kind, text, isFirst }, i) => {
    if (isFirst) brush.text(1, i + 1, formatClock(tUs), ink.dim)
    if (isFirst) brush.text(10, i + 1, kind, ink.dim)
    brush.text(TEXT, i + 1, text, styles[kind])
  })
}

/** column in which texts begin */
const TEXT = 17
