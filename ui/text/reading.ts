import {
  type Cost,
  counterGrowth,
  type PhaseModel,
  type ProbePhase,
  perSecond,
  type RunModel,
  SPAN_KIND,
} from '../../audit/index.ts'
import type { Figure, FigureScope, Histogram, Probe } from '../../probes/index.ts'
import { clip, formatCount } from './format.ts'

/** What the text and the screen read out of a model. Nothing here knows a probe by name. */
export type Catalog = ReadonlyMap<string, Probe>

/** The phase that others are compared with: the baseline, else the first measured phase; `null` when there is none before `phase`. */
export function baselineOf(model: RunModel, phase: PhaseModel | null): PhaseModel | null {
  if (!phase) return null
  const before = model.phases.filter((p) => p.startUs < phase.startUs && p.kind !== SPAN_KIND)
  return before.find((p) => p.kind === 'baseline') ?? before.find(isMeasured) ?? null
}

/** Which phase another is held against. */
export type BaseOf = (model: RunModel, phase: PhaseModel | null) => PhaseModel | null

/** Idle and warm-up come before what a run is made for. */
export const isMeasured = (phase: PhaseModel): boolean => !['idle', 'warmup'].includes(phase.kind)

/** The probes of the run in catalog order, then of the recording's own order. */
export function probesOf(model: RunModel, catalog: Catalog): Probe[] {
  const recorded = new Set(model.header?.probes.map((p) => p.name))
  for (const phase of model.phases) for (const name of phase.probes.keys()) recorded.add(name)
  return [...catalog.values()].filter((probe) => recorded.has(probe.name))
}

/** What a probe saw in a phase; `null` before its first window (stacks alone are no numbers). */
export function seenBy(probe: Probe, phase: PhaseModel | null): ProbePhase | null {
  const seen = phase?.probes.get(probe.name)
  return seen && seen.data !== null ? seen : null
}

interface Figured extends FigureScope {
  probe: Probe
  data: unknown
  figures: Figure[]
}
const figured = new WeakMap<ProbePhase, Figured>()

/** A probe's figures over a phase; empty where it saw nothing. Kept as long as what they are made of stays the same. */
export function figuresOf(probe: Probe, phase: PhaseModel | null): Figure[] {
  const seen = seenBy(probe, phase)
  if (!phase || !seen) return []
  const { data } = seen
  const scope = scopeOf(phase, seen.coveredUs)
  const kept = figured.get(seen)
  if (
    kept?.probe === probe &&
    kept.data === data &&
    kept.durationUs === scope.durationUs &&
    kept.requests === scope.requests
  )
    return kept.figures
  const figures = probe.draw.figures(data, scope)
  figured.set(seen, { ...scope, probe, data, figures })
  return figures
}

/** The figures for one line: the known ones that the probe calls headlines, filled up to two with other known ones. */
export function headlines(figures: readonly Figure[]): Figure[] {
  const known = figures.filter((figure) => figure.value !== null)
  const chosen = known.filter((figure) => figure.headline)
  const others = known.filter((figure) => !figure.headline)
  return [...chosen, ...others.slice(0, Math.max(0, 2 - chosen.length))]
}

export function histogramsOf(probe: Probe, phase: PhaseModel | null): { label: string; histogram: Histogram }[] {
  const seen = seenBy(probe, phase)
  return seen && probe.draw.histograms ? probe.draw.histograms(seen.data) : []
}

export function tableRowsOf(probe: Probe, phase: PhaseModel | null): Record<string, string | number | null>[] {
  const seen = seenBy(probe, phase)
  return phase && seen && probe.draw.table ? probe.draw.table.rows(seen.data, scopeOf(phase, seen.coveredUs)) : []
}

/**
 * What a phase's numbers relate to. Windows may cover a part of the phase only: requests are taken in that proportion. While
 * it runs they are ahead of the load's slices by up to a second, in which requests go on as before.
 */
export function scopeOf(phase: PhaseModel, coveredUs: number): FigureScope {
  const load = phase.load
  const loadUs = load ? load.endUs - load.startUs : 0
  if (!load || loadUs <= 0 || load.done === 0) return { durationUs: coveredUs, requests: null }
  const share = coveredUs / loadUs
  return { durationUs: coveredUs, requests: load.done * (phase.endUs === null ? share : Math.min(1, share)) }
}

/**
 * How many times worse `figure` is than `base`; what adds up is compared per request, or per second where the load of one
 * is not known: twice the load is no worsening. `null` when that cannot be said.
 */
export function worsening(
  figure: Figure,
  base: Figure,
  phase: PhaseModel,
  baseline: PhaseModel,
  probe: string,
): number | null {
  if (figure.value === null || base.value === null || figure.better === 'neutral') return null
  const [requests, before] = [phase, baseline].map((p) => scopeOf(p, p.probes.get(probe)?.coveredUs ?? 0).requests)
  const isLoaded = Boolean(requests && before)
  const per = (p: PhaseModel) => {
    if (!figure.adds) return 1
    return (isLoaded ? (p === phase ? requests : before) : p.probes.get(probe)?.coveredUs) || 1
  }
  const now = figure.value / per(phase)
  const then = base.value / per(baseline)
  if (now === then) return 1
  const [worse, better] = figure.better === 'lower' ? [now, then] : [then, now]
  return better === 0 ? Number.POSITIVE_INFINITY : worse / better
}

/** Tracer and kernel programs together, percent of one core. */
export const tracingPct = (cost: Cost): number | null =>
  cost.tracerPct === null && cost.bpfPct === null ? null : (cost.tracerPct ?? 0) + (cost.bpfPct ?? 0)

/** Growth of a telemetry counter over a phase; `null` when its source could not be read, or it was restarted. */
export const counterDelta = counterGrowth

/** How many times more often per second a counter grew than in the baseline; Infinity when it stood still there. */
export function counterWorsening(
  phase: PhaseModel,
  baseline: PhaseModel | null,
  source: string,
  name: string,
): number | null {
  return timesWorse(perSecond(phase, source, name), baseline && perSecond(baseline, source, name))
}

/** How many times more of what should be less; Infinity when there was none. `null` when one of the two is unknown. */
export function timesWorse(now: number | null, then: number | null): number | null {
  if (now === null || then === null) return null
  if (now === then) return 1
  return then === 0 ? Number.POSITIVE_INFINITY : now / then
}

/** CPU time of the target's processes: percent of one core, and ns per completed request. */
export function targetCpu(phase: PhaseModel): { corePct: number | null; perRequestNs: number | null } {
  const seen = phase.telemetry.get('process')
  const grown = counterGrowth(phase, 'process', 'cpu_ns')
  // A process that ended took its time with it.
  if (!seen || grown === null) return { corePct: null, perRequestNs: null }
  const spanUs = seen.lastUs - seen.firstUs
  const { requests } = scopeOf(phase, spanUs)
  return { corePct: grown / spanUs / 10, perRequestNs: requests === null ? null : grown / requests }
}

/** Failed requests of a phase; `null` when no load is known. */
export const errorsOf = (phase: PhaseModel | null): number | null =>
  phase?.load ? Object.values(phase.load.errors).reduce((n, x) => n + x, 0) : null

/** Failed requests in percent of those that ended. */
export function errorPct(phase: PhaseModel | null): number | null {
  const errors = errorsOf(phase)
  if (errors === null || !phase?.load) return null
  const ended = Math.max(phase.load.done, errors)
  return ended === 0 ? null : (errors / ended) * 100
}

/** Completed requests per second of a phase. */
export function rpsOf(phase: PhaseModel | null): number | null {
  const load = phase?.load
  const seconds = load ? (load.endUs - load.startUs) / 1e6 : 0
  return load && seconds > 0 ? load.done / seconds : null
}

/** Where a phase stands in the plan; `durationUs` is null where the recording's plan does not say. */
export function placeInPlan(
  model: RunModel,
  phase: PhaseModel,
): { index: number; of: number; durationUs: number | null } {
  const own = model.phases.filter(({ kind }) => kind !== SPAN_KIND)
  return {
    index: own.indexOf(phase) + 1,
    of: Math.max(plannedPhases(model).length, own.length),
    durationUs: durationUs(plannedOf(model, phase)['duration']),
  }
}

/**
 * The plan sends requests in this phase and throws their latencies away: a warm-up. Recordings whose plan does not say
 * so show it by load that was planned and left no trace; `false` where the recording cannot tell.
 */
export function isNotJudged(model: RunModel, phase: PhaseModel): boolean {
  if (phase.load) return false
  // It may also be that none was sent: the summary knows.
  if (model.summary?.phases.find(({ id }) => id === phase.id)?.valid === false) return false
  const { discard, rate } = plannedOf(model, phase)
  return discard === true || (phase.endUs !== null && typeof rate === 'string' && Number.parseFloat(rate) > 0)
}

function plannedPhases(model: RunModel): unknown[] {
  const plan = model.header?.plan
  return typeof plan === 'object' && plan !== null && 'phases' in plan && Array.isArray(plan.phases) ? plan.phases : []
}

/** Failed requests in percent at which the plan stops a load; null where it does not say. */
export function abortPct(model: RunModel): number | null {
  const plan = model.header?.plan
  const abort = typeof plan === 'object' && plan !== null && 'abort' in plan ? plan.abort : null
  const errors = typeof abort === 'object' && abort !== null && 'errors' in abort ? abort.errors : null
  const match = typeof errors === 'string' ? /^(\d+(?:\.\d+)?)\s*%$/.exec(errors) : null
  return match ? Number(match[1]) : null
}

/** What the plan says of a phase; nothing where another phase stands in its place (a mark). */
function plannedOf(model: RunModel, phase: PhaseModel): Record<string, unknown> {
  const own = plannedPhases(model)[model.phases.indexOf(phase)]
  const isOwn = typeof own === 'object' && own !== null && 'name' in own && own.name === phase.name
  return isOwn ? { ...own } : {}
}

const unitUs: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, m: 6e7, min: 6e7, h: 3.6e9 }
function durationUs(text: unknown): number | null {
  const match = typeof text === 'string' ? /^(\d+(?:\.\d+)?)\s*(us|ms|s|min|m|h)$/.exec(text) : null
  const unit = unitUs[match?.[2] ?? '']
  return match && unit ? Number(match[1]) * unit : null
}

/** Programs name their threads as they like (Node.js: MainThread); the command is what people know them by. */
function nameOf({ comm, cmdline }: { comm: string; cmdline?: string | undefined }): string {
  const command = cmdline?.split(' ')[0]?.split('/').at(-1)
  return command ? clip(command, 32) : comm
}

/** The target as a person names it: `api[4242] +3`. */
export function targetName(model: RunModel): string {
  const processes = model.header?.target.processes ?? []
  const [first] = processes
  if (!first) return model.header?.target.selector ?? 'no target'
  return `${nameOf(first)}[${first.pid}]${processes.length > 1 ? ` +${processes.length - 1}` : ''}`
}

/** All kinds of loss together. */
export const lossCount = (loss: Record<string, number>): number => Object.values(loss).reduce((n, x) => n + x, 0)

export function lossOfRun(model: RunModel): Record<string, number> {
  const byKind: Record<string, number> = {}
  for (const { kind, count } of model.loss) byKind[kind] = (byKind[kind] ?? 0) + count
  return byKind
}

/** Whether events that the kernel skipped were counted all along: only then no loss means that nothing was lost. */
export const knowsSkipped = (model: RunModel): boolean =>
  model.overhead.length > 0 && model.overhead.every(({ skippedEvents }) => skippedEvents !== null)

/** `none`, `12 map full, 36 skipped`; where the kernel does not count what it skips, that this is not known. */
export function lossText(model: RunModel): string {
  const lost = Object.entries(lossOfRun(model)).map(([kind, count]) => `${count} ${kind.replaceAll('_', ' ')}`)
  if (lost.length > 0) return lost.join(', ')
  return knowsSkipped(model) ? 'none' : 'none seen (whether events were skipped is unknown here)'
}

/** The same as a number: `0`, `48`; what is not known to be nothing is only what was seen. */
export function lossCountText(model: RunModel): string {
  const lost = lossCount(lossOfRun(model))
  return lost === 0 && !knowsSkipped(model) ? '0 seen' : formatCount(lost)
}
