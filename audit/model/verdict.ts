import type { DriverVerdict } from '../load/driver.ts'
import type { Plan } from '../plan/plan.ts'
import type { PhaseSummary, SummaryRecord } from '../recording/format.ts'
import { firstOf } from './first-of.ts'
import { isTrial, resultText } from './judging.ts'
import type { RunModel } from './run.ts'
import { counterGrowth } from './telemetry.ts'

/** What a run came to: the sentence of its last record, and the exit code of the command-line contract. */
export interface Verdict {
  exitCode: 0 | 1 | 5
  text: string
}

/** A p99 of fewer requests rests on less than ten of them: told, not hidden. */
const ENOUGH_FOR_P99 = 1_000

/**
 * Judges a run that went to its end. A measurement that is not valid (the generator was the bottleneck, tracing or loss
 * above the budget) is never a verdict on the target: 5. A broken threshold, or a load tool that says so: 1.
 */
export function verdictOf(model: RunModel, summary: SummaryRecord, plan: Plan, driver: DriverVerdict): Verdict {
  const doubts = [...firstOf(invalidPhases(summary, plan)), ...overBudget(model, summary, plan)]
  if (doubts.length > 0) return { exitCode: 5, text: `not valid: ${doubts.join('; ')}` }
  const broken = firstOf(summary.phases.flatMap(brokenThresholds))
  const reasons = driver.failed === true ? [...broken, ...driver.reasons] : broken
  if (reasons.length > 0 || driver.failed === true) return { exitCode: 1, text: `failed: ${reasons.join('; ')}` }
  const judged = summary.phases.filter((phase) => (phase.thresholds ?? []).some(({ kept }) => kept === true))
  // What a search found, or a load tool has to say of a run that passed.
  const said = driver.reasons.map((reason) => `; ${reason}`).join('')
  if (judged.length === 0) return { exitCode: 0, text: `done: no phase was judged${said}` }
  const few = judged.filter(({ done }) => (done ?? 0) < ENOUGH_FOR_P99).map(({ name }) => name)
  const doubt =
    few.length > 0
      ? ` (fewer than ${ENOUGH_FOR_P99} requests in ${firstOf(few).join(', ')}: their p99 rests on less than ten of them)`
      : ''
  return { exitCode: 0, text: `passed: ${firstOf(judged.map(({ name }) => name)).join(', ')}${doubt}${said}` }
}

/** A search goes on until a rate is too high, be it for the generator: that is its answer, not a fault of the run. */
const invalidPhases = (summary: SummaryRecord, plan: Plan): string[] =>
  summary.phases
    .filter(({ name, valid }) => !valid && !isTrial(plan, name))
    .map(({ name, reasons }) => `${name}: ${reasons.join(', ')}`)

const brokenThresholds = ({ name, thresholds = [] }: PhaseSummary): string[] =>
  thresholds.filter(({ kept }) => kept === false).map((result) => `${name}: ${resultText(result)}`)

function overBudget(model: RunModel, summary: SummaryRecord, plan: Plan): string[] {
  const { overheadPct, loss } = plan.budgets
  const { tracer_cpu_pct: tracer, bpf_cpu_pct: bpf } = summary.cost
  const cost = tracer === null && bpf === null ? null : (tracer ?? 0) + (bpf ?? 0)
  const share = lossShare(model)
  const skipped = skippedShare(model)
  return [
    ...(overheadPct !== null && cost !== null && cost > overheadPct
      ? [`tracing cost ${cost.toFixed(1)} % of a core, budget ${overheadPct} %`]
      : []),
    ...(skipped !== null && skipped > loss
      ? [`the kernel skipped ${percent(skipped)} of the events, budget ${percent(loss)}: other BPF programs run here`]
      : []),
    ...(share > loss ? [`${percent(share)} of the windows lost events, budget ${percent(loss)}`] : []),
  ]
}

/**
 * Share of the windows that lost something, 0..1. Connections that queued before the attach (`untracked`) are no loss of
 * ours; skipped events come in nearly every window where others trace, too: what counts is how many.
 */
function lossShare(model: RunModel): number {
  const taken = new Map<string, number>()
  for (const phase of model.phases)
    for (const { probe, windows } of phase.probes.values()) taken.set(probe, (taken.get(probe) ?? 0) + windows)
  const windows = Math.max(0, ...taken.values())
  const lossy = new Set(
    model.loss.filter(({ kind }) => kind !== 'untracked' && kind !== 'skipped').map(({ endUs }) => endUs),
  )
  return windows === 0 ? 0 : Math.min(1, lossy.size / windows)
}

/**
 * Share of the events that the kernel ran no program for. How many there were is not counted; switches of context are
 * among the events of nearly every probe, so that their number is too small rather than too great: a share at most.
 */
function skippedShare(model: RunModel): number | null {
  const skipped = model.loss.reduce((sum, { kind, count }) => sum + (kind === 'skipped' ? count : 0), 0)
  if (skipped === 0) return null
  const switches = model.phases.reduce((sum, phase) => sum + (counterGrowth(phase, 'cpu', 'ctxt') ?? 0), 0)
  return skipped / (skipped + switches)
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`
