import { clip, formatClock } from '../../text/format.ts'
import { type LogEntry, logEntries } from '../../text/log.ts'
import type { Brush } from '../cells.ts'
import { ink } from '../palette.ts'
import type { Scene } from '../scene.ts'
import { moreRows } from './more.ts'
import { drawRule } from './rule.ts'

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
  const most = Math.max(0, lines.length - room)
  // It is scrolled from its end: upwards is back in time.
  const from = Math.max(0, most - (state.tables['log']?.scroll ?? 0))
  brush.spot({ x: 0, y: 0, width: brush.width, height: brush.height }, { kind: 'rows', most })
  const more = moreRows(from, lines.length - from - room)
  drawRule(brush, 0, 'Log', [`${model.notes.length} notes`, more].filter((part) => part !== '').join('   '))
  lines.slice(from, from + room).forEach(({ tUs, kind, text, isFirst }, i) => {
    if (isFirst) brush.text(1, i + 1, formatClock(tUs), ink.dim)
    if (isFirst) brush.text(10, i + 1, kind, ink.dim)
    brush.text(TEXT, i + 1, text, styles[kind])
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
