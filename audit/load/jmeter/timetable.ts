import { sanitizeText } from '../../../probes/index.ts'
import { kindOfName } from '../../plan/phase-kind.ts'
import type { JmxGroup, JmxPlan } from './plan.ts'

/** A phase that the plan gives: thread groups that start together, or a pause between them. */
export interface JmxPhase {
  name: string
  kind: string
  /** from the origin, ms; null: it begins with its first sample */
  startMs: number | null
  /** null: when its threads are done */
  endMs: number | null
  groups: readonly JmxGroup[]
}

export interface JmxTimetable {
  /** in the order they are expected */
  phases: readonly JmxPhase[]
  /** what the times count from: a setUp group ends nobody knows when, and the others start after it */
  origin: 'test' | 'first main sample'
  /** groups of different phases may run at once: a request then belongs to the phase it started in, not to its group's */
  isOverlapping: boolean
}

/** Of all groups that start together. */
const LONGEST_NAME = 300
/** A shorter pause between groups is part of the phase before it. */
const PAUSE_MS = 1000

/** What a plan says of when its thread groups start. */
export function timetableOf(plan: JmxPlan): JmxTimetable {
  const of = (role: JmxGroup['role']) => plan.groups.filter((group) => group.role === role)
  const [setup, main, teardown] = [of('setup'), of('main'), of('teardown')]
  const together = new Map<number, JmxGroup[]>()
  const untimed: JmxPhase[] = []
  for (const [at, group] of main.entries()) {
    const startMs = plan.isSerial && at > 0 ? null : group.delayMs
    if (startMs === null) untimed.push(phaseOf([group], null, null))
    else together.set(startMs, [...(together.get(startMs) ?? []), group])
  }
  const timed = [...together]
    .sort(([a], [b]) => a - b)
    .map(([startMs, groups]) => phaseOf(groups, startMs, endOf(groups, startMs)))
  const untimedMayOverlap = !plan.isSerial && untimed.length > 0 && main.length > 1
  return {
    phases: [
      ...setup.slice(0, 1).map(() => phaseOf(setup, 0, null, 'warmup')),
      ...withPauses(timed),
      ...untimed,
      ...teardown.slice(0, 1).map(() => phaseOf(teardown, null, null, 'recovery')),
    ],
    origin: setup.length > 0 ? 'first main sample' : 'test',
    isOverlapping: untimedMayOverlap || isAnyOverlapping(timed),
  }
}

function phaseOf(groups: readonly JmxGroup[], startMs: number | null, endMs: number | null, kind?: string): JmxPhase {
  const name = sanitizeText(groups.map(labelOf).join(' + '), { maxLength: LONGEST_NAME })
  return { name, kind: kind ?? kindOfName(name), startMs, endMs, groups }
}

/** When the last of groups that start together ends; null: one of them does not say. */
const endOf = (groups: readonly JmxGroup[], startMs: number): number | null =>
  groups.reduce<number | null>(
    (end, { durationMs }) => (end === null || durationMs === null ? null : Math.max(end, startMs + durationMs)),
    startMs,
  )

const labelOf = ({ name, number }: JmxGroup): string => name ?? `thread group ${number}`

/** Whether one of the phases, in order of their starts, begins before all earlier ones have ended. */
function isAnyOverlapping(timed: readonly JmxPhase[]): boolean {
  let allEndedMs: number | null = 0
  return timed.some(({ startMs, endMs }, at) => {
    const isEarly = at > 0 && (allEndedMs === null || startMs === null || allEndedMs > startMs)
    allEndedMs = allEndedMs === null || endMs === null ? null : Math.max(allEndedMs, endMs)
    return isEarly
  })
}

function withPauses(timed: readonly JmxPhase[]): JmxPhase[] {
  let lastEndMs: number | null = 0
  const phases: JmxPhase[] = []
  for (const phase of timed) {
    const startMs = phase.startMs ?? 0
    // Before the first group nothing has to begin: the phase before the test goes on.
    if (phases.length > 0 && lastEndMs !== null && startMs - lastEndMs >= PAUSE_MS)
      phases.push({ name: 'pause', kind: 'recovery', startMs: lastEndMs, endMs: startMs, groups: [] })
    phases.push(phase)
    lastEndMs = lastEndMs === null || phase.endMs === null ? null : Math.max(lastEndMs, phase.endMs)
  }
  return phases
}
