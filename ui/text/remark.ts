import type { PhaseModel, RunModel } from '../../audit/index.ts'
import type { Probe } from '../../probes/index.ts'
import { wholePercent } from './format.ts'
import { type BaseOf, baselineOf, type Catalog, isMeasured, isNotJudged } from './reading.ts'
import { type Reason, reasonsOf } from './reasons.ts'
import { nameOf, ranked, type StandOut, standOuts, timesText } from './stand-outs.ts'
import {
  beforeText,
  comparedText,
  isFeltKnown,
  type Symptom,
  symptomsOf,
  unjudgedBecause,
  type Worst,
  worstOf,
} from './worst.ts'

export interface Remark {
  tone: 'worse' | 'good' | 'neutral'
  /** the same in fewer words: the first that fits is shown */
  texts: readonly string[]
}

/** Where in the stacks what stands out has grown, in words, longest first; empty where nothing of that is known. */
export type GrownIn = (found: StandOut) => readonly string[]

/**
 * What a phase comes to in one line: what users feel most, and with it what belongs to it best, each against the
 * baseline. With `probe` it is about that probe, if it has anything to say. It says what grew, never what caused it.
 */
export function remarkOf(
  model: RunModel,
  catalog: Catalog,
  phase: PhaseModel | null,
  probe?: Probe,
  baseOf: BaseOf = baselineOf,
  grownIn: GrownIn = () => [],
): Remark {
  const worst = worstOf(model, catalog)
  const base = baseOf(model, phase)
  const doubt = phase && unjudged(model, phase)
  if (doubt) return aside(doubt, worst, phase)
  const symptoms = phase ? symptomsOf(model, catalog, phase, baseOf) : []
  if (!phase || (!base && symptoms.length === 0)) return aside(incomparable(model, phase), worst, phase)
  const own = probe && base ? ranked(standOuts(model, phase, base, [probe])) : []
  if (base && own.length > 0) return { tone: 'worse', texts: ownTexts(head(model, phase, null), own, base) }
  const reasons = base ? reasonsOf(model, catalog, phase, base) : []
  const texts = lineOf(head(model, phase, worst), symptoms, reasons, base, grownIn)
  if (symptoms.length > 0) return { tone: 'worse', texts }
  if (!base) return aside(incomparable(model, phase), worst, phase)
  return aside(calmTexts(model, catalog, phase, base, reasons[0]), worst, phase, 'good')
}

/** The line at the place that shows a reason: its numbers, and what is known of where they come from. */
export function reasonTexts(reason: Reason, base: PhaseModel, where: readonly string[]): string[] {
  const share = reason.share === null ? [] : [`${wholePercent(reason.share)} of the added thread time`]
  const doubt = reason.weight === 'chance' ? ['may be chance'] : []
  const [also] = reason.also
  const wheres = where.length > 0 ? where.map((one) => [one]) : [[]]
  const line = (...parts: readonly string[]): string => [full(reason, base), ...doubt, ...parts].join('; ')
  return shorter([
    ...(also ? wheres.flatMap((one) => [line(...share, ...one, `also ${full(also, base)}`)]) : []),
    ...wheres.map((one) => line(...share, ...one)),
    ...(also ? [line(`also ${short(also)}`)] : []),
    ...wheres.map((one) => line(...one)),
    line(...share),
    line(),
    short(reason),
  ])
}

/** What is said where there is no reason to show: that nothing stands out, or why that cannot be told. */
export function reasonlessText(model: RunModel, catalog: Catalog, phase: PhaseModel | null): string {
  const base = baselineOf(model, phase)
  const doubt = phase && unjudged(model, phase)
  const texts = doubt ?? (phase && base ? calmTexts(model, catalog, phase, base) : incomparable(model, phase))
  return texts[0] ?? ''
}

/** The one line of a whole run, for its end: null where no phase can be held against another. */
export function worstText(model: RunModel, catalog: Catalog): string | null {
  const worst = worstOf(model, catalog)
  if (worst) return remarkOf(model, catalog, worst.phase).texts[0] ?? null
  const judged = model.phases.filter((phase) => unjudgedBecause(model, phase) === null && baselineOf(model, phase))
  const [first] = judged
  const base = first && baselineOf(model, first)
  if (!first || !base) return null
  const names = judged.map(({ name }) => name).join(', ')
  return `no phase is much worse than ${base.name}: ${names} compared by ${comparedText(model, catalog, first, base)}`
}

/** `stress is worst: `, `stress so far: ` */
function head(model: RunModel, phase: PhaseModel, worst: Worst | null): string {
  const isRunning = phase.endUs === null && !model.end
  return `${phase.name}${worst?.phase === phase ? ' is worst' : ''}${isRunning ? ' so far' : ''}: `
}

/** Where the line is not about the worst phase it says which that is. */
function aside(
  texts: readonly string[],
  worst: Worst | null,
  phase: PhaseModel | null,
  tone: Remark['tone'] = 'neutral',
): Remark {
  if (!worst || worst.phase === phase) return { tone, texts }
  const { phase: at, symptom } = worst
  const isWorst = `${at.name} is worst`
  return {
    tone,
    texts: shorter([
      ...texts.flatMap((text) => [
        `${text}; ${isWorst}: ${symptom.label} ${symptom.now} (${symptom.against.join('; ')})`,
        `${text}; ${isWorst}: ${symptom.label} ${symptom.now}`,
        `${text}; ${isWorst}`,
      ]),
      ...texts,
    ]),
  }
}

/** Why a phase with a baseline is not held against it, in words. */
function unjudged(model: RunModel, phase: PhaseModel): string[] | null {
  const own = model.summary?.phases.find(({ id }) => id === phase.id)
  if (isNotJudged(model, phase)) return [`${phase.name} is not judged (n/j): the plan discards its latencies`]
  if (!own || own.valid) return null
  const because = unjudgedBecause(model, phase)
  return [`${phase.name} is not valid and proves nothing: ${because}`, `${phase.name} is not valid`]
}

function incomparable(model: RunModel, phase: PhaseModel | null): string[] {
  if (phase && model.phases.length > 1)
    return isMeasured(phase)
      ? [`later phases are compared with ${phase.name}`]
      : [`${phase.name} comes before the baseline: nothing to compare it with`]
  return model.end
    ? ['one phase, nothing to compare it with']
    : ['no earlier phase to compare with; m begins a new one', 'no earlier phase to compare with']
}

/** Users feel nothing, as far as that is known; what grew all the same, and otherwise what was compared. */
function calmTexts(model: RunModel, catalog: Catalog, phase: PhaseModel, base: PhaseModel, grown?: Reason): string[] {
  const compared = comparedText(model, catalog, phase, base)
  if (compared === '') return [`nothing of ${phase.name} can be compared with ${base.name}: nothing is known of both`]
  if (grown && isFeltKnown(phase, base)) {
    const calm = `${phase.name}: errors and response as in ${base.name}`
    return [`${calm}; grown: ${full(grown, base)}`, `${calm}; grown: ${short(grown)}`, calm]
  }
  const nothing = `nothing stands out in ${phase.name}`
  return [`${nothing} against ${base.name}: compared are ${compared}`, `${nothing} against ${base.name}`, nothing]
}

/** What users feel, and with it what was measured, longest first. */
function lineOf(
  start: string,
  [symptom]: readonly Symptom[],
  reasons: readonly Reason[],
  base: PhaseModel | null,
  grownIn: GrownIn,
): string[] {
  if (!symptom) return []
  const against = symptom.against.length > 0 ? ` (${symptom.against.join('; ')})` : ''
  const opening = `${start}${symptom.label} ${symptom.now}${against}`
  const brief = `${start}${symptom.label} ${symptom.now}${symptom.short === '' ? '' : ` (${symptom.short})`}`
  // Where no load is known the first reason is the symptom itself.
  const reason = reasons.find((one) => nameOf(one) !== symptom.label)
  if (!reason || !base) return [opening, brief]
  const withIt = `${opening}; with it ${full(reason, base)}`
  return shorter([
    ...grownIn(reason).map((where) => `${withIt}, ${where}`),
    ...reason.also.slice(0, 1).map((also) => `${withIt}, ${full(also, base)}`),
    withIt,
    `${opening}; with it ${short(reason)}`,
    `${brief}; with it ${short(reason)}`,
    `${brief}, ${nameOf(reason)} ${reason.now}`,
    // Beside a number of the kernel a bare p99 is still that of the response.
    `${brief}, ${nameOf(reason)} ${reason.now}`.replace(': response ', ': '),
    brief,
  ])
}

function ownTexts(start: string, [first, second]: readonly StandOut[], base: PhaseModel): string[] {
  if (!first) return []
  const opening = `${start}${full(first, base)}`
  if (!second) return [opening, `${start}${short(first)}`]
  return shorter([
    `${opening}; also ${full(second, base)}`,
    `${opening}; also ${short(second)}`,
    `${start}${short(first)}, ${short(second)}`,
    `${start}${short(first)}`,
  ])
}

/** What is no shorter than a text that says more is left out. */
const shorter = (texts: readonly string[]): string[] =>
  texts.filter((text, i) => texts.slice(0, i).every(({ length }) => length > text.length))

/** `Waits waited mean 10.5 ms (32.5 µs in baseline, ×323)` */
const full = (found: StandOut, base: PhaseModel): string =>
  `${nameOf(found)} ${found.now} (${beforeText(found.before, base, found.ratio)})`

const short = (found: StandOut): string => `${nameOf(found)} ${found.now} (${timesText(found.ratio)})`
