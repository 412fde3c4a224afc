import type { Probe } from '../../probes/index.ts'
import { createCoarsener } from './coarse.ts'
import type { RecordingRecord, StackRow, StacksRecord } from './format.ts'
import { readRecording } from './reader.ts'
import { linesOf } from './split.ts'

/** Spans of a whole run that a picture of it tells apart: more than a terminal has columns, mostly, and what is kept of a phase (history.ts). */
const SPANS = 240
/** A digest that is not this much smaller than the recording makes nobody faster. */
const WORTH = 0.4

export interface DigestOptions {
  /** length of the run, us: spans are a part of it */
  durationUs: number
  /** size of the recording, bytes: what the digest is measured against */
  bytes: number
}

/**
 * A recording once more, as short as a picture of the whole run needs it: windows of a length that follows the run's, and
 * stacks added up per phase. What a phase adds up to is the same; what is lost is when within it things happened.
 *
 * @returns lines without their ends; null where a digest would not be worth its place, or the recording has no end
 */
export async function digestOf(
  path: string,
  catalog: ReadonlyMap<string, Probe>,
  { durationUs, bytes }: DigestOptions,
): Promise<string[] | null> {
  const lines: string[] = []
  const limit = bytes * WORTH
  let size = 0
  let hasEnd = false
  const digest = createDigest(catalog, durationUs / SPANS, (record) => {
    hasEnd ||= record.type === 'end'
    if (record.type === 'header') return // it stands first in any case
    for (const text of linesOf(record)) {
      const line = `{"type":"digest","record":${text}}`
      size += line.length
      lines.push(line)
    }
  })
  for await (const record of readRecording(path)) {
    if (record.type !== 'skipped') digest.add(record)
    if (size > limit) return null
  }
  return hasEnd && size <= limit ? lines : null
}

/** Shortens records as they come; `put` gets the result, its last record is the recording's last. */
export function createDigest(
  catalog: ReadonlyMap<string, Probe>,
  spanUs: number,
  put: (record: RecordingRecord) => void,
): { add: (record: RecordingRecord) => void } {
  const coarsener = createCoarsener(catalog, { settled: put, provisional: () => undefined }, () => spanUs / 1000)
  const stacks = createStackSums()
  return {
    add: (record) => {
      if (record.type === 'stacks') stacks.add(record)
      else {
        // Whoever reads up to here has seen everything.
        if (record.type === 'end') for (const sum of stacks.result()) put(sum)
        coarsener.add(record)
      }
    },
  }
}

interface StackSum {
  first: StacksRecord
  endUs: number
  rows: Map<string, StackRow>
}

/** Stacks of each probe and phase added up: each stack once, for each of its dimensions. */
function createStackSums() {
  const sums = new Map<string, StackSum>()
  return {
    add: (record: StacksRecord) => {
      const of = `${record.probe} ${record.phase} ${record.unit}`
      const sum = sums.get(of) ?? { first: record, endUs: record.end_us, rows: new Map() }
      sums.set(of, sum)
      sum.endUs = Math.max(sum.endUs, record.end_us)
      for (const [value, count, frames, dims] of record.rows) {
        const key = `${frames.join()} ${dims ? JSON.stringify(dims) : ''}`
        const known = sum.rows.get(key)
        if (known) {
          known[0] += value
          known[1] += count
        } else sum.rows.set(key, dims ? [value, count, frames, dims] : [value, count, frames])
      }
    },
    result: (): StacksRecord[] =>
      [...sums.values()].map(({ first, endUs, rows }) => ({ ...first, end_us: endUs, rows: [...rows.values()] })),
  }
}
