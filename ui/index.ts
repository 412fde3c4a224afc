import type { TerminalOptions } from './terminal/open.ts'

export { phaseTable } from './text/phases.ts'
export { progressLine, textSummary } from './text/summary.ts'
export type { TerminalOptions }

/** The screen; Ink and React are loaded when it opens, not before. See `openTerminal` in ui/terminal/open.ts. */
export async function openTerminal(options: TerminalOptions): Promise<void> {
  const terminal = await import('./terminal/open.ts')
  return terminal.openTerminal(options)
}
