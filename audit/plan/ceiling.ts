import type { PlannedPhase } from './plan.ts'

/** Requests/s that a plan may ask for where it names no ceiling: what stands on this host, and what does not. */
export const PEAK_OF_THIS_HOST = 100_000
export const PEAK_OF_OTHERS = 1_000

/** The highest rate that the phases ask for, requests/s. */
export const highestRpsOf = (phases: readonly PlannedPhase[]): number =>
  Math.max(0, ...phases.map((phase) => (phase.type === 'timed' ? Math.max(phase.fromRps, phase.toRps) : phase.toRps)))
