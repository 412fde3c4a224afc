import type { PhaseModel, RunModel } from '../audit/index.ts'
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
export function laneSeries(model: RunModel, probe: Probe, { figures }: DrawnLane): Series | null {
  const windows = model.phases.flatMap((phase) =>
    (phase.probes.get(probe.name)?.history ?? []).map((window) => ({ window, known: knownOf(probe, phase, window) })),
  )
  if (windows.length === 0) return null
  const key = figures.find((one) => windows.some(({ known }) => known.has(one))) ?? figures[0]
  const figure = windows.find(({ known }) => known.has(key))?.known.get(key)
  return {
    label: figure?.label ?? key,
    unit: figure?.unit ?? 'count',
    adds: figure?.adds ?? false,
    points: windows.map(({ window: { startUs, endUs }, known }) => ({
      ...{ startUs, endUs },
      value: known.get(key)?.value ?? null,
    })),
  }
}

type Window = { startUs: number; endUs: number; data: unknown }
interface Drawn {
  label: string
  unit: Figure['unit']
  adds: boolean
  value: number
}
type Known = ReadonlyMap<string, Drawn>
// A window never changes once it is recorded; figures of hundreds of windows are not computed for every frame.
const computed = new WeakMap<Window, { requests: number | null; known: Known }>()

/** What is known in a window of the figures that are drawn over time. */
function knownOf(probe: Probe, phase: PhaseModel, window: Window): Known {
  const before = computed.get(window)
  if (before && before.requests !== null) return before.known
  const requests = requestsIn(phase, window)
  // How many requests there were is told a moment after the window.
  if (before && requests === null) return before.known
  const drawn = new Set(probe.draw.lanes.flatMap(({ figures }) => figures))
  const spanUs = window.endUs - window.startUs
  const figures = probe.draw.figures(window.data, { durationUs: spanUs, requests })
  const known = new Map(
    figures.flatMap(({ key, label, unit, adds = false, value }): [string, Drawn][] =>
      value === null || !drawn.has(key)
        ? []
        : [[key, { label, unit, adds, value: adds ? (value * 1e6) / Math.max(1, spanUs) : value }]],
    ),
  )
  computed.set(window, { requests, known })
  return known
}

/** Of a window that the load's slices do not cover so far: they come up to a second after it. */
const LEAST_COVERED = 0.8

/** Requests completed in a window; `null` while what the load did in it is not known yet. */
function requestsIn(phase: PhaseModel, { startUs, endUs }: Window): number | null {
  let [requests, coveredUs] = [0, 0]
  for (const slice of phase.load?.history ?? []) {
    const overlapUs = Math.min(endUs, slice.endUs) - Math.max(startUs, slice.startUs)
    if (overlapUs <= 0) continue
    requests += (slice.rps * overlapUs) / 1e6
    coveredUs += overlapUs
  }
  return coveredUs < LEAST_COVERED * (endUs - startUs) ? null : requests
}
