import type { Report } from './protocol.ts'
import { openTally, type Tally } from './tally.ts'

const SLICE_MS = 1000

/** The books of the phases whose requests are not all decided. Cut on each phase's own seconds, so that shards add up. */
export interface Books {
  /** Opens the books of the phase that runs from now on; `dueBefore`: requests of its timetable due before a time. */
  open(phase: { id: number; discard: boolean; startMs: number; dueBefore: (ms: number) => number }): Tally
  /** when the next second of a phase is over; never when no books are open */
  nextCutMs(): number
  /** reports the seconds that are over */
  cutDue(nowMs: number): void
  /** the phase that runs is over, by its timetable or before */
  end(endMs: number): void
  /** a request of the phase was decided: closes its books when it was the last one */
  settle(tally: Tally, nowMs: number): void
  /** reports what is left, decided or not */
  closeAll(nowMs: number): void
}

interface Book {
  tally: Tally
  startMs: number
  cutMs: number
  planned: number
  dueBefore: (ms: number) => number
}

/** `nsOf` turns performance.now() into CLOCK_MONOTONIC ns. */
export function createBooks(nsOf: (ms: number) => string, report: (report: Report) => void): Books {
  const books = new Map<Tally, Book>()
  let running: Book | null = null
  let cpuUs = cpuTimeUs()

  function cut(book: Book, endMs: number): void {
    const { tally, cutMs } = book
    const isRunning = book === running
    if (!isRunning && !tally.dirty) return
    const due = isRunning ? book.dueBefore(endMs) : book.planned
    tally.plan(due - book.planned)
    book.planned = due
    book.cutMs = endMs
    const usedUs = isRunning ? cpuTimeUs() - cpuUs : 0
    cpuUs += usedUs
    if (tally.discard) {
      tally.forget()
      return
    }
    const { planned, hist, inFlight, queued, sent, done, errors } = tally.cut()
    report({
      type: 'slice',
      slice: {
        phase: tally.id,
        startNs: nsOf(cutMs),
        endNs: nsOf(endMs),
        planned,
        sent,
        done,
        errors,
        in_flight: inFlight,
        queued,
        hist,
        generator_cpu_us: usedUs,
      },
    })
  }

  function close(book: Book, nowMs: number): void {
    cut(book, Math.max(nowMs, book.cutMs))
    books.delete(book.tally)
    report({ type: 'drained', id: book.tally.id, totals: book.tally.totals() })
  }

  /** Whole seconds of the phase that are over at a time; a time that was reckoned from a second may be a hair before it. */
  const secondsAt = ({ startMs }: Book, ms: number): number => Math.floor((ms - startMs) / SLICE_MS + 1e-6)
  const secondAfter = (book: Book): number => book.startMs + (secondsAt(book, book.cutMs) + 1) * SLICE_MS

  return {
    open: ({ id, discard, startMs, dueBefore }) => {
      cpuUs = cpuTimeUs()
      running = { tally: openTally(id, discard), startMs, cutMs: startMs, planned: 0, dueBefore }
      books.set(running.tally, running)
      return running.tally
    },
    nextCutMs: () => {
      let nextMs = Number.POSITIVE_INFINITY
      for (const book of books.values())
        if (book === running || book.tally.dirty) nextMs = Math.min(nextMs, secondAfter(book))
      return nextMs
    },
    cutDue: (nowMs) => {
      // A process that stood still tells its seconds in one.
      for (const book of books.values())
        if (secondAfter(book) <= nowMs) cut(book, book.startMs + secondsAt(book, nowMs) * SLICE_MS)
    },
    end: (endMs) => {
      if (!running) return
      const ended = running
      if (endMs > ended.cutMs) cut(ended, endMs)
      running = null
      report({ type: 'ended', id: ended.tally.id, startNs: nsOf(ended.startMs), endNs: nsOf(endMs) })
    },
    settle: (tally, nowMs) => {
      const book = books.get(tally)
      if (book && book !== running && tally.inFlight + tally.queued === 0) close(book, nowMs)
    },
    closeAll: (nowMs) => {
      for (const book of books.values()) close(book, nowMs)
    },
  }
}

function cpuTimeUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
