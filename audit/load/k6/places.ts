import type { K6Phase } from './plan.ts'

/**
 * Index of the phase that a request belongs to, by the scenario that made it and its start in ms of the timetable: of the
 * phases with that scenario the nearest. What a scenario sends while it stops gracefully is still its own, and a boundary
 * that was cut a little late takes nothing from the phase after it. Null: no phase has this scenario, as in setup().
 */
export function placeOf(phases: readonly K6Phase[], scenario: string, startMs: number): number | null {
  let best: number | null = null
  let least = Number.POSITIVE_INFINITY
  for (const [index, phase] of phases.entries()) {
    if (!phase.scenarios.includes(scenario)) continue
    const away = startMs < phase.startMs ? phase.startMs - startMs : Math.max(0, startMs - phase.endMs)
    if (away >= least) continue
    best = index
    least = away
  }
  return best
}
