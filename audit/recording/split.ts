import { LIMITS } from '../limits.ts'
import type { RecordingRecord, StackRow } from './format.ts'

/** Far below what readers take of a line (limits.ts), and few enough bytes to parse in one go while a screen is drawn. */
const MOST_BYTES = 1 << 20

/**
 * A record as the lines of a file, none of them longer than readers take. What grows with the target (the stacks of a
 * phase, names, the phases of a summary) becomes several records of the same kind: readers add them up.
 */
export const linesOf = (record: RecordingRecord): string[] => partsOf(record).map(lineOf)

/** The same records without their text. */
export function partsOf(record: RecordingRecord): RecordingRecord[] {
  switch (record.type) {
    case 'stacks':
      return chunks(record.rows, bytesOfStack).map((rows) => ({ ...record, rows }))
    case 'frames': {
      let from = record.from
      return chunks(record.names, bytesOf).map((names) => {
        from += names.length
        return { ...record, from: from - names.length, names }
      })
    }
    case 'summary':
      return chunks(record.phases, bytesOf).map((phases) => ({ ...record, phases }))
    default:
      return [record]
  }
}

/** Whatever else is too long would be left out when it is read: it says so itself. A header is kept as it is. */
function lineOf(record: RecordingRecord): string {
  const text = JSON.stringify(record)
  if (text.length * MOST_BYTES_A_UNIT < LIMITS.lineBytes.most || record.type === 'header') return text
  const bytes = Buffer.byteLength(text)
  if (bytes <= LIMITS.lineBytes.most) return text
  const t_us = 't_us' in record ? (record.t_us ?? 0) : 'end_us' in record ? (record.end_us ?? 0) : 0
  const of = 'probe' in record ? ` of ${record.probe}` : 'source' in record ? ` of ${record.source}` : ''
  const left = `a ${record.type} record${of} was left out: it takes ${(bytes / (1 << 20)).toFixed(1)} MiB`
  return JSON.stringify({ type: 'note', t_us, text: left } satisfies RecordingRecord)
}

/** Of UTF-8, of each unit of a string. */
const MOST_BYTES_A_UNIT = 3

/** In order, each as long as fits; one that is too long by itself stands alone. An empty list is one chunk. */
function chunks<T>(items: readonly T[], sizeOf: (item: T) => number): T[][] {
  const done: T[][] = []
  let from = 0
  let bytes = 0
  for (const [at, item] of items.entries()) {
    const size = sizeOf(item)
    if (bytes > 0 && bytes + size > MOST_BYTES) {
      done.push(items.slice(from, at))
      from = at
      bytes = 0
    }
    bytes += size
  }
  return [...done, items.slice(from)]
}

const bytesOf = (item: unknown): number => Buffer.byteLength(JSON.stringify(item)) + 1

/** At most: a tracer prints hundreds of thousands, and their text is made once. */
const bytesOfStack = ([, , frames, dims]: StackRow): number =>
  BYTES_OF_ROW + BYTES_OF_ID * frames.length + (dims ? bytesOf(dims) : 0)
/** Two numbers of up to 24 digits and signs, brackets and commas. */
const BYTES_OF_ROW = 64
/** Ids below a hundred million, and a comma. */
const BYTES_OF_ID = 9
