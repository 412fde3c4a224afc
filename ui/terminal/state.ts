import type { PhaseModel, RunModel } from '../../audit/index.ts'
import type { Probe } from '../../probes/index.ts'
import { type Catalog, histogramsOf, probesOf } from '../text/reading.ts'
import type { FlameState } from './flame/shape.ts'
import { isStackFile, stacksTabs } from './flame/stacks-tab.ts'
import type { FlameUnit } from './flame/unit.ts'
import { type HandsState, idleHands } from './hands.ts'
import { initialTime, type TimeState } from './time-state.ts'

/** What the reader has chosen to look at. All of it is here, so that a screen is a function of (model, state, size). */
export interface ScreenState {
  tab: number
  /** id of the phase looked at; null follows the run */
  phaseId: number | null
  /** id of the phase it is compared with; null: figures with the baseline, flame graphs with none */
  compare: number | null
  /** view chosen per probe */
  views: Readonly<Record<string, string>>
  /** where the reader stands in each probe's flame graph: frame names from the root down */
  flames: Readonly<Record<string, FlameState>>
  /** how flame graphs are drawn: `unit` null is the one that says most, `isFlame` has the root at the bottom */
  flame: Readonly<{ unit: FlameUnit | null; isFlame: boolean }>
  tables: Readonly<Record<string, TableState>>
  search: string
  help: boolean
  frozen: boolean
  time: TimeState
  /** a selected text is replaced by what is typed */
  prompt: {
    kind: 'search' | 'mark' | 'filter' | 'command' | 'export' | 'leave'
    text: string
    selected?: boolean
  } | null
  hands: HandsState
}

export interface TableState {
  /** column sorted by; null keeps the probe's own order */
  sort: string | null
  scroll: number
}
export const noTable: TableState = { sort: null, scroll: 0 }

export const initialState: ScreenState = {
  tab: 0,
  phaseId: null,
  compare: null,
  views: {},
  flames: {},
  flame: { unit: null, isFlame: false },
  tables: {},
  search: '',
  help: false,
  frozen: false,
  time: initialTime,
  prompt: null,
  hands: idleHands,
}

export type Tab =
  | { kind: 'overview'; title: string }
  | { kind: 'probe'; title: string; probe: Probe }
  | { kind: 'system'; title: string }
  | { kind: 'stacks'; title: string; name: string; question: string }
  | { kind: 'log'; title: string }

/** The tabs of a run: one for each probe it has, and one for the system's numbers, between the overview and the log. */
export function tabsOf(model: RunModel, catalog: Catalog): Tab[] {
  if (isStackFile(model)) return stacksTabs(model)
  return [
    { kind: 'overview', title: 'Overview' },
    ...probesOf(model, catalog).map((probe): Tab => ({ kind: 'probe', title: probe.draw.tab, probe })),
    ...(model.phases.some(({ telemetry }) => telemetry.size > 0) ? [{ kind: 'system', title: 'System' } as const] : []),
    ...stacksTabs(model),
    { kind: 'log', title: 'Log' },
  ]
}

/** Tabs that a key of their own leads to. */
export const KEYED_TABS = 10

/** The key of a tab: 1 to 9, then 0; empty where it has none. */
export const keyOfTab = (index: number): string => (index < KEYED_TABS ? String((index + 1) % KEYED_TABS) : '')

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
