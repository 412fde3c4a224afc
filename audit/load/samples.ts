import type { LoadSlice } from './generator.ts'
import { createHdr, type Hdr } from './hdr.ts'
import { answered, type Outcome } from './outcome.ts'

/** One request as another tool reports it. */
export interface Sample {
  /** when it wanted to be sent, CLOCK_MONOTONIC ns of this host (see `wallToMonotonic`) */
  startNs: bigint
  /** from there to its end, ms */
  responseMs: number
  /** from the real send to its end, ms; null where the tool cannot tell */
  serviceMs: number | null
  outcome: Outcome
  /** id of the phase the tool says it belongs to; null: the one it started in */
  phase: number | null
}

/** The books of a load that another tool makes: samples in, `load` slices of a second out. */
export interface SampleBooks {
  /** a phase begins; `plannedRps`: what the tool's own plan asks for at a time after its start, null where it does not say */
  begin(phase: { id: number; atNs: bigint; plannedRps: ((afterMs: number) => number) | null }): void
  add(sample: Sample): void
  /** requests that were due and never sent, by the tool's own account */
  drop(atNs: bigint, count: number, phase: number | null): void
  /** emits the seconds that ended at least `SETTLE_MS` before `nowNs`; samples that come later get slices of their own */
  settle(nowNs: bigint): void
  /** emits everything up to `nowNs` */
  close(nowNs: bigint): void
}

/** Tools write with a delay: a second is told when nearly all of its samples must be here. */
export const SETTLE_MS = 1_500
const SECOND_NS = 1_000_000_000n
/** Nothing ends in the future: samples that say so, each in a second of its own, would fill the memory. */
const MOST_OPEN = 600

interface Book {
  startNs: bigint
  endNs: bigint
  done: number
  errors: Record<string, number>
  response: Hdr
  service: Hdr | null
}
interface Phase {
  id: number
  atNs: bigint
  endNs: bigint | null
  plannedRps: ((afterMs: number) => number) | null
  /** seconds of its own time that are still open, by number */
  open: Map<number, Book>
  /** seconds before this one have been told */
  told: number
}

/**
 * Places samples: the phase is the one they started in, the second the one they ended in, like the built-in generator's
 * slices. A phase of which the tool plans nothing and reports nothing has no slices: there was no load.
 */
export function createSampleBooks(emit: (slice: LoadSlice) => void): SampleBooks {
  const phases: Phase[] = []

  const phaseOf = (ns: bigint, id: number | null): Phase | undefined =>
    (id === null ? undefined : phases.find((phase) => phase.id === id)) ??
    phases.findLast((phase) => phase.atNs <= ns) ??
    phases[0]

  const bookOf = (phase: Phase, ns: bigint): Book => {
    const second = Math.max(0, Math.min(phase.told + MOST_OPEN, Number((ns - phase.atNs) / SECOND_NS)))
    const known = phase.open.get(second)
    if (known) return known
    const startNs = phase.atNs + BigInt(second) * SECOND_NS
    const book: Book = {
      startNs,
      endNs: startNs + SECOND_NS,
      done: 0,
      errors: {},
      response: createHdr(),
      service: null,
    }
    phase.open.set(second, book)
    return book
  }

  const tell = (phase: Phase, second: number, upToNs: bigint) => {
    const startNs = phase.atNs + BigInt(second) * SECOND_NS
    const endNs = min(startNs + SECOND_NS, upToNs)
    const book = phase.open.get(second)
    phase.open.delete(second)
    const runs = phase.endNs === null || startNs < phase.endNs
    const isNew = second >= phase.told
    if (endNs <= startNs || (!book && !(runs && isNew && phase.plannedRps))) return
    const { done, errors, response, service } = book ?? { done: 0, errors: {}, response: createHdr(), service: null }
    emit({
      phase: phase.id,
      startNs,
      endNs,
      target_rps: plannedIn(phase, startNs, endNs, runs && isNew),
      sent: done,
      done,
      errors,
      in_flight: null,
      queued: null,
      hist: { response: response.encode(), service: service?.encode() ?? null, send_lag: null },
    })
  }

  /** The plan's mean over the slice; nothing is planned after the phase, nor twice for the same second. */
  const plannedIn = (phase: Phase, startNs: bigint, endNs: bigint, counts: boolean): number | null => {
    if (!phase.plannedRps) return null
    if (!counts) return 0
    const cutNs = phase.endNs === null ? endNs : min(endNs, phase.endNs)
    const middleMs = Number((startNs + cutNs) / 2n - phase.atNs) / 1e6
    return (phase.plannedRps(middleMs) * Number(cutNs - startNs)) / Number(endNs - startNs)
  }

  const tellUpTo = (phase: Phase, nowNs: bigint, whole: boolean) => {
    for (const second of [...phase.open.keys()].sort((a, b) => a - b))
      if (second < phase.told) tell(phase, second, nowNs)
    for (;;) {
      const startNs = phase.atNs + BigInt(phase.told) * SECOND_NS
      const isOver = phase.endNs !== null && startNs >= phase.endNs
      if (startNs >= nowNs || (!whole && startNs + SECOND_NS > nowNs)) return
      if (isOver && phase.open.size === 0) return
      tell(phase, phase.told, whole ? nowNs : startNs + SECOND_NS)
      phase.told++
    }
  }

  return {
    begin: ({ id, atNs, plannedRps }) => {
      const before = phases.at(-1)
      if (before) before.endNs = atNs
      phases.push({ id, atNs, endNs: null, plannedRps, open: new Map(), told: 0 })
    },
    add: ({ startNs, responseMs, serviceMs, outcome, phase: id }) => {
      const phase = phaseOf(startNs, id)
      if (!phase) return
      const book = bookOf(phase, startNs + BigInt(Math.round(responseMs * 1e6)))
      book.done++
      if (outcome !== 'ok') book.errors[outcome] = (book.errors[outcome] ?? 0) + 1
      if (!answered.has(outcome)) return
      book.response.recordMs(responseMs)
      if (serviceMs === null) return
      book.service ??= createHdr()
      book.service.recordMs(serviceMs)
    },
    drop: (atNs, count, id) => {
      const phase = phaseOf(atNs, id)
      if (!phase || count <= 0) return
      const { errors } = bookOf(phase, atNs)
      errors['dropped'] = (errors['dropped'] ?? 0) + count
    },
    settle: (nowNs) => {
      const upToNs = nowNs - BigInt(SETTLE_MS) * 1_000_000n
      for (const phase of phases) tellUpTo(phase, upToNs, false)
    },
    close: (nowNs) => {
      for (const phase of phases) tellUpTo(phase, nowNs, true)
    },
  }
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)

/**
 * Relates wall-clock times of other tools (ms since 1970) to the monotonic clock, as the two stand to each other now: the
 * wall clock may be set while a run goes on, so the relation is asked for again now and then.
 */
export function wallToMonotonic(): (unixMs: number) => bigint {
  const offsetNs = process.hrtime.bigint() - BigInt(Date.now()) * 1_000_000n
  return (unixMs) => BigInt(Math.round(unixMs * 1e3)) * 1_000n + offsetNs
}
