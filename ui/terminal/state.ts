import type { PhaseModel, RunModel } from '../../audit/index.ts'
import type { Probe } from '../../probes/index.ts'
import { type Catalog, histogramsOf, probesOf } from '../text/reading.ts'
import { initialTime, type TimeState } from './time-state.ts'

/** What the reader has chosen to look at. All of it is here, so that a screen is a function of (model, state, size). */
export interface ScreenState {
  tab: number
  /** id of the phase looked at; null follows the run */
  phaseId: number | null
  /** view chosen per probe */
  views: Readonly<Record<string, string>>
  /** where the reader stands in each probe's flame graph: frame names from the root down */
  flames: Readonly<Record<string, FlameState>>
  tables: Readonly<Record<string, TableState>>
  search: string
  help: boolean
  frozen: boolean
  time: TimeState
  /** a selected text is replaced by what is typed */
  prompt: { kind: 'search' | 'mark'; text: string; selected?: boolean } | null
}

export interface FlameState {
  root: readonly string[]
  selected: readonly string[]
}
export interface TableState {
  /** column sorted by; null keeps the probe's own order */
  sort: string | null
  scroll: number
}

export const initialState: ScreenState = {
  tab: 0,
  phaseId: null,
  views: {},
  flames: {},
  tables: {},
  search: '',
  help: false,
  frozen: false,
  time: initialTime,
  prompt: null,
}

export type Tab =
  | { kind: 'overview'; title: string }
  | { kind: 'probe'; title: string; probe: Probe }
  | { kind: 'system'; title: string }
  | { kind: 'log'; title: string }

/** The tabs of a run: one for each probe it has, and one for the system's numbers, between the overview and the log. */
export function tabsOf(model: RunModel, catalog: Catalog): Tab[] {
  return [
    { kind: 'overview', title: 'Overview' },
    ...probesOf(model, catalog).map((probe): Tab => ({ kind: 'probe', title: probe.draw.tab, probe })),
    ...(model.phases.some(({ telemetry }) => telemetry.size > 0) ? [{ kind: 'system', title: 'System' } as const] : []),
    { kind: 'log', title: 'Log' },
  ]
}

export function phaseShown(model: RunModel, state: ScreenState): PhaseModel | null {
  return model.phases.find((phase) => phase.id === state.phaseId) ?? model.current ?? model.phases.at(-1) ?? null
}

export type View =
  | { kind: 'flame'; name: string; title: string }
  | { kind: 'numbers' | 'heat'; name: string; title: string; histogram: number }

/** The ways to look at a probe: its flame views, its numbers, once for each of its histograms, and each of these over time. */
export function viewsOf(probe: Probe, phase: PhaseModel | null): View[] {
  const flames = (probe.draw.flame?.views ?? []).map(
    ({ name, title }): View => ({ kind: 'flame', name: `flame:${name}`, title }),
  )
  const histograms = histogramsOf(probe, phase)
  if (histograms.length === 0) return [...flames, { kind: 'numbers', name: 'numbers', title: 'numbers', histogram: 0 }]
  return [
    ...flames,
    ...histograms.map(
      ({ label }, histogram): View => ({ kind: 'numbers', name: `numbers:${label}`, title: label, histogram }),
    ),
    ...histograms.map(
      ({ label }, histogram): View => ({ kind: 'heat', name: `heat:${label}`, title: `${label} over time`, histogram }),
    ),
  ]
}

export function viewShown(probe: Probe, phase: PhaseModel | null, state: ScreenState): View | null {
  const views = viewsOf(probe, phase)
  return views.find((view) => view.name === state.views[probe.name]) ?? views[0] ?? null
}
