import { leftOutText, type RunModel } from '../../audit/index.ts'
import { formatClock, formatCount } from './format.ts'

/** Something that happened in a run, at a time of it. */
export interface LogEntry {
  tUs: number
  kind: 'phase' | 'mark' | 'note' | 'loss' | 'doubt' | 'end'
  text: string
}

/** What was noted, marked, lost and doubted, the latest last. */
export function logEntries(model: RunModel): LogEntry[] {
  const { phases, notes, loss, summary, leftOut, end, nowUs } = model
  const entries: LogEntry[] = [
    ...phases.map(({ startUs, name }): LogEntry => ({ tUs: startUs, kind: 'phase', text: name })),
    ...notes,
    ...loss.map(
      ({ startUs, probe, kind, count }): LogEntry => ({
        tUs: startUs,
        kind: 'loss',
        text: `${probe}: ${formatCount(count)} ${kind.replaceAll('_', ' ')}`,
      }),
    ),
    ...(summary?.phases ?? [])
      .filter((phase) => !phase.valid)
      .map(
        ({ id, name, reasons }): LogEntry => ({
          tUs: phases.find((phase) => phase.id === id)?.endUs ?? nowUs,
          kind: 'doubt',
          text: `${name} is not valid: ${reasons.join('; ')}`,
        }),
      ),
    ...[...leftOut].map(([what, count]): LogEntry => ({ tUs: nowUs, kind: 'doubt', text: leftOutText(what, count) })),
    ...(end ? [{ tUs: nowUs, kind: 'end', text: end.reason.replaceAll('_', ' ') } as const] : []),
  ]
  return entries.sort((a, b) => a.tUs - b.tUs)
}

/** The whole log, a line an entry. */
export const logText = (model: RunModel): string =>
  logEntries(model)
    .map(({ tUs, kind, text }) => `${formatClock(tUs).padStart(8)}  ${kind.padEnd(5)}  ${text}\n`)
    .join('')
