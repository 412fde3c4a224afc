import { formatNamed } from '../../audit/index.ts'
import type { Probe } from '../../probes/index.ts'
import { flameOfRun, type RunFlame } from '../flame/of-run.ts'
import { csvText } from '../text/csv.ts'
import { figuresCsv } from '../text/figures-csv.ts'
import { probesOf, tableRowsOf } from '../text/reading.ts'
import type { ExportKind } from './export.ts'
import { filterRows, sortRows } from './panels/table.ts'
import type { Scene } from './scene.ts'
import { noTable, phaseShown, tabsOf, viewShown } from './state.ts'
import { runPhases } from './time-axis.ts'

/** A file to be written: a name without folder, made of letters, digits, `-` and `.` only, and what goes into it. */
export interface Document {
  name: string
  pieces: Iterable<string | Uint8Array>
}

/** Makes a file of what is seen; null when that has gone meanwhile. */
export async function documentOf(scene: Scene, kind: ExportKind): Promise<Document | null> {
  const { model, catalog, state } = scene
  if (kind === 'timeline') {
    const { timelineSvg } = await import('../chart/timeline.ts')
    return { name: 'timeline.svg', pieces: [timelineSvg({ ...model, phases: runPhases(model) }, catalog)] }
  }
  const tab = tabsOf(model, catalog)[state.tab]
  const probe = tab?.kind === 'probe' ? tab.probe : null
  if (kind === 'figures') {
    const pieces = [figuresCsv(model, probe ? [probe] : probesOf(model, catalog), { withLoad: probe === null })]
    return { name: fileName([probe?.name ?? '', 'figures'], '.csv'), pieces }
  }
  if (!probe) return null
  return kind === 'table' ? tableOf(scene, probe) : flameOf(scene, probe, kind)
}

/** All rows that the filter leaves, in the order that is seen, as numbers; the unit stands in the column's title. */
function tableOf({ model, state }: Scene, probe: Probe): Document | null {
  const { table } = probe.draw
  const phase = phaseShown(model, state)
  if (!table || !phase) return null
  const kept = filterRows(tableRowsOf(probe, phase), state.hands.filters[probe.name] ?? '')
  const rows = sortRows(kept, table.columns, (state.tables[probe.name] ?? noTable).sort)
  const titles = table.columns.map(({ label, unit }) =>
    unit === 'text' || unit === 'count' ? label : `${label} [${unit}]`,
  )
  const pieces = [csvText([titles, ...rows.map((row) => table.columns.map(({ key }) => row[key] ?? null))])]
  return { name: fileName([probe.name, phase.name], '.csv'), pieces }
}

async function flameOf(scene: Scene, probe: Probe, kind: 'flame' | 'folded'): Promise<Document | null> {
  const { model, state, profileOf } = scene
  const phase = phaseShown(model, state)
  const view = viewShown(probe, phase, state)
  if (!phase || view?.kind !== 'flame') return null
  const viewName = view.name.slice('flame:'.length)
  // What it is compared with is the base of the picture's difference.
  const base = model.phases.find(({ id }) => id === state.compare)
  const show = base ? { base, candidate: phase } : { phase }
  const graph = flameOfRun(model, { probe, view: viewName, show }, profileOf)
  if (!graph) return null
  const parts = [probe.name, ...(probe.name === viewName ? [] : [viewName]), phase.name]
  const against = base ? ['against', base.name] : []
  if (kind === 'folded') return { name: fileName(parts, '.folded'), pieces: folded(graph, String(phase.id)) }
  const { flameSvg } = await import('../flame/svg.ts')
  return { name: fileName([...parts, ...against], '.svg'), pieces: [flameSvg(graph.profile, graph.options)] }
}

function folded({ profile, options, value }: RunFlame, column: string): Document['pieces'] {
  const columns = options.columns.filter(({ key }) => key === column)
  return formatNamed('folded').write?.(profile, { ...options, columns, value }) ?? []
}

/** Phases are named by users, and marks by anybody: of a name only what is safe in every folder is kept. */
export function fileName(parts: readonly string[], ending: string): string {
  const words = parts.map((part) =>
    part
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 40),
  )
  return `${words.filter((word) => word !== '').join('-') || 'probe'}${ending}`
}
