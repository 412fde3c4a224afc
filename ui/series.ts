import type { PhaseModel, ProbePhase, RunModel } from '../audit/index.ts'
import type { DrawnLane, Figure, Probe } from '../probes/index.ts'

/** A measure over the time of a run; every picture over time is drawn from these. */
export interface Series {
  /** of the figure, as tables have it */
  label: string
  unit: Figure['unit']
  /** the figure grows as long as one watches (a count, a sum): its values are per second here, spans are not of one length */
  adds: boolean
  /** by time; spans that nobody measured are missing, spans in which it is unknown are null */
  points: Point[]
}

export interface Point {
  startUs: number
  endUs: number
  value: number | null
}

/** The first lane of a probe, for pictures that have room for one; `null` when it has no window. */
export const probeSeries = (model: RunModel, probe: Probe): Series | null =>
  laneSeries(model, probe, probe.draw.lanes[0])

/** A lane of a probe window by window, as far as the model keeps windows; `null` when there is none. */
export function laneSeries(model: RunModel, probe: Probe, lane: DrawnLane): Series | null {
  const spans = model.phases.flatMap((phase) => spansOf(probe, phase, lane))
  if (spans.length === 0) return null
  const key = lane.figures.find((one) => spans.some(({ known }) => known.has(one))) ?? lane.figures[0]
  const figure = spans.find(({ known }) => known.has(key))?.known.get(key)
  return {
    label: figure?.label ?? key,
    unit: figure?.unit ?? 'count',
    adds: figure?.adds ?? false,
    points: spans.map(({ startUs, endUs, known }) => ({ startUs, endUs, value: known.get(key)?.value ?? null })),
  }
}

interface Drawn {
  label: string
  unit: Figure['unit']
  adds: boolean
  value: number
}
type Known = ReadonlyMap<string, Drawn>

/** The spans of which a window speaks: its own, or what went by since the last one that came with stacks. */
function spansOf(
  probe: Probe,
  phase: PhaseModel,
  { figures, withStacks = false }: DrawnLane,
): { startUs: number; endUs: number; known: Known }[] {
  const windows = phase.probes.get(probe.name)?.history ?? []
  const spans = []
  let startUs: number | null = null
  for (const window of windows) {
    startUs ??= window.startUs
    const known = knownOf(probe, phase, window, { startUs, endUs: window.endUs, withStacks })
    if (withStacks && window !== windows.at(-1) && !figures.some((key) => known.has(key))) continue
    spans.push({ startUs, endUs: window.endUs, known })
    startUs = null
  }
  return spans
}

type Window = ProbePhase['history'][number]
type Scope = { startUs: number; endUs: number; withStacks: boolean }
type Computed = WeakMap<Window, { startUs: number; requests: number | null; known: Known }>
// A window never changes once it is recorded; figures of hundreds of windows are not computed for every frame.
const computed: Record<'alone' | 'withStacks', Computed> = { alone: new WeakMap(), withStacks: new WeakMap() }

/** What is known in a window of the figures that are drawn over time. */
function knownOf(probe: Probe, phase: PhaseModel, window: Window, { startUs, endUs, withStacks }: Scope): Known {
  const kept = computed[withStacks ? 'withStacks' : 'alone']
  const found = kept.get(window)
  const before = found?.startUs === startUs ? found : undefined
  if (before && before.requests !== null) return before.known
  const requests = requestsIn(phase, { startUs, endUs })
  // How many requests there were is told a moment after the window.
  if (before && requests === null) return before.known
  const lanes = probe.draw.lanes.filter((lane) => (lane.withStacks ?? false) === withStacks)
  const drawn = new Set(lanes.flatMap(({ figures }) => figures))
  const spanUs = endUs - startUs
  const known = new Map(
    probe.draw
      .figures(window.data, { durationUs: spanUs, requests })
      .flatMap(({ key, label, unit, adds = false, value }): [string, Drawn][] => {
        if (value === null || !drawn.has(key)) return []
        return [[key, { label, unit, adds, value: adds ? (value * 1e6) / Math.max(1, spanUs) : value }]]
      }),
  )
  kept.set(window, { startUs, requests, known })
  return known
}

/** Of a window that the load's slices do not cover so far: they come up to a second after it. */
const LEAST_COVERED = 0.8

/** Requests completed in a window; `null` while what the load did in it is not known yet. */
function requestsIn(phase: PhaseModel, { startUs, endUs }: { startUs: number; endUs: number }): number | null {
  let [requests, coveredUs] = [0, 0]
  for (const slice of phase.load?.history ?? []) {
    const overlapUs = Math.min(endUs, slice.endUs) - Math.max(startUs, slice.startUs)
    if (overlapUs <= 0) continue
    requests += (slice.rps * overlapUs) / 1e6
    coveredUs += overlapUs
  }
  return coveredUs < LEAST_COVERED * (endUs - startUs) ? null : requests
}
