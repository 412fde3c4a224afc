import type { PhaseModel, RunModel } from '../../audit/index.ts'
import type { Figure, Probe } from '../../probes/index.ts'
import { formatCount, formatMs, formatPercent, formatRatio, formatUnit } from './format.ts'
import {
  type BaseOf,
  baselineOf,
  type Catalog,
  counterDelta,
  counterWorsening,
  errorPct,
  figuresOf,
  isMeasured,
  isNotJudged,
  probesOf,
  worsening,
} from './reading.ts'

/** Less than this many times worse is not worth a remark, nor a mark in a table. */
export const WORSE = 1.5
/** A wait shorter than this part of the response (a mean against its median, else its p99) cannot be why it is late. */
const FELT = 0.05
/** A drop less often than once in so many requests is an accident, not a cause. */
const REQUESTS_PER_DROP = 1000

/** Counters of the target's network namespace that mean something was dropped, gravest first; Linux names (net/ipv4/proc.c). */
export const dropCounters = [
  { label: 'accept-queue overflows', source: 'netns', name: 'TcpExt.ListenOverflows', hasRow: true },
  { label: 'SYNs dropped', source: 'netns', name: 'TcpExt.ListenDrops', hasRow: true },
  // A probe of its own counts these per flow; its rows say more than one here could.
  { label: 'segments sent again', source: 'netns', name: 'Tcp.RetransSegs', hasRow: false },
] as const

export interface Remark {
  tone: 'worse' | 'good' | 'neutral'
  /** the same in fewer words: the first that fits is shown */
  texts: readonly string[]
}

/**
 * What a phase comes to in one line: what users feel most, and with it what explains it best, each against the
 * baseline. With `probe` it is about that probe, if it has anything to say.
 */
export function remarkOf(
  model: RunModel,
  catalog: Catalog,
  phase: PhaseModel | null,
  probe?: Probe,
  baseOf: BaseOf = baselineOf,
): Remark {
  const baseline = baseOf(model, phase)
  if (!phase || !baseline) return incomparable(model, phase)
  const own = probe ? rank(standOuts(phase, baseline, [probe]), phase) : []
  const found =
    own.length > 0
      ? own.slice(0, 2)
      : [symptomOf(phase, baseline), causeOf(phase, baseline, probesOf(model, catalog))].filter((s) => s !== null)
  const texts = sentences(found, own.length > 0 ? 'Also' : 'With it', phase, baseline)
  if (texts.length > 0) return { tone: 'worse', texts }
  return isNotJudged(model, phase)
    ? { tone: 'neutral', texts: [`${phase.name} is not judged (n/j): the plan discards its latencies`] }
    : { tone: 'good', texts: [`nothing in ${phase.name} is much worse than in ${baseline.name}`] }
}

function incomparable(model: RunModel, phase: PhaseModel | null): Remark {
  const say = (...texts: string[]): Remark => ({ tone: 'neutral', texts })
  if (phase && isNotJudged(model, phase))
    return say(`${phase.name} is not judged (n/j): the plan discards its latencies`)
  if (phase && model.phases.length > 1)
    return say(
      isMeasured(phase)
        ? `later phases are compared with ${phase.name}`
        : `${phase.name} comes before the baseline: nothing to compare it with`,
    )
  return model.end
    ? say('one phase, nothing to compare it with')
    : say('no earlier phase to compare with; m begins a new one', 'no earlier phase to compare with')
}

interface Worse {
  label: string
  /** between label and value */
  joint: ' is ' | ': '
  now: string
  before: string
  /** times worse than in the baseline; Infinity when there was none */
  ratio: number
}

/** What users feel: late answers, or failed ones. */
function symptomOf(phase: PhaseModel, baseline: PhaseModel): Worse | null {
  const compare = (label: string, now: number | null, then: number | null, format: (n: number) => string) =>
    now !== null && then !== null && now > then * WORSE
      ? {
          label,
          joint: ' is ' as const,
          now: format(now),
          before: format(then),
          ratio: then > 0 ? now / then : Number.POSITIVE_INFINITY,
        }
      : null
  const errors = errorPct(phase) ?? 0
  const failed = compare('error rate', errors, errorPct(baseline), formatPercent)
  const late = compare(
    'response p99',
    phase.load?.response?.p99 ?? null,
    baseline.load?.response?.p99 ?? null,
    formatMs,
  )
  // One request in a hundred that fails is worse than any wait.
  return errors >= 1 ? (failed ?? late) : (late ?? failed)
}

/** What explains it: drops first, then waits, then work per request, plain counts last. */
function causeOf(phase: PhaseModel, baseline: PhaseModel, probes: readonly Probe[]): Worse | null {
  for (const { label, source, name } of dropCounters) {
    const ratio = counterWorsening(phase, baseline, source, name)
    const [now, then] = [counterDelta(phase, source, name) ?? 0, counterDelta(baseline, source, name)]
    if (ratio !== null && ratio >= WORSE && now * REQUESTS_PER_DROP >= (phase.load?.done ?? 0))
      return { label, joint: ': ', now: formatCount(now), before: formatCount(then), ratio }
  }
  return rank(standOuts(phase, baseline, probes), phase)[0] ?? null
}

export interface StandOut extends Worse {
  figure: Figure
}

/** Figures of `phase` that are worse than in `baseline` by what is worth a remark, in the probes' order. */
export function standOuts(phase: PhaseModel, baseline: PhaseModel, probes: readonly Probe[]): StandOut[] {
  return probes.flatMap((probe) => {
    const bases = new Map(figuresOf(probe, baseline).map((f) => [f.key, f]))
    return figuresOf(probe, phase).flatMap((figure) => {
      const base = bases.get(figure.key)
      const ratio = base ? worsening(figure, base, phase, baseline, probe.name) : null
      if (!base || ratio === null || ratio < WORSE) return []
      const [now, before] = [formatUnit(figure.value, figure.unit), formatUnit(base.value, base.unit)]
      return [{ figure, label: `${probe.draw.tab} ${figure.label}`, joint: ': ', now, before, ratio }]
    })
  })
}

/** Whether a wait is long enough to be felt in the response: a mean against its median, a single one against its p99. */
export function isFelt({ unit, value, adds }: Figure, phase: PhaseModel): boolean {
  const response = phase.load?.response
  const requests = phase.load?.done ?? 0
  const longerThan = (ns: number, responseMs: number | null | undefined) => ns >= (responseMs ?? 0) * 1e6 * FELT
  if (unit === 'ns_per_request') return longerThan(value ?? 0, response?.p50)
  if (unit === 'ns' && adds) return requests === 0 || longerThan((value ?? 0) / requests, response?.p50)
  return unit !== 'ns' || longerThan(value ?? 0, response?.p99)
}

/** Single waits before what a request waits on average, before work per request, before what only counts or is too short to be felt. */
function rank(found: readonly StandOut[], phase: PhaseModel): StandOut[] {
  const tier = ({ figure }: StandOut): number => {
    const { unit, adds } = figure
    if (adds || !isFelt(figure, phase)) return 4
    if (unit === 'ns_per_request') return 1
    if (unit === 'ns') return 0
    return unit === 'per_request' || unit === 'percent' ? 2 : 3
  }
  // What was not there before has no ratio; it ranks with a clear change, not above every other.
  const size = ({ ratio }: StandOut): number => (Number.isFinite(ratio) ? ratio : 10)
  const ranked = found.toSorted((a, b) => tier(a) - tier(b) || size(b) - size(a))
  // A count and its rate go by one name and say the same.
  return ranked.filter(({ label }, i) => ranked.findIndex((other) => other.label === label) === i)
}

/** One sentence for each of at most two, longest first. */
function sentences([first, second]: readonly Worse[], link: string, phase: PhaseModel, baseline: PhaseModel): string[] {
  if (!first) return []
  const where = `${phase.kind === 'stress' ? 'Under' : 'In'} ${phase.name}`
  const times = ({ ratio }: Worse) => (Number.isFinite(ratio) ? ` (${formatRatio(ratio)})` : '')
  const against = (s: Worse) => `${s.before} in ${baseline.name}${times(s)}`
  const opening = `${where} ${first.label}${first.joint}${first.now}; ${against(first)}.`
  if (!second) return [opening]
  const short = (s: Worse) => `${s.label} ${s.now}${times(s) || ' (new)'}`
  return [
    `${opening} ${link} ${second.label}: ${second.now}; ${against(second)}.`,
    `${opening} ${link} ${short(second)}.`,
    `${where}: ${short(first)}, ${short(second)}`,
    `${where}: ${short(first)}`,
  ]
}
