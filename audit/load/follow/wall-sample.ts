import type { Outcome } from '../outcome.ts'

/** One request as a file of another tool tells it, on the wall clock. */
export interface WallSample {
  /** when it started, ms since 1970 UTC */
  startMs: number
  /** from there to its end, ms */
  responseMs: number
  /** from the real send to its end, ms; null where the file cannot tell */
  serviceMs: number | null
  outcome: Outcome
  /** what the file calls the phase (JMeter: the thread group), safe to show; null where it says nothing */
  group: string | null
  /** JMeter's number of that thread group, which tells groups of one name apart */
  groupNumber: number | null
}

/** Takes the bytes of a file, split anywhere. */
export interface SampleReader {
  /** @throws LoadError `samples_unreadable` when this is not what it can read */
  write(chunk: Buffer): void
  /** nothing follows */
  end(): void
}

export interface SampleSink {
  sample(sample: WallSample): void
  /** a row that could not be read was passed over; `why` is safe to show */
  skipped(why: string): void
  /** what a reader of the results should know, once each; safe to show */
  note(text: string): void
}
