import { findPath, type PhaseModel } from '../../audit/index.ts'
import { type Probe, percentile, type StackView } from '../../probes/index.ts'
import { totalsKept } from '../flame/kept.ts'
import { histogramsOf } from '../text/reading.ts'
import type { Scene } from './scene.ts'
import { type View, viewsOf } from './state.ts'

/** The tail starts at this quantile of a distribution. */
const TAIL = 0.99

/**
 * The view on the other side: from a distribution the stacks behind its p99 (of the pictures of long waits the one of the
 * longest that reach down to it and are not empty), from a picture its distribution; null where a probe has no such pair.
 */
export function otherSide(scene: Scene, probe: Probe, phase: PhaseModel | null, shown: View | null): View | null {
  const views = viewsOf(probe, phase)
  if (shown?.kind === 'flame') {
    const label = stackViews(probe).find(({ name }) => `flame:${name}` === shown.name)?.histogram
    return views.find((view) => view.kind === 'numbers' && view.title === label) ?? null
  }
  const histogram = histogramsOf(probe, phase)[shown?.histogram ?? 0]
  const from = histogram && percentile(histogram.histogram, TAIL)
  if (!phase || from === null || from === undefined) return null
  const behind = stackViews(probe)
    .filter((view) => view.histogram === histogram?.label && (view.leastNs ?? 0) <= from)
    .toSorted((a, b) => (b.leastNs ?? 0) - (a.leastNs ?? 0))
    .find(({ name }) => (weightAt(scene, probe, name, phase, []) ?? 0) > 0)
  return views.find(({ name }) => name === `flame:${behind?.name}`) ?? null
}

/** How much of a frame's weight took at least so long, by length; empty where the probe does not keep lengths apart. */
export function longParts(
  scene: Scene,
  probe: Probe,
  view: string,
  phase: PhaseModel,
  path: readonly string[],
): { leastNs: number; share: number }[] {
  const shown = stackViews(probe).find(({ name }) => name === view)
  const all = weightAt(scene, probe, view, phase, path) ?? 0
  if (!shown?.histogram || all === 0) return []
  return stackViews(probe).flatMap(({ name, histogram, leastNs }) =>
    histogram === shown.histogram && leastNs !== undefined && leastNs > (shown.leastNs ?? 0)
      ? [{ leastNs, share: (weightAt(scene, probe, name, phase, path) ?? 0) / all }]
      : [],
  )
}

const stackViews = (probe: Probe): readonly StackView[] => probe.draw.flame?.views ?? []

function weightAt(scene: Scene, probe: Probe, view: string, phase: PhaseModel, path: readonly string[]): number | null {
  const profile = scene.profileOf(scene.model, probe.name, view)
  if (!profile?.columns.includes(String(phase.id))) return null
  const node = findPath(profile, path)
  return node === null ? null : (totalsKept(profile, String(phase.id))[node] ?? 0)
}
