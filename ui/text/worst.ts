import { type PhaseModel, type RunModel, SPAN_KIND } from '../../audit/index.ts'
import { formatMs, formatPercent } from './format.ts'
import {
  abortPct,
  type BaseOf,
  baselineOf,
  type Catalog,
  errorPct,
  errorsOf,
  figuresOf,
  isMeasured,
  isNotJudged,
  probesOf,
} from './reading.ts'
import { nameOf, standOutsOf, timesText, WORSE } from './stand-outs.ts'

/** What users feel of a phase: failed answers, or late ones. */
export interface Symptom {
  label: string
  now: string
  /** what it is held against: `4.51 ms in baseline, ×8.7`, `limit 50.0 ms` */
  against: readonly string[]
  /** the same for a table that has a column for the times */
  column: { ratio: number | null; against: readonly string[] }
  /** `(×8.7)`, in a few characters */
  short: string
  grade: Grade
  /** within a grade: the greater is the worse */
  size: number
}

/** What users feel first comes last. Where no load is known, only what probes measured can tell phases apart. */
const grades = ['measured', 'slower', 'failing', 'late', 'limit', 'failed'] as const
type Grade = (typeof grades)[number]

/** More failed requests than this, percent, are what users feel before any wait; a plan may say another. */
const FAILED_PCT = 1
/** Fewer failures are an accident: none in so many, or so few at all. */
const FAILED_NOTABLE_PCT = 0.1
const FAILED_NOTABLE = 3

/** A quantile of fewer requests is but the slowest of them. */
const latencies = [
  { key: 'p99', least: 100, grade: 'late' },
  { key: 'p50', least: 10, grade: 'slower' },
] as const

/** Why a phase can be no worst one; null where it can. */
export function unjudgedBecause(model: RunModel, phase: PhaseModel): string | null {
  if (phase.kind === SPAN_KIND) return 'a span that was selected'
  if (!isMeasured(phase)) return 'no load is measured in it'
  if (isNotJudged(model, phase)) return 'the plan discards its latencies'
  const own = model.summary?.phases.find(({ id }) => id === phase.id)
  return own && !own.valid ? own.reasons.join('; ') || 'not valid' : null
}

/** Phases whose load did not come off as planned: they prove nothing, neither good nor bad. */
export const invalidPhases = (model: RunModel): string[] =>
  model.summary?.phases.filter(({ valid }) => !valid).map(({ name }) => name) ?? []

export interface Worst {
  phase: PhaseModel
  symptom: Symptom
}

const known = new WeakMap<RunModel, { revision: number; worst: Worst | null }>()

/**
 * The phase that users would complain of first: most failed requests, then a broken limit of the plan, then the latest
 * answers against the baseline. Where no load is known, the one whose figures stand out most. Null where nothing is
 * known to be worse. Kept until the model changes.
 */
export function worstOf(model: RunModel, catalog: Catalog): Worst | null {
  const kept = known.get(model)
  if (kept?.revision === model.revision) return kept.worst
  const worst = worse(model, catalog)[0] ?? null
  known.set(model, { revision: model.revision, worst })
  return worst
}

/** Every phase that is worse, the worst first. */
export const worstPhases = (model: RunModel, catalog: Catalog): PhaseModel[] =>
  worse(model, catalog).map(({ phase }) => phase)

function worse(model: RunModel, catalog: Catalog): Worst[] {
  const found = model.phases.flatMap((phase): Worst[] => {
    if (unjudgedBecause(model, phase) !== null) return []
    const [symptom] = symptomsOf(model, catalog, phase)
    return symptom ? [{ phase, symptom }] : []
  })
  return found.toSorted((a, b) => gravest(a.symptom, b.symptom))
}

const gravest = (a: Symptom, b: Symptom): number => grades.indexOf(b.grade) - grades.indexOf(a.grade) || b.size - a.size

/** What users feel of a phase, the gravest first; empty where nothing is worse, or nothing is known. */
export function symptomsOf(
  model: RunModel,
  catalog: Catalog,
  phase: PhaseModel,
  baseOf: BaseOf = baselineOf,
): Symptom[] {
  const base = baseOf(model, phase)
  const felt = [...failures(model, phase, base), ...brokenLimits(model, phase, base), ...delays(phase, base)]
  const found = felt.length > 0 || isFeltKnown(phase, base) ? felt : measured(model, catalog, phase, base)
  // A limit is told of the same latency that is late, too: once is enough.
  return found.toSorted(gravest).filter(({ label }, i, all) => all.findIndex((one) => one.label === label) === i)
}

/** Whether it can be said that users feel nothing. */
export const isFeltKnown = (phase: PhaseModel, base: PhaseModel | null): boolean =>
  base !== null && latencies.some((latency) => [phase, base].every((side) => quantile(side, latency) !== null))

function failures(model: RunModel, phase: PhaseModel, base: PhaseModel | null): Symptom[] {
  const pct = errorPct(phase)
  const limit = failedLimit(model)
  if (pct === null || (errorsOf(phase) ?? 0) < FAILED_NOTABLE) return []
  const then = errorPct(base)
  const isOver = pct > limit
  const isWorse = then !== null && pct > then * WORSE && pct >= FAILED_NOTABLE_PCT
  if (!isOver && !isWorse) return []
  const before = base && then !== null ? { text: formatPercent(then), base, ratio: timesOf(pct, then) } : null
  return [
    {
      label: 'error rate',
      now: formatPercent(pct),
      ...heldAgainst(before, isOver ? `more than ${formatPercent(limit)}` : null),
      short: then === null ? '' : timesText(timesOf(pct, then)),
      grade: isOver ? 'failed' : 'failing',
      size: pct,
    },
  ]
}

/** Percent: what the plan asks of its phases, or stops a load at. */
function failedLimit(model: RunModel): number {
  const asked = model.summary?.phases.flatMap(({ thresholds = [] }) =>
    thresholds.flatMap(({ name, limit }) => (name === 'errors' ? [limit * 100] : [])),
  )
  return asked && asked.length > 0 ? Math.max(...asked) : (abortPct(model) ?? FAILED_PCT)
}

/** Limits of latency that the plan sets; errors are told by their rate. */
function brokenLimits(model: RunModel, phase: PhaseModel, base: PhaseModel | null): Symptom[] {
  const own = model.summary?.phases.find(({ id }) => id === phase.id)?.thresholds ?? []
  return own.flatMap(({ name, kept, value, limit }): Symptom[] => {
    if (kept !== false || name === 'errors' || value === null) return []
    const then = base?.load?.response?.[name] ?? null
    const over = `limit ${formatMs(limit)}`
    return [
      {
        label: `response ${name === 'p999' ? 'p99.9' : name}`,
        now: formatMs(value),
        ...heldAgainst(base && then ? { text: formatMs(then), base, ratio: value / then } : null, over),
        short: over,
        grade: 'limit',
        size: value / limit,
      },
    ]
  })
}

function delays(phase: PhaseModel, base: PhaseModel | null): Symptom[] {
  return latencies.flatMap((latency): Symptom[] => {
    const [now, then] = [quantile(phase, latency), base && quantile(base, latency)]
    if (!base || now === null || then === null || then === 0 || now < then * WORSE) return []
    return [
      {
        label: `response ${latency.key}`,
        now: formatMs(now),
        ...heldAgainst({ text: formatMs(then), base, ratio: now / then }, null),
        short: timesText(now / then),
        grade: latency.grade,
        size: now / then,
      },
    ]
  })
}

const quantile = ({ load }: PhaseModel, { key, least }: (typeof latencies)[number]): number | null =>
  load && load.done >= least ? (load.response?.[key] ?? null) : null

/** Without a load no one can say what users felt: what stands out most of what was measured. */
function measured(model: RunModel, catalog: Catalog, phase: PhaseModel, base: PhaseModel | null): Symptom[] {
  const first = base && standOutsOf(model, catalog, phase, base).find(({ weight }) => weight !== 'trifle')
  if (!first || !base) return []
  return [
    {
      label: nameOf(first),
      now: first.now,
      ...heldAgainst({ text: first.before, base, ratio: first.ratio }, null),
      short: timesText(first.ratio),
      grade: 'measured',
      size: Number.isFinite(first.ratio) ? first.ratio : 10,
    },
  ]
}

const timesOf = (now: number, then: number): number => (then > 0 ? now / then : Number.POSITIVE_INFINITY)

/** What a symptom is held against: what it was before, and a limit that it broke. */
function heldAgainst(
  before: { text: string; base: PhaseModel; ratio: number } | null,
  limit: string | null,
): Pick<Symptom, 'against' | 'column'> {
  const limits = limit === null ? [] : [limit]
  if (!before) return { against: limits, column: { ratio: null, against: limits } }
  const { text, base, ratio } = before
  return {
    against: [beforeText(text, base, ratio), ...limits],
    column: { ratio, against: [`${text} in ${base.name}`, ...limits] },
  }
}

/** `4.51 ms in baseline, ×8.7` */
export const beforeText = (before: string, base: PhaseModel, ratio: number | null): string =>
  `${before} in ${base.name}${ratio !== null && Number.isFinite(ratio) ? `, ${timesText(ratio)}` : ''}`

/** What was held against what, in words, where nothing stands out of it: what is not known is not among it. */
export function comparedText(model: RunModel, catalog: Catalog, phase: PhaseModel, base: PhaseModel): string {
  const felt = [
    [phase, base].every((side) => errorPct(side) !== null) && 'errors',
    ...latencies.map(
      (latency) => [phase, base].every((side) => quantile(side, latency) !== null) && `response ${latency.key}`,
    ),
  ].filter((text) => typeof text === 'string')
  const figures = probesOf(model, catalog).reduce((n, probe) => {
    const before = new Map(figuresOf(probe, base).map(({ key, value }) => [key, value]))
    const both = figuresOf(probe, phase).filter(
      ({ key, value, better }) => better !== 'neutral' && value !== null && (before.get(key) ?? null) !== null,
    )
    return n + both.length
  }, 0)
  return [...felt, ...(figures > 0 ? [`${figures} ${figures === 1 ? 'figure' : 'figures'} of probes`] : [])].join(', ')
}
