import type { PhaseModel, RunModel } from '../../audit/index.ts'
import type { Figure, Probe } from '../../probes/index.ts'
import { dropCounters } from './drops.ts'
import { formatCount, formatRatio, formatUnit } from './format.ts'
import { type Catalog, figuresOf, probesOf, timesWorse, worsening } from './reading.ts'

/** Less than this many times worse is not worth a remark, nor a mark in a table. */
export const WORSE = 1.5
/** A wait shorter than this part of the response (a mean against its median, else its p99) cannot be why it is late. */
const FELT = 0.05
/** A drop less often than once in so many requests is an accident, not a cause. */
const REQUESTS_PER_DROP = 1000

/** Where numbers stand on the screen: a probe's tab and view of it, or (`probe` null) among those of the system. */
export interface ShownAt {
  probe: string | null
  /** view of the probe's stacks; null: its first view, whatever that is */
  view: string | null
}

/** A number that is worse in a phase than in the one it is held against. */
export interface StandOut {
  /** of which probe, in the words of its tab; empty where the label says it */
  of: string
  label: string
  now: string
  before: string
  /** times worse; Infinity when there was none */
  ratio: number
  at: ShownAt
  weight: keyof typeof weights
  /** ns that a request takes longer by it on average; null where it is no such time */
  addedNs: number | null
  /** of the thread time that a request takes longer, 0..1; null where it is no part of it, or not all parts are known */
  share: number | null
}

/**
 * What weighs more in telling why a phase is worse: what was lost, then single waits, then what a request waits on
 * average, then what it makes the kernel do. What may be chance, only counts, or is too short to be felt comes last.
 */
const weights = {
  drop: 0,
  wait: 1,
  mean: 2,
  fault: 3,
  work: 4,
  level: 5,
  chance: 6,
  count: 7,
  sum: 8,
  trifle: 9,
} as const

/** All that is worse in `phase`, the telling first: what probes measured, and what was dropped. */
export function standOutsOf(model: RunModel, catalog: Catalog, phase: PhaseModel, base: PhaseModel): StandOut[] {
  const probes = probesOf(model, catalog)
  return [...drops(model, phase, base, probes), ...ranked(standOuts(model, phase, base, probes))]
}

function drops(model: RunModel, phase: PhaseModel, base: PhaseModel, probes: readonly Probe[]): StandOut[] {
  return dropCounters(model).flatMap(({ label, probe, grown, rate }): StandOut[] => {
    const own = probes.find((one) => one.name === probe && phase.probes.has(probe))
    // What the probe counts by the same name is what its place shows, and of the target alone.
    const [figure, before] = [phase, base].map(
      (side) => own && figuresOf(own, side).find((one) => one.label === label && one.adds),
    )
    const ratio = figure && before ? worsening(figure, before, phase, base, probe) : timesWorse(rate(phase), rate(base))
    if (ratio === null || ratio < WORSE) return []
    const [now, then] = figure && before ? [figure.value, before.value] : [grown(phase), grown(base)]
    if (now === null || now * REQUESTS_PER_DROP < (phase.load?.done ?? 0)) return []
    const at = { probe: own ? probe : null, view: null }
    return [standOut({ label, now: formatCount(now), before: formatCount(then), ratio, at, weight: 'drop' })]
  })
}

/** What is the same in most of them is left out. */
export const standOut = (
  own: Pick<StandOut, 'label' | 'now' | 'before' | 'ratio' | 'at' | 'weight'> & Partial<StandOut>,
): StandOut => ({ of: '', addedNs: null, share: null, ...own })

/** Figures of `phase` that are worse than in `base` by what is worth a remark, in the probes' order. */
export function standOuts(model: RunModel, phase: PhaseModel, base: PhaseModel, probes: readonly Probe[]): StandOut[] {
  const shareOf = threadShares(phase, base, probes)
  return probes.flatMap((probe) => {
    const bases = new Map(figuresOf(probe, base).map((f) => [f.key, f]))
    return figuresOf(probe, phase).flatMap((figure): StandOut[] => {
      const before = bases.get(figure.key)
      const ratio = before ? worsening(figure, before, phase, base, probe.name) : null
      if (!before || ratio === null || ratio < WORSE) return []
      const isChance = mayBeChance(model, `${probe.name}.${figure.key}`, phase, base)
      const isMean = figure.unit === 'ns_per_request'
      return [
        {
          of: probe.draw.tab,
          label: figure.label,
          now: formatUnit(figure.value, figure.unit),
          before: formatUnit(before.value, before.unit),
          ratio,
          at: { probe: probe.name, view: figure.view ?? null },
          weight: isChance ? 'chance' : weightOf(figure, phase),
          addedNs: isMean && figure.value !== null && before.value !== null ? figure.value - before.value : null,
          share: figure.threads ? shareOf(figure, before) : null,
        },
      ]
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

function weightOf(figure: Figure, phase: PhaseModel): StandOut['weight'] {
  if (!isFelt(figure, phase)) return 'trifle'
  if (figure.adds) return 'sum'
  if (figure.unit === 'ns') return 'wait'
  if (figure.unit === 'ns_per_request') return 'mean'
  return figure.unit === 'per_request' || figure.unit === 'percent' ? 'work' : 'count'
}

/** In another run like these the two might change places, as far as they varied within their phases; false: unknown too. */
function mayBeChance(model: RunModel, name: string, phase: PhaseModel, base: PhaseModel): boolean {
  const [now, then] = [phase, base].map(
    ({ id }) => model.summary?.phases.find((one) => one.id === id)?.intervals?.[name],
  )
  return now !== undefined && then !== undefined && now.low <= then.high && then.low <= now.high
}

const THREADS = ['running', 'blocked', 'ready'] as const

/**
 * What part a figure has in the thread time that a request takes longer. Only where all that threads do is known on both
 * sides, and none of it has shrunk: otherwise parts would not add up to the whole.
 */
function threadShares(phase: PhaseModel, base: PhaseModel, probes: readonly Probe[]) {
  const growth = THREADS.map((state) => {
    const [now, then] = [phase, base].map(
      (side) =>
        probes.flatMap((probe) => figuresOf(probe, side)).find(({ threads }) => threads === state)?.value ?? null,
    )
    return now === null || now === undefined || then === null || then === undefined ? null : now - then
  })
  const isWhole = growth.every((ns) => ns !== null && ns >= 0)
  const all = growth.reduce<number>((sum, ns) => sum + (ns ?? 0), 0)
  return (figure: Figure, before: Figure): number | null =>
    isWhole && all > 0 && figure.value !== null && before.value !== null ? (figure.value - before.value) / all : null
}

/** The telling first; each by one name once: a count and its rate say the same. */
export function ranked(found: readonly StandOut[]): StandOut[] {
  // What takes the most of a request's time comes first, else what grew most. What was not there before has no ratio; it
  // ranks with a clear change, not above every other. Doublings are enough to rank by: lines of a run that goes on must
  // not change places with each window.
  const size = ({ ratio, addedNs, weight }: StandOut): number =>
    Math.floor(Math.log2(weight === 'mean' && addedNs !== null ? addedNs : Number.isFinite(ratio) ? ratio : 10))
  const sorted = found.toSorted((a, b) => weights[a.weight] - weights[b.weight] || size(b) - size(a))
  return sorted.filter(
    ({ of, label }, i) => sorted.findIndex((other) => other.of === of && other.label === label) === i,
  )
}

/** `(×52)`, or that there was none before. */
export const timesText = (ratio: number): string => (Number.isFinite(ratio) ? formatRatio(ratio) : 'new')

/** What it is called where nothing else says of what it is. */
export const nameOf = ({ of, label }: StandOut): string => (of === '' ? label : `${of} ${label}`)
