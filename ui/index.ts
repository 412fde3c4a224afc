import type { Profile, RunModel } from '../audit/index.ts'
import type { timelineSvg as drawTimeline } from './chart/timeline.ts'
import type { flameOfFile as readFlame } from './flame/of-file.ts'
import type { RunFlame, RunFlameChoice } from './flame/of-run.ts'
import type { FlameSvgOptions } from './flame/svg.ts'
import type { wallFlameOfRun as makeWall } from './flame/wall-of-run.ts'
import type { Shape } from './terminal/flame/shape.ts'
import type { FlameStart } from './terminal/flame/start.ts'
import type { ScreenEnd, TerminalOptions } from './terminal/open.ts'
import type { openPicker as pick } from './terminal/picker.ts'

export { type DryRun, dryRunText } from './text/dry-run.ts'
export { formatRate } from './text/format.ts'
export { type MoversHeading, moversText } from './text/movers.ts'
export { phaseTable } from './text/phases.ts'
export { progressLine, textSummary } from './text/summary.ts'
export type { FlameStart, FlameSvgOptions, RunFlame, RunFlameChoice, ScreenEnd, Shape, TerminalOptions }

/** The screen; Ink and React are loaded when it opens, not before. See `openTerminal` in ui/terminal/open.ts. */
export async function openTerminal(options: TerminalOptions): Promise<ScreenEnd> {
  const terminal = await import('./terminal/open.ts')
  return terminal.openTerminal(options)
}

/** Lets the reader choose a process; `left` when they leave without. See ui/terminal/picker.ts. */
export async function openPicker(...input: Parameters<typeof pick>): ReturnType<typeof pick> {
  const picker = await import('./terminal/picker.ts')
  return picker.openPicker(...input)
}

/** Flame graphs of a run on the screen, where `openTerminal` begins with them; see ui/terminal/flame/start.ts. */
export async function openFlame(options: TerminalOptions, start: FlameStart): Promise<ScreenEnd> {
  const { startWith } = await import('./terminal/flame/start.ts')
  return openTerminal({ ...options, start: startWith(options.model, options.catalog, start) })
}

/** The stacks of a file on the screen; `shapes` is done to them at first. Resolves when the reader has left it. */
export async function openStacks(
  graph: RunFlame,
  shapes: readonly Shape[],
  options: Pick<TerminalOptions, 'title' | 'save' | 'mouse' | 'looks'>,
): Promise<ScreenEnd> {
  const { stackFile } = await import('./terminal/flame/file.ts')
  const still = { catalog: new Map(), subscribe: () => () => undefined, onQuit: () => undefined, live: false }
  return openTerminal({ ...still, ...stackFile(graph, shapes), ...options })
}

/** A flame graph as one SVG document; see ui/flame/svg.ts. */
export async function flameSvg(profile: Profile, options: FlameSvgOptions): Promise<string> {
  const svg = await import('./flame/svg.ts')
  return svg.flameSvg(profile, options)
}

/** A run over time as one SVG document; d3 is loaded when it is drawn, not before. See ui/chart/timeline.ts. */
export async function timelineSvg(...input: Parameters<typeof drawTimeline>): Promise<string> {
  const chart = await import('./chart/timeline.ts')
  return chart.timelineSvg(...input)
}

/** The flame graph of a probe over a run; see ui/flame/of-run.ts. */
export async function flameOfRun(model: RunModel, choice: RunFlameChoice): Promise<RunFlame | null> {
  const { flameOfRun: make } = await import('./flame/of-run.ts')
  return make(model, choice)
}

/** Where the time of all threads of a run went; see ui/flame/wall-of-run.ts. */
export async function wallFlameOfRun(...input: Parameters<typeof makeWall>): Promise<RunFlame | null> {
  const { wallFlameOfRun: make } = await import('./flame/wall-of-run.ts')
  return make(...input)
}

/** The flame graph of folded stacks or of an SVG of ours; see ui/flame/of-file.ts. */
export async function flameOfFile(...input: Parameters<typeof readFlame>): Promise<RunFlame> {
  const { flameOfFile: make } = await import('./flame/of-file.ts')
  return make(...input)
}
