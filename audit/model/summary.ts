import type { Probe } from '../../probes/index.ts'
import { judgePhase } from '../load/judge.ts'
import type { LatencyMs, PhaseSummary, SummaryRecord } from '../recording/format.ts'
import { metricOf } from '../telemetry/facts.ts'
import { intervalsOf } from './apply.ts'
import { costOf } from './cost.ts'
import type { Interval } from './interval.ts'
import { holdAgainst, type Judging } from './judging.ts'
import type { LoadPercentiles, PhaseModel, RunModel } from './run.ts'
import { counterGrowth, targetCpuNs } from './telemetry.ts'
import { impossibleThreadTime } from './thread-time.ts'

type Catalog = ReadonlyMap<string, Probe>

/** The `summary` record: every phase in numbers that stand without the tool. Unknown is null. */
export function summarize(model: RunModel, catalog: Catalog, judging: Judging | null = null): SummaryRecord {
  const probes = [...catalog.values()]
  const { tracerPct, bpfPct, recorderPct } = costOf(model, null, probes)
  return {
    type: 'summary',
    phases: model.phases.map((phase) => summarizePhase(model, phase, catalog, judging)),
    findings: [],
    cost: { tracer_cpu_pct: tracerPct, bpf_cpu_pct: bpfPct, recorder_cpu_pct: recorderPct },
    loss: lossOf(model),
  }
}

function lossOf(model: RunModel): Record<string, number> {
  const byKind: Record<string, number> = {}
  for (const { kind, count } of model.loss) byKind[kind] = (byKind[kind] ?? 0) + count
  return byKind
}

function summarizePhase(model: RunModel, phase: PhaseModel, catalog: Catalog, judging: Judging | null): PhaseSummary {
  const { load } = phase
  const durationUs = (phase.endUs ?? model.nowUs) - phase.startUs
  const planned = load && load.planned !== null ? Math.round(load.planned) : null
  const judged = load
    ? judgePhase(
        {
          planned,
          sent: load.sent,
          errors: load.errors,
          sendLagP99Ms: load.sendLag?.p99 ?? null,
          generatorCpu: generatorCpu(model, phase),
          // Also in phases before: whoever took their place works on unseen.
          lostProcesses: phase.telemetry.get('target')?.last['lost'] ?? 0,
        },
        judging?.validity,
      )
    : hasNoLoad(model, phase, judging)
      ? { valid: false, reasons: ['no load was made'] }
      : { valid: true, reasons: [] }
  const impossible = impossibleThreadTime(phase, durationUs * 1000)
  const verdict = withMissingWindows(
    impossible === null ? judged : { valid: false, reasons: [...judged.reasons, impossible] },
    phase,
  )
  const thresholds = judging?.thresholdsOf(phase.name) ?? null
  const figures = figuresOf(phase, catalog, durationUs)
  const cost = costOf(model, phase, [...catalog.values()])
  return {
    id: phase.id,
    name: phase.name,
    kind: phase.kind,
    duration_us: durationUs,
    ...verdict,
    planned,
    sent: load?.sent ?? null,
    done: load?.done ?? null,
    errors: load?.errors ?? {},
    rps: load && load.endUs > load.startUs ? (load.done * 1e6) / (load.endUs - load.startUs) : null,
    response_ms: latency(load?.response),
    service_ms: latency(load?.service),
    send_lag_ms: latency(load?.sendLag),
    per_request: perRequest(figures),
    figures: Object.fromEntries(figures.map(({ name, value }) => [name, value])),
    counters: counters(phase),
    intervals: asCounted(intervalsOf(model, phase), figures),
    ...(thresholds ? { thresholds: holdAgainst(load, thresholds, verdict.valid) } : {}),
    ...(restarted(phase).length > 0 ? { restarted: restarted(phase) } : {}),
    gauges: gauges(phase),
    loss: phase.loss,
    cost: {
      tracer_cpu_pct: cost.tracerPct,
      bpf_cpu_pct: cost.bpfPct,
      bpf_estimated: cost.bpfEstimated,
      recorder_cpu_pct: cost.recorderPct,
    },
  }
}

/** What the programs counted and nobody read is in no number of the phase. */
function withMissingWindows(judged: { valid: boolean; reasons: string[] }, { loss }: PhaseModel) {
  if (!loss['unanswered']) return judged
  return { valid: false, reasons: [...judged.reasons, 'its last window is missing, since the tracer did not answer'] }
}

/** The plan sends requests in it, and none was sent; of load that is thrown away its generator is what is seen. */
function hasNoLoad({ phases }: RunModel, phase: PhaseModel, judging: Judging | null): boolean {
  const load = judging?.loadOf(phase) ?? 'none'
  if (load === 'somewhere') return !phases.some((one) => one.load)
  return load === 'seen' || (load === 'unseen' && !phase.telemetry.has('generator'))
}

/** Share of the host's CPU time that the processes which make the load took; null where nobody looked. */
function generatorCpu(model: RunModel, phase: PhaseModel): number | null {
  const seen = phase.telemetry.get('generator')
  const [first, last] = [seen?.first['cpu_ns'], seen?.last['cpu_ns']]
  const cpus = model.header?.host.cpus ?? 0
  if (!seen || first === undefined || last === undefined || last < first || cpus === 0) return null
  const spanNs = (seen.lastUs - seen.firstUs) * 1000
  return spanNs > 0 ? (last - first) / (spanNs * cpus) : null
}

const latency = (percentiles: LoadPercentiles | null | undefined): LatencyMs | null => percentiles ?? null

function figuresOf(phase: PhaseModel, catalog: Catalog, durationUs: number) {
  const requests = phase.load && phase.load.done > 0 ? phase.load.done : null
  return [...phase.probes.values()].flatMap((seen) => {
    const probe = catalog.get(seen.probe)
    if (!probe || seen.data === null) return []
    const scope = { durationUs: seen.coveredUs || durationUs, requests, cpuNs: targetCpuNs(phase, seen.coveredUs) }
    return probe.draw.figures(seen.data, scope).map((figure) => ({
      name: `${seen.probe}.${figure.key}`,
      probe: seen.probe,
      ...figure,
    }))
  })
}

/** Within a phase only samples tell: how much they vary holds of what the kernel counts as well, in proportion. */
function asCounted(
  intervals: Record<string, Interval>,
  figures: ReturnType<typeof figuresOf>,
): Record<string, Interval> {
  const out = { ...intervals }
  for (const { name, value, sampled } of figures) {
    const own = intervals[name]
    if (!own || !sampled || value === null) continue
    const times = value / sampled
    out[name] = { low: own.low * times, high: own.high * times }
  }
  return out
}

/** Figures that are per request already, under the names of the format: off_cpu_us, syscalls, ... */
function perRequest(figures: ReturnType<typeof figuresOf>): Record<string, number | null> {
  const out: Record<string, number | null> = {}
  for (const figure of figures) {
    const stem =
      figure.key === 'per_request' ? figure.probe : `${figure.probe}_${figure.key.replace(/_per_request$/, '')}`
    const name = stem.replaceAll('-', '_')
    if (figure.unit === 'per_request') out[name] = figure.value
    if (figure.unit === 'ns_per_request') out[`${name}_us`] = figure.value === null ? null : figure.value / 1000
  }
  return out
}

function counters(phase: PhaseModel): Record<string, number> {
  const out: Record<string, number> = {}
  for (const [source, { last }] of phase.telemetry)
    for (const name of Object.keys(last)) {
      const grown = isGauge(source, name) ? null : counterGrowth(phase, source, name)
      if (grown !== null && grown !== 0) out[`${source}.${name}`] = grown
    }
  return out
}

function restarted(phase: PhaseModel): string[] {
  return [...phase.telemetry].flatMap(([source, seen]) => seen.restarted.map((name) => `${source}.${name}`))
}

function gauges(phase: PhaseModel): Record<string, { last: number; max: number }> {
  const out: Record<string, { last: number; max: number }> = {}
  for (const [source, { last, high }] of phase.telemetry)
    for (const [name, max] of Object.entries(high)) {
      const now = last[name]
      if (now !== undefined) out[`${source}.${name}`] = { last: now, max }
    }
  return out
}

const isGauge = (source: string, name: string): boolean => metricOf(source, name)?.kind === 'gauge'
