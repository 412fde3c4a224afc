import { DEMO_PEAK_RPS, demoFaults, type Faults } from '../../fixtures/targets/start.ts'

/** One span of a load timetable. */
export interface PhasePlan {
  name: string
  kind: string
  durationMs: number
  /** requests/s at its start and end; equal for a constant rate, 0 for none */
  fromRps: number
  toRps: number
  /** its latencies are not judged: connections and code get warm */
  discard: boolean
  faults: Faults
}

export interface DemoPlan {
  peakRps: number
  phases: PhasePlan[]
}

const phase = (name: string, seconds: number, share: number, discard = false): PhasePlan => ({
  name,
  kind: name,
  durationMs: seconds * 1000,
  fromRps: share * DEMO_PEAK_RPS,
  toRps: share * DEMO_PEAK_RPS,
  discard,
  faults: demoFaults[name] ?? {},
})

/** The classic course of an audit in a minute: idle, warm-up, 100 %, 200 %, 80 % of the expected peak. */
export const demoPlan = (): DemoPlan => ({
  peakRps: DEMO_PEAK_RPS,
  phases: [
    phase('idle', 4, 0),
    phase('warmup', 3, 1, true),
    phase('baseline', 12, 1),
    phase('stress', 16, 2),
    phase('soak', 12, 0.8),
  ],
})
