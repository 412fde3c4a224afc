import type { BegunPhase, Course } from '../driver.ts'
import { createSampleBooks } from '../samples.ts'
import { followClock } from '../wall-clock.ts'
import { createCounts, type K6Counts } from './counts.ts'
import { placeOf } from './places.ts'
import type { K6Phase } from './plan.ts'
import { createRequestAssembler, type K6Event, type MetricRow } from './rows.ts'

/** The books of a run whose timetable is known. */
export interface K6Ledger {
  row(row: MetricRow): void
  /** the scenarios' clock started, CLOCK_MONOTONIC */
  released(atNs: bigint): void
  /** the next phase of the timetable has begun */
  begun(phase: BegunPhase): void
  /** the timetable is at its end: nothing is due any more, though the last answers may be out */
  planOver(): void
  /** tells the seconds that are over */
  settle(): void
  /** nothing more comes */
  end(): void
  readonly counts: K6Counts
}

type Placed = Extract<K6Event, { type: 'request' | 'dropped' }>

/** What is reported of a phase before it is cut waits for that; a cut takes a moment, not this many requests. */
const HELD_LIMIT = 100_000

/** The first phase of the timetable runs already, as `course.firstPhase`. */
export function createLedger(course: Course, phases: readonly K6Phase[]): K6Ledger {
  const books = createSampleBooks((slice) => course.slice(slice))
  const toMonotonic = followClock((text) => course.note(text))
  const counts = createCounts()
  const ids: number[] = []
  const firstNs = process.hrtime.bigint()
  let zeroNs: bigint | null = null
  let held: Placed[] = []

  const open = (id: number, atNs: bigint) => {
    const phase = phases[ids.length]
    const isFirst = ids.length === 0
    ids.push(id)
    const lateMs = phase && zeroNs !== null ? Number(atNs - zeroNs) / 1e6 - phase.startMs : 0
    const rps = phase ? plannedOf(phase, counts, lateMs) : null
    // The first phase began before k6 was released: nothing is due until then.
    const shifted = (afterMs: number) => (rps && zeroNs !== null ? rps(afterMs - Number(zeroNs - firstNs) / 1e6) : 0)
    books.begin({ id, atNs, plannedRps: rps && isFirst ? shifted : rps })
  }
  open(course.firstPhase, firstNs)

  /** False: its phase is still to begin. */
  const place = (event: Placed): boolean => {
    const startNs = toMonotonic(event.type === 'request' ? event.endUnixMs - event.responseMs : event.unixMs)
    const index = zeroNs === null ? null : placeOf(phases, event.scenario, Number(startNs - zeroNs) / 1e6)
    if (index !== null && index >= ids.length) return false
    if (zeroNs === null && event.scenario !== '') return false
    enter(event, startNs, index === null ? null : (ids[index] ?? null))
    return true
  }
  const enter = (event: Placed, startNs: bigint, phase: number | null) => {
    if (event.type === 'dropped') return books.drop(startNs, event.count, phase)
    const { responseMs, serviceMs, outcome } = event
    books.add({ startNs, responseMs, serviceMs, outcome, phase })
  }
  const placeHeld = () => {
    const waiting = held
    held = []
    for (const event of waiting) if (!place(event)) held.push(event)
  }

  const assembler = createRequestAssembler((event) => {
    counts.take(event)
    if (event.type !== 'request' && event.type !== 'dropped') return
    if (place(event)) return
    held.push(event)
    if (held.length > HELD_LIMIT) giveUpWaiting()
  })
  /** Whatever waits belongs, as far as can be told, to the phase that runs. */
  const giveUpWaiting = () => {
    const waiting = held
    held = []
    for (const event of waiting)
      enter(event, toMonotonic(event.type === 'request' ? event.endUnixMs - event.responseMs : event.unixMs), null)
  }

  return {
    row: assembler.row,
    released: (atNs) => {
      zeroNs = atNs
      placeHeld()
    },
    begun: ({ id, atNs }) => {
      open(id, atNs)
      placeHeld()
    },
    planOver: () => {
      const phase = phases[ids.length - 1]
      const id = ids.at(-1)
      if (!phase || id === undefined || zeroNs === null) return
      // The phase goes on for the books, without a plan.
      const overNs = zeroNs + BigInt(Math.round(phase.endMs * 1e6))
      books.begin({ id, atNs: overNs, plannedRps: null })
    },
    settle: () => books.settle(process.hrtime.bigint()),
    end: () => {
      assembler.end()
      giveUpWaiting()
      books.close(process.hrtime.bigint())
    },
    counts,
  }
}

/**
 * Requests/s that a phase asks for, at a time in ms after its cut, `lateMs` after k6 began it. What was due until the cut
 * is sent by the phase's scenarios: it counts in the phase's first second.
 *
 * k6 plans iterations; how many requests one makes is known only from those that ended. One that makes several counts as
 * one, so that a phase is never taken for short of its plan because of it; dropped iterations tell that exactly.
 */
function plannedOf(phase: K6Phase, counts: K6Counts, lateMs: number): ((afterMs: number) => number) | null {
  const rates: (readonly [string, (afterMs: number) => number, missed: number])[] = []
  for (const [scenario, rate] of Object.entries(phase.rates)) {
    if (rate === null) return null
    rates.push([scenario, rate, dueWithin(rate, lateMs)])
  }
  if (rates.length === 0) return null
  return (afterMs) => {
    if (afterMs < 0) return 0
    return rates.reduce((sum, [scenario, rate, missed]) => {
      const rps = rate(lateMs + afterMs) + (afterMs < 1000 ? missed : 0)
      return sum + rps * Math.min(1, counts.requestsPerIteration(scenario) ?? 1)
    }, 0)
  }
}

const STEPS = 50

/** Iterations that become due in the first `ms` of a phase. */
function dueWithin(rate: (afterMs: number) => number, ms: number): number {
  if (ms <= 0) return 0
  const stepMs = ms / STEPS
  return (
    Array.from({ length: STEPS }, (_, step) => rate((step + 0.5) * stepMs)).reduce((a, b) => a + b, 0) * (stepMs / 1000)
  )
}
