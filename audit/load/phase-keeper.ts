import type { BegunPhase, Course } from './driver.ts'
import { createSampleBooks, type SampleBooks } from './samples.ts'

/** Begins the phases of a load that another tool makes, one at a time, and keeps the books of each. */
export interface PhaseKeeper {
  readonly books: SampleBooks
  /** the phase that runs, as far as it has begun */
  current(): BegunPhase
  /** Ends the phase that runs; a second call waits for the first. Rejects as `course.begin` does. */
  begin(name: string, kind: string): Promise<BegunPhase>
  /** Nothing begins any more; the books are closed. */
  close(): void
}

const SETTLE_EVERY_MS = 1000

/** @param firstAtNs when the phase that runs already began, or since when its requests are of interest */
export function createPhaseKeeper(course: Course, firstAtNs: bigint): PhaseKeeper {
  const books = createSampleBooks((slice) => course.slice(slice))
  books.begin({ id: course.firstPhase, atNs: firstAtNs, plannedRps: null })
  let current: BegunPhase = { id: course.firstPhase, atNs: firstAtNs }
  let turn: Promise<unknown> = Promise.resolve()
  let isClosed = false
  const settling = setInterval(() => books.settle(process.hrtime.bigint()), SETTLE_EVERY_MS)

  return {
    books,
    current: () => current,
    begin: (name, kind) => {
      const begun = turn.then(async () => {
        if (isClosed) return current
        current = await course.begin(name, kind)
        if (!isClosed) books.begin({ ...current, plannedRps: null })
        return current
      })
      // The caller sees the failure; the next turn comes nevertheless.
      turn = begun.catch(() => undefined)
      return begun
    },
    close: () => {
      if (isClosed) return
      isClosed = true
      clearInterval(settling)
      books.close(process.hrtime.bigint())
    },
  }
}
