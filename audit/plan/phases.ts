import { DEFAULT_SEARCH, limitsOver } from './limits.ts'
import { kindOfName, type PhaseKind } from './phase-kind.ts'
import type { PlannedPhase, Thresholds } from './plan.ts'
import type { Key } from './problem.ts'
import type { WrittenRate } from './quantity.ts'
import type { WrittenPhase } from './schema.ts'
import { HIGHEST_RPS, LONGEST_PHASE_MS } from './words.ts'

export interface PhaseContext {
  /** null: the plan names none */
  peakRps: number | null
  /** false: another tool or nobody sends requests, a phase is a span of time */
  hasRates: boolean
  thresholds: Thresholds
  report(path: readonly Key[], message: string): void
}

/** Written phases as they run, in order: percentages resolved, staircases spread out, each name once. */
export function settlePhases(written: readonly WrittenPhase[], context: PhaseContext): PlannedPhase[] {
  const phases: PlannedPhase[] = []
  const names = new Set<string>()
  let totalMs = 0
  for (const [index, one] of written.entries()) {
    const path = ['phases', index]
    for (const phase of settlePhase(one, path, context)) {
      if (names.has(phase.name))
        context.report([...path, 'name'], `a phase ${JSON.stringify(phase.name)} was there before`)
      names.add(phase.name)
      phases.push(phase)
      totalMs += phase.type === 'timed' ? phase.durationMs : 0
    }
    if (totalMs > LONGEST_PHASE_MS) {
      context.report(path, 'up to here the phases take more than 7 days, as long as a run may take')
      return phases
    }
  }
  return phases
}

const SHAPES = ['rate', 'ramp', 'step', 'search'] as const

function settlePhase(written: WrittenPhase, path: readonly Key[], context: PhaseContext): PlannedPhase[] {
  const { report, hasRates } = context
  const shapes = SHAPES.filter((shape) => written[shape] !== undefined)
  const [shape] = shapes
  const timesItself = shape === 'step' || shape === 'search'
  if (!hasRates && shape) {
    report([...path, shape], 'only the builtin driver makes a rate: leave it out')
    return []
  }
  if (shapes.length > 1) {
    report([...path, shapes[1] ?? ''], `expected one of ${SHAPES.join(', ')}, got ${shapes.join(' and ')}`)
    return []
  }
  if (hasRates && !shape) {
    report(path, `missing: expected one of ${SHAPES.join(', ')}`)
    return []
  }
  if (timesItself && written.duration !== undefined)
    report([...path, 'duration'], `${shape} has a time of its own: each`)
  if (!timesItself && written.duration === undefined)
    report([...path, 'duration'], 'missing: expected a duration like 30s')

  const rps = (rate: WrittenRate, ...at: Key[]) => resolveRate(rate, [...path, ...at], context)
  const thresholds = written.thresholds ? limitsOver(context.thresholds, written.thresholds) : null
  const { name } = written
  if (written.discard && written.thresholds)
    report([...path, 'thresholds'], 'a phase with discard is not judged: leave one of them out')
  const timed = (own: { name: string; durationMs: number; fromRps: number; toRps: number }): PlannedPhase => {
    const isIdle = hasRates && own.fromRps === 0 && own.toRps === 0
    const kind = written.kind ?? known(name) ?? (isIdle ? 'idle' : written.discard ? 'warmup' : 'mark')
    return { type: 'timed', ...own, kind, discard: written.discard ?? kind === 'warmup', thresholds }
  }
  const durationMs = written.duration ?? 0
  if (written.step) {
    const { rates, each } = written.step
    return rates.map((rate, index) => {
      const constant = rps(rate, 'step', 'rates', index)
      return timed({ name: `${name}-${index + 1}`, durationMs: each, fromRps: constant, toRps: constant })
    })
  }
  if (written.ramp) {
    const [from, to] = written.ramp
    return [timed({ name, durationMs, fromRps: rps(from, 'ramp', 0), toRps: rps(to, 'ramp', 1) })]
  }
  if (written.search) return settleSearch(written, written.search, path, thresholds, context)
  const constant = written.rate ? rps(written.rate, 'rate') : 0
  return [timed({ name, durationMs, fromRps: constant, toRps: constant })]
}

function settleSearch(
  written: WrittenPhase,
  search: NonNullable<WrittenPhase['search']>,
  path: readonly Key[],
  thresholds: Thresholds | null,
  context: PhaseContext,
): PlannedPhase[] {
  const at = [...path, 'search']
  const fromRps = resolveRate(search.from, [...at, 'from'], context)
  const toRps = resolveRate(search.to, [...at, 'to'], context)
  if (!(fromRps > 0)) context.report([...at, 'from'], 'a search begins above 0')
  else if (!(toRps > fromRps)) context.report([...at, 'to'], 'a search ends above the rate it begins at')
  const precision = search.precision ?? DEFAULT_SEARCH.precision
  if (precision < 0.001) context.report([...at, 'precision'], 'expected at least 0.1%')
  const { p50Ms, p99Ms, p999Ms, errors } = thresholds ?? context.thresholds
  if (p50Ms === null && p99Ms === null && p999Ms === null && errors === null)
    context.report(at, 'a search needs a limit that the rate must keep: thresholds')
  if (written.discard) context.report([...path, 'discard'], 'a search is judged: leave discard out')
  const kind = written.kind ?? known(written.name) ?? 'stress'
  const stepMs = search.each ?? DEFAULT_SEARCH.stepMs
  return [{ type: 'search', name: written.name, kind, fromRps, toRps, stepMs, precision, thresholds }]
}

/** requests/s; 0 after a complaint */
function resolveRate(rate: WrittenRate, path: readonly Key[], { peakRps, report }: PhaseContext): number {
  if ('rps' in rate) return rate.rps
  if (peakRps === null) {
    report(path, 'a percentage needs to know of what: add peak, like peak: 1000/s')
    return 0
  }
  const rps = rate.ofPeak * peakRps
  if (rps > HIGHEST_RPS) report(path, `expected at most ${HIGHEST_RPS}/s, got ${rps}/s`)
  return rps
}

/** `stress-2` and `Warm-up` say what they are for. */
function known(name: string): PhaseKind | null {
  const kind = kindOfName(name)
  return kind === 'mark' ? null : kind
}
