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

/** A shorter pause between groups is part of the phase before it. */
const PAUSE_MS = 1000

/** What a plan says of when its thread groups start. */
export function timetableOf(plan: JmxPlan): JmxTimetable {
  const of = (role: JmxGroup['role']) => plan.groups.filter((group) => group.role === role)
  const [setup, main, teardown] = [of('setup'), of('main'), of('teardown')]
  const timed: JmxPhase[] = []
  const untimed: JmxPhase[] = []
  for (const [at, group] of main.entries()) {
    const startMs = plan.isSerial && at > 0 ? null : group.delayMs
    const endMs = startMs === null || group.durationMs === null ? null : startMs + group.durationMs
    const together = startMs === null ? undefined : timed.find((phase) => phase.startMs === startMs)
    if (together) timed.splice(timed.indexOf(together), 1, joined(together, group, endMs))
    else (startMs === null ? untimed : timed).push(phaseOf([group], startMs, endMs))
  }
  timed.sort((a, b) => (a.startMs ?? 0) - (b.startMs ?? 0))
  const untimedMayOverlap = !plan.isSerial && untimed.length > 0 && main.length > 1
  return {
    phases: [
      ...setup.slice(0, 1).map(() => phaseOf(setup, 0, null, 'warmup')),
      ...withPauses(timed),
      ...untimed,
      ...teardown.slice(0, 1).map(() => phaseOf(teardown, null, null, 'recovery')),
    ],
    origin: setup.length > 0 ? 'first main sample' : 'test',
    isOverlapping: untimedMayOverlap || timed.some((phase, at) => at > 0 && !hasEnded(timed.slice(0, at), phase)),
  }
}

function phaseOf(groups: readonly JmxGroup[], startMs: number | null, endMs: number | null, kind?: string): JmxPhase {
  const name = groups.map(labelOf).join(' + ')
  return { name, kind: kind ?? kindOfName(name), startMs, endMs, groups }
}

const joined = (phase: JmxPhase, group: JmxGroup, endMs: number | null): JmxPhase =>
  phaseOf(
    [...phase.groups, group],
    phase.startMs,
    phase.endMs === null || endMs === null ? null : Math.max(phase.endMs, endMs),
  )

const labelOf = ({ name, number }: JmxGroup): string => name ?? `thread group ${number}`

const hasEnded = (before: readonly JmxPhase[], { startMs }: JmxPhase): boolean =>
  before.every(({ endMs }) => endMs !== null && startMs !== null && endMs <= startMs)

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
