import type { PhaseModel, RunModel } from '../audit/index.ts'
import { type Figure, type Probe, percentile } from '../probes/index.ts'
import { figuresOf } from './text/reading.ts'

/** A measure over the time of a run; every picture over time is drawn from these. */
export interface Series {
  label: string
  unit: Figure['unit']
  /** the value of a point grows with its span (a count, a sum): points are compared per second */
  adds: boolean
  /** by time; spans that nobody measured are missing, spans in which it is unknown are null */
  points: Point[]
}

export interface Point {
  startUs: number
  endUs: number
  value: number | null
}

/**
 * The one figure of a probe that is drawn over time (`draw.lane`), window by window, as far as the model keeps windows;
 * `null` when there is none. While that figure is known in none of `phases` (no load, so nothing per request), the first
 * headline that is; without any, the 99th percentile of the probe's main distribution.
 */
export function probeSeries(
  model: RunModel,
  probe: Probe,
  phases: readonly PhaseModel[] = model.phases,
): Series | null {
  const chosen = laneFigure(probe, phases)
  const points = model.phases.flatMap((phase) =>
    (phase.probes.get(probe.name)?.history ?? []).map((window) => ({
      startUs: window.startUs,
      endUs: window.endUs,
      value: valueIn(probe, phase, window, chosen?.key ?? null),
    })),
  )
  if (points.length === 0) return null
  return { label: chosen?.label ?? 'p99', unit: chosen?.unit ?? 'ns', adds: chosen?.adds ?? false, points }
}

function laneFigure(probe: Probe, phases: readonly PhaseModel[]): Figure | null {
  const known = phases.flatMap((phase) => figuresOf(probe, phase)).filter((figure) => figure.value !== null)
  return known.find(({ key }) => key === probe.draw.lane) ?? known.find(({ headline }) => headline) ?? null
}

type Window = { startUs: number; endUs: number; data: unknown }
// A window never changes once it is recorded; figures of hundreds of windows are not computed for every frame.
const known = new WeakMap<Window, Map<string | null, number>>()

function valueIn(probe: Probe, phase: PhaseModel, window: Window, key: string | null): number | null {
  const cached = known.get(window)?.get(key)
  if (cached !== undefined) return cached
  const value = key === null ? p99Of(probe, window) : figureOf(probe, phase, window, key)
  if (value !== null) known.set(window, (known.get(window) ?? new Map()).set(key, value))
  return value
}

function p99Of(probe: Probe, window: Window): number | null {
  const histogram = probe.draw.histograms?.(window.data)[0]?.histogram
  return histogram ? percentile(histogram, 0.99) : null
}

function figureOf(probe: Probe, phase: PhaseModel, window: Window, key: string): number | null {
  const scope = { durationUs: window.endUs - window.startUs, requests: requestsIn(phase, window) }
  return probe.draw.figures(window.data, scope).find((figure) => figure.key === key)?.value ?? null
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
