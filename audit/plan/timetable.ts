import { integralOf } from '../load/schedule.ts'
import type { Plan, PlannedPhase, SearchPhase } from './plan.ts'

/** When what happens, as far as the plan knows it. */
export interface Timetable {
  rows: TimetableRow[]
  /** null: the load tool or a person decides */
  durationMs: number | null
  requests: number | null
  highestRps: number | null
  /** durations and requests are at most these: a search may end early */
  isUpperBound: boolean
}

export interface TimetableRow {
  name: string
  kind: string
  type: 'timed' | 'search'
  /** from the start of the first phase; null after a search, which takes as long as it takes */
  startMs: number | null
  /** of a search an upper bound */
  durationMs: number
  fromRps: number
  toRps: number
  /** of a search an upper bound; null: another tool or nobody sends them */
  requests: number | null
  discard: boolean
}

export function timetableOf(plan: Pick<Plan, 'phases' | 'load'>): Timetable {
  const hasRates = plan.load.driver === 'builtin'
  let startMs: number | null = 0
  const rows: TimetableRow[] = []
  for (const phase of plan.phases) {
    const { durationMs, requests } = extentOf(phase)
    rows.push({
      name: phase.name,
      kind: phase.kind,
      type: phase.type,
      startMs,
      durationMs,
      fromRps: phase.fromRps,
      toRps: phase.toRps,
      requests: hasRates ? requests : null,
      discard: phase.type === 'timed' && phase.discard,
    })
    startMs = startMs === null || phase.type === 'search' ? null : startMs + durationMs
  }
  const isOpen = rows.length === 0
  const sum = (read: (row: TimetableRow) => number | null) => rows.reduce((total, row) => total + (read(row) ?? 0), 0)
  return {
    rows,
    durationMs: isOpen ? null : sum((row) => row.durationMs),
    requests: isOpen || !hasRates ? null : sum((row) => row.requests),
    highestRps: isOpen || !hasRates ? null : Math.max(...rows.map((row) => Math.max(row.fromRps, row.toRps))),
    isUpperBound: plan.phases.some((phase) => phase.type === 'search'),
  }
}

function extentOf(phase: PlannedPhase): { durationMs: number; requests: number } {
  if (phase.type === 'timed')
    return { durationMs: phase.durationMs, requests: Math.round(integralOf(phase, phase.durationMs)) }
  const rates = searchedRates(phase)
  const seconds = phase.stepMs / 1000
  return {
    durationMs: rates.length * phase.stepMs,
    requests: Math.round(rates.reduce((sum, rps) => sum + rps * seconds, 0)),
  }
}

/**
 * The longest that a search can take: it doubles up to its highest rate, which fails, and halves what lies between the
 * last two until that is less than `precision` of the lower one; all of those pass.
 */
function searchedRates({ fromRps, toRps, precision }: SearchPhase): number[] {
  const rates = [fromRps]
  let passed = fromRps
  while (passed < toRps) {
    const next = Math.min(passed * 2, toRps)
    rates.push(next)
    if (next === toRps) break
    passed = next
  }
  const failed = toRps
  while (failed - passed > precision * passed) {
    passed = (passed + failed) / 2
    rates.push(passed)
  }
  return rates
}
