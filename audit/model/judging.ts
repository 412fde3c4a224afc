import { failuresOf } from '../load/abort.ts'
import { defaultValidity, type ValidityLimits } from '../load/judge.ts'
import { highestRpsOf } from '../plan/ceiling.ts'
import type { Plan, Thresholds } from '../plan/plan.ts'
import type { ThresholdResult } from '../recording/format.ts'
import type { LoadPhase, PhaseModel } from './run.ts'

/** How the phases of a run are judged; made of the plan, null where there is none. */
export interface Judging {
  validity: ValidityLimits
  /** what the plan asks of a phase; null: nothing, or it is not judged */
  thresholdsOf: (phase: string) => Thresholds | null
  /** whether requests belong to a phase, and slices of them into the recording: `unseen` where they are thrown away, `somewhere` where it may be another phase of a tool's plan */
  loadOf: (phase: Pick<PhaseModel, 'name' | 'kind'>) => 'seen' | 'unseen' | 'somewhere' | 'none'
}

/** Lateness of the generator is a tenth of what the target may take, but 5 ms are what a busy host of two cores costs. */
const LEAST_LAG_MS = 5
const LAG_SHARE = 0.1

export function judgingOf(plan: Plan): Judging {
  const { achieved, sendLagMs } = plan.budgets
  const { p99Ms } = plan.thresholds
  const lagMs =
    sendLagMs ?? (p99Ms === null ? defaultValidity.maxSendLagP99Ms : Math.max(LEAST_LAG_MS, p99Ms * LAG_SHARE))
  const phases = new Map(plan.phases.map((phase) => [phase.name, phase]))
  return {
    validity: { ...defaultValidity, minAchieved: achieved, maxSendLagP99Ms: lagMs },
    loadOf: ({ name, kind }) => {
      const { driver } = plan.load
      // Their plans have pauses.
      if (driver === 'k6' || driver === 'jmeter') return kind === 'idle' ? 'none' : 'somewhere'
      const phase = phases.get(name)
      if (driver !== 'builtin' || phase === undefined) return 'none'
      // A search that has not begun is at rest.
      if (phase.type === 'search' || highestRpsOf([phase]) === 0) return 'none'
      return phase.discard ? 'unseen' : 'seen'
    },
    thresholdsOf: (name) => {
      const phase = phases.get(name)
      // Trials of a search break limits by design; what other tools call their phases is judged by the plan's own.
      if (isTrial(plan, name) || (phase?.type === 'timed' && phase.discard)) return null
      return phase?.thresholds ?? plan.thresholds
    },
  }
}

/** Whether a phase is one of the rates that a search has tried. */
export const isTrial = (plan: Plan, name: string): boolean =>
  plan.phases.some((phase) => phase.type === 'search' && (name === phase.name || name.startsWith(`${phase.name} `)))

/** Holds a phase's load against its thresholds. An invalid phase proves nothing, neither good nor bad. */
export function holdAgainst(
  load: Pick<LoadPhase, 'done' | 'errors' | 'response'> | null,
  limits: Thresholds,
  valid: boolean,
): ThresholdResult[] {
  const failed = load ? failuresOf(load.errors) : 0
  const values = {
    p50: load?.response?.p50 ?? null,
    p99: load?.response?.p99 ?? null,
    p999: load?.response?.p999 ?? null,
    errors: load && load.done > 0 ? failed / load.done : null,
  }
  const limitOf = { p50: limits.p50Ms, p99: limits.p99Ms, p999: limits.p999Ms, errors: limits.errors }
  return (['p50', 'p99', 'p999', 'errors'] as const).flatMap((name): ThresholdResult[] => {
    const limit = limitOf[name]
    const value = values[name]
    return limit === null ? [] : [{ name, limit, value, kept: value === null || !valid ? null : value <= limit }]
  })
}

/** `p99 61.2 ms, limit 50 ms` */
export function resultText({ name, value, limit }: ThresholdResult): string {
  const text = (number: number | null) =>
    number === null ? 'unknown' : name === 'errors' ? `${digits(100 * number)} %` : `${digits(number)} ms`
  return `${name === 'p999' ? 'p99.9' : name} ${text(value)}, limit ${text(limit)}`
}

const digits = (value: number): number => Number(value.toPrecision(3))
