import type { Scene } from './scene.ts'
import { phaseShown, tabsOf, viewShown } from './state.ts'

/** A file that can be made of what is seen (documents.ts makes it). */
export type ExportKind = 'flame' | 'folded' | 'timeline' | 'table' | 'figures'

export interface ExportChoice {
  /** the key that chooses it */
  key: string
  kind: ExportKind
  /** its name in the palette, after `export` */
  word: string
  does: string
}

const choices = {
  flame: { key: 's', kind: 'flame', word: 'svg', does: 'the flame graph as SVG, all phases in it' },
  folded: { key: 'f', kind: 'folded', word: 'folded', does: 'the stacks of this phase, folded' },
  timeline: { key: 's', kind: 'timeline', word: 'svg', does: 'the run over time as SVG' },
  table: { key: 'c', kind: 'table', word: 'csv', does: 'the rows of the table as CSV' },
  figures: { key: 'n', kind: 'figures', word: 'figures', does: 'the figures of all phases as CSV' },
} as const satisfies Record<ExportKind, ExportChoice>

/** What can be exported from where the reader is; empty where nothing can. */
export function exportsOf({ model, catalog, profileOf, state }: Scene): readonly ExportChoice[] {
  const tab = tabsOf(model, catalog)[state.tab]
  const phase = phaseShown(model, state)
  if (!tab || !phase || tab.kind === 'log' || tab.kind === 'stacks' || tab.kind === 'system') return []
  if (tab.kind === 'overview') return [choices.timeline, choices.figures]
  const { probe } = tab
  const view = viewShown(probe, phase, state)
  if (view?.kind === 'flame') {
    const profile = profileOf(model, probe.name, view.name.slice('flame:'.length))
    return profile?.columns.includes(String(phase.id)) ? [choices.flame, choices.folded, choices.figures] : []
  }
  return probe.draw.table && phase.probes.has(probe.name) ? [choices.table, choices.figures] : [choices.figures]
}
