import type { LimitName } from '../limits.ts'
import type { Profile } from '../profile/profile.ts'
import type { EndRecord, HeaderRecord, SummaryRecord } from '../recording/format.ts'
import type { MetricSpans } from './metric-spans.ts'
import type { ProbeWindow } from './window.ts'

/**
 * Everything that screens, summaries and pictures know about a run: a fold over its recording. Live, replay and test run
 * the same code: `applyRecord(model, record)` (apply.ts) for each line, then read.
 */
export interface RunModel {
  header: HeaderRecord | null
  /** latest time any record speaks of, us since start */
  nowUs: number
  /** in order of start */
  phases: PhaseModel[]
  /** the phase that runs, or the last one */
  current: PhaseModel | null
  /** interned frame names of the recording */
  frames: string[]
  notes: { tUs: number; text: string; kind: 'mark' | 'note' }[]
  loss: { startUs: number; endUs: number; probe: string; kind: string; count: number }[]
  overhead: CostSample[]
  /** counters that are followed over the run, of bounded length (metric-spans.ts) */
  metrics: MetricSpans
  summary: SummaryRecord | null
  end: EndRecord | null
  /** lines that were not understood, or cut off */
  skipped: number
  /** what is past a bound of memory (../limits.ts), and so only counted */
  leftOut: Map<LimitName, number>
  /** rises with each record: screens redraw when it changed */
  revision: number
}

/** The kind of a phase that is none of the run's, but what a reader selected (span.ts). */
export const SPAN_KIND = 'span'

export interface CostSample {
  tUs: number
  tracerCpuNs: number
  recorderCpuNs: number
  /** sum over the programs; null where the kernel does not measure it */
  bpfNs: number | null
  recorderRss: number | null
  tracerRss: number | null
  /** events the kernel skipped since the start; null where that is not counted, or not recorded */
  skippedEvents: number | null
}

export interface PhaseModel {
  id: number
  name: string
  kind: string
  startUs: number
  /** null while it runs */
  endUs: number | null
  probes: Map<string, ProbePhase>
  load: LoadPhase | null
  /** by source; read growth by `counterGrowth`, which knows what is unknown */
  telemetry: Map<string, PhaseTelemetry>
  /** loss kind -> count */
  loss: Record<string, number>
}

/** One telemetry source in one phase: sums and extremes, no history. */
export interface PhaseTelemetry {
  firstUs: number
  lastUs: number
  /** the last sample of the phase before, if there was one: counters go on over the boundary */
  first: Record<string, number>
  last: Record<string, number>
  /** gauges: the least and the most seen in the phase */
  low: Record<string, number>
  high: Record<string, number>
  /** counters that fell or vanished meanwhile (wrapped, an interface or process gone): what they grew by is unknown */
  restarted: string[]
}

/** What one probe saw in one phase. */
export interface ProbePhase {
  probe: string
  windows: number
  /** span covered by windows, us */
  coveredUs: number
  /** all windows of the phase added up by the probe's record schema */
  data: unknown
  /** windows over the whole phase, oldest first, for lanes and live views; of a long one the older are added up (history.ts) */
  history: ProbeWindow[]
  /** views by name (see `draw.flame.views`), one profile per probe and view shared by all phases; column = String(phase id) */
  hasStacks: boolean
}

/** Load of one phase, all slices added. */
export interface LoadPhase {
  targetRps: number | null
  /** requests that the timetable asked for; null: the generator does not say */
  planned: number | null
  sent: number
  done: number
  errors: Record<string, number>
  inFlight: number | null
  queued: number | null
  startUs: number
  endUs: number
  /** percentiles in ms over the phase, from the intended start (response) */
  response: LoadPercentiles | null
  service: LoadPercentiles | null
  sendLag: LoadPercentiles | null
  generatorCpuUs: number | null
  /** slices over the whole phase, oldest first; of a long one the older are added up */
  history: LoadSpan[]
}
export interface LoadSpan {
  startUs: number
  endUs: number
  rps: number
  targetRps: number | null
  p50Ms: number | null
  p99Ms: number | null
  errors: number
  /** its response times, encoded */
  response: readonly string[]
}
export interface LoadPercentiles {
  p50: number | null
  p90: number | null
  p99: number | null
  p999: number | null
  max: number | null
}

/** Stacks of a probe as a profile; one column per phase, keyed String(phase.id); `view` as in `draw.flame.views`. */
export type ProfileOf = (model: RunModel, probe: string, view?: string) => Profile | null
