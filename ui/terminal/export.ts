import { histogramsOf } from '../text/reading.ts'
import { overviewViews } from './panels/overview.ts'
import type { Scene } from './scene.ts'
import { phaseShown, type Tab, tabsOf, viewShown } from './state.ts'

/** A file that can be made of what is seen (documents.ts makes it). */
export type ExportKind =
  | 'flame'
  | 'folded'
  | 'timeline'
  | 'table'
  | 'figures'
  | 'distribution'
  | 'heat'
  | 'system'
  | 'log'

export interface ExportChoice {
  /** the key that chooses it */
  key: string
  kind: ExportKind
  /** its name in the palette, after `export` */
  word: string
  does: string
}

const choices = {
  flame: { key: 's', kind: 'flame', word: 'svg', does: 'the flame graph as SVG' },
  folded: { key: 'f', kind: 'folded', word: 'folded', does: 'its stacks, folded' },
  timeline: { key: 's', kind: 'timeline', word: 'svg', does: 'the run over time as SVG' },
  table: { key: 'c', kind: 'table', word: 'csv', does: 'the table as CSV' },
  figures: { key: 'n', kind: 'figures', word: 'figures', does: 'all figures as CSV' },
  distribution: { key: 'd', kind: 'distribution', word: 'distribution', does: 'the distribution as CSV' },
  heat: { key: 'c', kind: 'heat', word: 'csv', does: 'counts by time and latency as CSV' },
  system: { key: 'c', kind: 'system', word: 'csv', does: 'the numbers of all phases as CSV' },
  log: { key: 'l', kind: 'log', word: 'log', does: 'the log as text' },
} as const satisfies Record<ExportKind, ExportChoice>

/** What can be exported from where the reader is; empty where nothing is seen yet. */
export function exportsOf(scene: Scene): readonly ExportChoice[] {
  const tab = tabsOf(scene.model, scene.catalog)[scene.state.tab]
  return tab ? kindsOf(scene, tab).map((kind) => choices[kind]) : []
}

function kindsOf(scene: Scene, tab: Tab): readonly ExportKind[] {
  const { model, state, profileOf } = scene
  const phase = phaseShown(model, state)
  if (!phase) return []
  const hasStacks = (name: string, view: string) =>
    profileOf(model, name, view)?.columns.includes(String(phase.id)) ?? false
  switch (tab.kind) {
    case 'overview':
      return [...(overviewViews(scene).shown.kind === 'heat' ? (['heat'] as const) : []), 'timeline', 'figures']
    case 'system':
      return ['system']
    case 'log':
      return ['log']
    case 'stacks':
      return hasStacks(tab.name, tab.name) ? ['flame', 'folded'] : []
    case 'probe': {
      const { probe } = tab
      const view = viewShown(probe, phase, state)
      if (view?.kind === 'flame')
        return hasStacks(probe.name, view.name.slice('flame:'.length)) ? ['flame', 'folded', 'figures'] : []
      if (view?.kind === 'heat') return ['heat', 'figures']
      const isMeasured = phase.probes.has(probe.name)
      return [
        ...(probe.draw.table && isMeasured ? (['table'] as const) : []),
        'figures',
        ...(isMeasured && histogramsOf(probe, phase).length > 0 ? (['distribution'] as const) : []),
      ]
    }
  }
}
