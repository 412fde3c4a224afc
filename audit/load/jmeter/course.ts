import type { Course } from '../driver.ts'
import { createSkipCount } from '../follow/skip-count.ts'
import type { WallSample } from '../follow/wall-sample.ts'
import { createPhaseKeeper } from '../phase-keeper.ts'
import { followClock } from '../wall-clock.ts'
import type { JmxPhase, JmxTimetable } from './timetable.ts'

/** The phases of a plan while JMeter runs it. */
export interface JmxCourse {
  /** JMeter says that its test starts, at this wall-clock time, ms */
  testStarted(atMs: number): void
  sample(sample: WallSample): void
  skipped(why: string): void
  /** Books the samples taken since; begins the phases they are the first of. Rejects when a phase could not begin. */
  book(): Promise<void>
  close(): void
}

/** Node's timers hold no more than 2^31 - 1 ms, 24.8 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Begins phases when the timetable says, or with the first sample of a group that has no time or is early. */
export function createJmxCourse(course: Course, timetable: JmxTimetable): JmxCourse {
  const keeper = createPhaseKeeper(course, process.hrtime.bigint())
  const toMonotonic = followClock((text) => course.note(text))
  const skips = createSkipCount()
  const begun = new Map<JmxPhase, Promise<{ id: number }>>()
  const timers = new Set<NodeJS.Timeout>()
  const phaseOfGroup = phaseFinder(timetable.phases)
  let batch: WallSample[] = []
  let originNs: bigint | null = null
  let failure: Promise<never> | null = null

  const begin = (phase: JmxPhase): Promise<{ id: number }> => {
    const known = begun.get(phase)
    if (known) return known
    const beginning = keeper.begin(phase.name, phase.kind)
    begun.set(phase, beginning)
    // A timer has nobody to tell: the next `book` does.
    beginning.catch((error: unknown) => {
      failure ??= Promise.reject(error)
      failure.catch(() => {})
    })
    return beginning
  }

  const setOrigin = (ns: bigint) => {
    if (originNs !== null) return
    originNs = ns
    for (const phase of timetable.phases) {
      // A setUp group started with the test, before these times begin to count.
      if (phase.startMs === null || phase.groups[0]?.role === 'setup') continue
      const dueNs = ns + BigInt(Math.round(phase.startMs * 1e6))
      const leftMs = Number(dueNs - process.hrtime.bigint()) / 1e6
      if (leftMs <= 0) void begin(phase).catch(() => {})
      else timers.add(setTimeout(() => void begin(phase).catch(() => {}), Math.min(LONGEST_TIMER_MS, leftMs)))
    }
  }

  const phaseOf = async (sample: WallSample, startNs: bigint): Promise<number | null> => {
    const phase = phaseOfGroup(sample)
    if (!phase) return null
    const isMain = phase.groups[0]?.role === 'main'
    if (isMain && phase.startMs !== null) setOrigin(startNs - BigInt(Math.round(phase.startMs * 1e6)))
    const { id } = await begin(phase)
    return timetable.isOverlapping ? null : id
  }

  const untimed = timetable.phases.filter((phase) => phase.startMs === null).map((phase) => phase.name)
  if (untimed.length > 0)
    course.note(
      `the plan has no times for ${untimed.join(', ')}: these begin when JMeter has reported their first request`,
    )
  if (timetable.isOverlapping)
    course.note('thread groups may run at the same time: a request counts in the phase it started in')

  return {
    testStarted: (atMs) => {
      if (timetable.origin === 'test') return setOrigin(toMonotonic(atMs))
      const first = timetable.phases[0]
      if (first) void begin(first).catch(() => {})
    },
    sample: (sample) => batch.push(sample),
    skipped: skips.add,
    book: async () => {
      const samples = batch
      batch = []
      for (const sample of samples) {
        const { startMs, group: _group, groupNumber: _number, ...rest } = sample
        const startNs = toMonotonic(startMs)
        keeper.books.add({ ...rest, startNs, phase: await phaseOf(sample, startNs) })
      }
      if (failure) await failure
    },
    close: () => {
      for (const timer of timers) clearTimeout(timer)
      keeper.close()
      const text = skips.tell("JMeter's result file")
      if (text) course.note(text)
    },
  }
}

/**
 * Name and number tell a group, since names may repeat. A name alone does where it is the plan's only one; where it is a
 * variable, the number among the main groups does.
 */
function phaseFinder(phases: readonly JmxPhase[]): (sample: WallSample) => JmxPhase | undefined {
  const groups = phases.flatMap((phase) => phase.groups.map((group) => ({ phase, group })))
  const exact = new Map(groups.map(({ phase, group }) => [`${group.name} ${group.number}`, phase]))
  const byName = new Map<string | null, JmxPhase | undefined>()
  for (const { phase, group } of groups) byName.set(group.name, byName.has(group.name) ? undefined : phase)
  const unnamed = new Map(
    groups
      .filter(({ group }) => group.name === null && group.role === 'main')
      .map(({ phase, group }) => [group.number, phase]),
  )
  return ({ group, groupNumber }) =>
    group === null || groupNumber === null
      ? undefined
      : (exact.get(`${group} ${groupNumber}`) ?? byName.get(group) ?? unnamed.get(groupNumber))
}
