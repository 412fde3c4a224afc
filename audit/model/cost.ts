import type { Probe } from '../../probes/index.ts'
import { type CostSample, type PhaseModel, type RunModel, SPAN_KIND } from './run.ts'

export interface Cost {
  tracerPct: number | null
  recorderPct: number | null
  /** kernel programs, percent of one core */
  bpfPct: number | null
  /** true when it comes from event counts x measured cost per event */
  bpfEstimated: boolean
}

/** What tracing cost in a span, percent of one core; by default over the whole run. */
export function costOf(model: RunModel, phase: PhaseModel | null, probes: readonly Probe[]): Cost {
  const [first, last] = samplesIn(model, phase)
  const spanNs = first && last ? (last.tUs - first.tUs) * 1000 : 0
  const share = (read: (s: CostSample) => number | null): number | null => {
    if (!first || !last || spanNs <= 0) return null
    const [a, b] = [read(first), read(last)]
    // A thread that ends takes up to two clock ticks with it: never less than nothing.
    return a === null || b === null ? null : Math.max(0, ((b - a) / spanNs) * 100)
  }
  const measured = share((s) => s.bpfNs)
  return {
    tracerPct: share((s) => s.tracerCpuNs),
    recorderPct: share((s) => s.recorderCpuNs),
    bpfPct: measured ?? estimate(phase ? [phase] : model.phases.filter(({ kind }) => kind !== SPAN_KIND), probes),
    bpfEstimated: measured === null,
  }
}

function samplesIn(model: RunModel, phase: PhaseModel | null): [CostSample?, CostSample?] {
  if (!phase) return [model.overhead[0], model.overhead.at(-1)]
  const end = phase.endUs ?? model.nowUs
  let first: CostSample | undefined
  let last: CostSample | undefined
  for (const sample of model.overhead) {
    if (sample.tUs > end) break
    if (sample.tUs <= phase.startUs || !first) first = sample
    last = sample
  }
  return [first, last]
}

function estimate(phases: readonly PhaseModel[], probes: readonly Probe[]): number | null {
  let pct: number | null = null
  for (const probe of probes) {
    let ns = 0
    let coveredUs = 0
    for (const phase of phases) {
      const seen = phase.probes.get(probe.name)
      if (!seen || seen.data === null) continue
      ns += probe.estimateNs(seen.data)
      coveredUs += seen.coveredUs
    }
    if (coveredUs > 0) pct = (pct ?? 0) + (ns / (coveredUs * 1000)) * 100
  }
  return pct
}
