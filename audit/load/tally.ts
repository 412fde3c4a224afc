import { createHdr } from './hdr.ts'
import { answered, type ErrorClass, type Outcome } from './outcome.ts'
import type { PhaseTotals } from './protocol.ts'

/** What happened since the last cut, for one phase. */
export interface Cut {
  planned: number
  sent: number
  done: number
  errors: Record<string, number>
  inFlight: number
  queued: number
  hist: { response: string; service: string; send_lag: string }
}

/**
 * The books of one phase. A request belongs to the phase of its intended start, so the books stay open after the phase
 * until its last request is decided.
 */
export interface Tally {
  readonly id: number
  readonly discard: boolean
  /** written and not decided */
  readonly inFlight: number
  /** waiting for a free connection */
  readonly queued: number
  /** something happened since the last cut */
  readonly dirty: boolean
  plan(requests: number): void
  /** a due request reached the scheduler, `lagMs` after its intended start */
  admit(lagMs: number): void
  enqueue(): void
  drop(): void
  send(fromQueue: boolean): void
  /**
   * The request's fate. Latencies of answers, and of timeouts, which lasted at least that long, enter the histograms;
   * refused and reset ones do not, for failing fast is not being fast. `serviceMs` is null for one that was never sent.
   */
  decide(outcome: Outcome, responseMs: number, serviceMs: number | null): void
  cut(): Cut
  /** like `cut` without its report, which costs a millisecond */
  forget(): void
  totals(): PhaseTotals
}

export function openTally(id: number, discard: boolean): Tally {
  const hist = { response: createHdr(), service: createHdr(), sendLag: createHdr() }
  const total: PhaseTotals = { planned: 0, sent: 0, done: 0, errors: {} }
  let since: PhaseTotals = { planned: 0, sent: 0, done: 0, errors: {} }
  let inFlight = 0
  let queued = 0
  let dirty = false
  const count = (key: 'planned' | 'sent' | 'done', by = 1) => {
    total[key] += by
    since[key] += by
    dirty = true
  }
  const fail = (error: ErrorClass) => {
    for (const counts of [total.errors, since.errors]) counts[error] = (counts[error] ?? 0) + 1
    dirty = true
  }
  const forget = () => {
    for (const histogram of Object.values(hist)) histogram.reset()
    since = { planned: 0, sent: 0, done: 0, errors: {} }
    dirty = false
  }
  return {
    id,
    discard,
    get inFlight() {
      return inFlight
    },
    get queued() {
      return queued
    },
    get dirty() {
      return dirty
    },
    plan: (requests) => count('planned', requests),
    admit: (lagMs) => hist.sendLag.recordMs(lagMs),
    enqueue: () => {
      queued++
    },
    drop: () => fail('dropped'),
    send: (fromQueue) => {
      if (fromQueue) queued--
      inFlight++
      count('sent')
    },
    decide: (outcome, responseMs, serviceMs) => {
      if (serviceMs === null) queued--
      else inFlight--
      count('done')
      if (outcome !== 'ok') fail(outcome)
      if (!answered.has(outcome)) return
      hist.response.recordMs(responseMs)
      if (serviceMs !== null) hist.service.recordMs(serviceMs)
    },
    cut: () => {
      const cut: Cut = {
        ...since,
        inFlight,
        queued,
        hist: {
          response: hist.response.encode(),
          service: hist.service.encode(),
          send_lag: hist.sendLag.encode(),
        },
      }
      forget()
      return cut
    },
    forget,
    totals: () => ({ ...total, errors: { ...total.errors } }),
  }
}
