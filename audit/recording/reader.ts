import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { constants, createGunzip, createZstdDecompress } from 'node:zlib'
import { sanitizeText } from '../../probes/index.ts'
import { LIMITS, type LimitName, limitText } from '../limits.ts'
import { isNestedDeeper } from './depth.ts'
import { RecordingError } from './error.ts'
import { digestSchema, headerSchema, RECORDING_VERSION, type RecordingRecord, recordSchema } from './format.ts'
import { boundedLines, TOO_LONG } from './lines.ts'
import { readTail } from './tail.ts'

/** A record, or a line that was none: of a newer program, damaged, cut off by a crash, or past a bound (`beyond`). */
export type RecordingLine = RecordingRecord | { type: 'skipped'; line: number; beyond?: LimitName }

export interface ReadingOptions {
  /** ends the reading; the generator throws its reason */
  signal?: AbortSignal
  /** bytes of the file read so far */
  onBytes?: (bytes: number) => void
  /** true: of a recording with a digest (digest.ts) that alone, which tells the same of each phase in a part of the time */
  isBrief?: boolean
}

/**
 * Reads a recording (.ndjson, .ndjson.gz, .ndjson.zst) line by line. Unknown types and damaged lines are skipped and
 * told; the file is read up to its last whole line, also while it is being written. Anybody may have written the file:
 * texts are safe to show, and no line or compression makes it take more than its size is worth (limits.ts).
 *
 * @throws RecordingError when the file is no recording, of a newer version, or past a bound as a whole
 */
export async function* readRecording(path: string, options: ReadingOptions = {}): AsyncGenerator<RecordingLine> {
  let number = 0
  let damaged = 0
  let hasEnd = false
  let isInDigest = false
  const settled = new Map<string, number>()
  // First: what a running measurement settles meanwhile leaves the tail for the recording, and is found there.
  const tail = await readTail(path)
  try {
    for await (const line of linesOf(path, options)) {
      number++
      if (line === TOO_LONG) {
        if (number === 1) throw notARecording(path, `its first line is longer than ${LIMITS.lineBytes.most >> 20} MiB`)
        yield { type: 'skipped', line: number, beyond: 'lineBytes' }
        continue
      }
      const isDigest = line.startsWith(DIGEST)
      if (isDigest && !options.isBrief) continue
      // A digest whose end is damaged: the rest tells once more what it told, and would count twice.
      if (isInDigest && !isDigest) break
      isInDigest = isDigest
      if (isNestedDeeper(line, LIMITS.depth.most)) {
        if (number === 1) throw notARecording(path, `its first line nests deeper than ${limitText('depth')}`)
        yield { type: 'skipped', line: number, beyond: 'depth' }
        continue
      }
      const value = parseJson(line)
      const record = isDigest ? recordOfDigest(value, line) : recordOf(value, line)
      if (number === 1) checkHeader(path, record, value, line)
      if (record) {
        hasEnd ||= record.type === 'end'
        reach(settled, record)
        yield record
        if (isDigest && hasEnd) return // the rest is what this was made from
        continue
      }
      // A type of a newer program is no damage.
      if (!isOfType(value) && ++damaged > LIMITS.damagedLines.most) throw tooMuch(path, limitText('damagedLines'))
      if (line.trim() !== '') yield { type: 'skipped', line: number }
    }
  } catch (error) {
    const damage = damageOf(error)
    if (damage === null) throw error
    if (number === 0) throw notARecording(path, `it is not ${damage}`)
    yield { type: 'skipped', line: number + 1 }
  }
  if (number === 0) throw notARecording(path, 'it is empty')
  if (!hasEnd) yield* unsettled(tail, settled)
}

function* unsettled(tail: readonly string[], settled: ReadonlyMap<string, number>): Generator<RecordingRecord> {
  for (const line of tail) {
    const record = parseRecord(line)
    const span = record && spanOf(record)
    // Settled just before the crash: the recording has it already.
    if (record && span && span.endUs > (settled.get(span.of) ?? -1)) yield record
  }
}

function reach(settled: Map<string, number>, record: RecordingRecord): void {
  const span = spanOf(record)
  if (span) settled.set(span.of, Math.max(span.endUs, settled.get(span.of) ?? 0))
}

/** Up to when a record of a kind that is added up tells; null for the others. */
function spanOf(record: RecordingRecord): { of: string; endUs: number } | null {
  if (record.type === 'window') return { of: `window ${record.probe}`, endUs: record.end_us }
  if (record.type === 'load') return { of: 'load', endUs: record.end_us }
  if (record.type === 'telemetry') return { of: `telemetry ${record.source}`, endUs: record.t_us }
  return record.type === 'overhead' ? { of: 'overhead', endUs: record.t_us } : null
}

/** One line as a record; null when it is none. Rows of stacks are trusted to be what the type says once their shape fits. */
export const parseRecord = (line: string): RecordingRecord | null =>
  isNestedDeeper(line, LIMITS.depth.most) ? null : recordOf(parseJson(line), line)

const TYPES = new Set<unknown>(
  recordSchema.options.flatMap(({ shape: { type } }) => ('values' in type ? [...type.values] : type.options)),
)

function recordOf(value: unknown, line: string): RecordingRecord | null {
  if (!isOfType(value) || !TYPES.has(value.type)) return null
  const parsed = recordSchema.safeParse(value)
  if (!parsed.success) return null
  return (MAY_HARM.test(line) ? safe(parsed.data) : parsed.data) as RecordingRecord
}

const isOfType = (value: unknown): value is { type: string } =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

/** How a line of a digest begins, as it is written: the many lines of a recording need not be parsed to be passed over. */
const DIGEST = '{"type":"digest",'

function recordOfDigest(value: unknown, line: string): RecordingRecord | null {
  const parsed = digestSchema.safeParse(value)
  return parsed.success ? recordOf(parsed.data.record, line) : null
}

/** What the JSON of a text that does no harm never holds: anything beyond printable ASCII, as it is or as an escape. */
const MAY_HARM = /[^\x20-\x7e]|\\[ubfnrt]/

function safe(value: unknown): unknown {
  if (typeof value === 'string') return safeText(value)
  if (Array.isArray(value)) return value.map(safe)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [safeText(key), safe(inner)]))
}
const safeText = (text: string) => sanitizeText(text, { maxLength: Number.POSITIVE_INFINITY })

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null // cut off or damaged
  }
}

/**
 * Read at once: each piece costs a turn of the event loop, which a long recording has thousands of; a piece of this size
 * holds up whatever else runs for some 10 ms.
 */
const CHUNK_BYTES = 128 * 1024

/** A compressed file that was cut off gives what it has: the end of its data is taken for the end. */
function linesOf(path: string, { signal, onBytes }: ReadingOptions): AsyncGenerator<string | typeof TOO_LONG> {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES, ...(signal ? { signal } : {}) })
  const tell = onBytes ? () => onBytes(file.bytesRead) : undefined
  const unpack = path.endsWith('.gz')
    ? createGunzip({ finishFlush: constants.Z_SYNC_FLUSH, chunkSize: CHUNK_BYTES })
    : path.endsWith('.zst')
      ? createZstdDecompress({
          finishFlush: constants.ZSTD_e_flush,
          chunkSize: CHUNK_BYTES,
          // A frame may ask for a window of gigabytes: the largest that zstd itself takes by default.
          params: { [constants.ZSTD_d_windowLogMax]: 27 },
        })
      : null
  if (unpack === null) return boundedLines(file, LIMITS.lineBytes.most, tell)
  let unpacked = 0
  const source = pipeline(file, unpack, () => undefined) // whoever reads it gets the error
  return boundedLines(source, LIMITS.lineBytes.most, (bytes) => {
    tell?.()
    unpacked += bytes
    const { unpackedFloor, unpackedRatio, unpackedBytes } = LIMITS
    if (unpacked > unpackedBytes.most) throw tooMuch(path, limitText('unpackedBytes'))
    if (unpacked > Math.max(unpackedFloor.most, unpackedRatio.most * file.bytesRead))
      throw tooMuch(path, limitText('unpackedRatio'))
  })
}

const tooMuch = (path: string, most: string): RecordingError =>
  new RecordingError('too_large', `${path} holds more than ${most}: it is not read further`, {
    fix: 'a recording of probe is not like that: have it sent again, or ask who made it',
    exitCode: 2,
  })

/** The compression whose rules the data breaks; null for any other error. */
function damageOf(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code.startsWith('ZSTD_')) return 'zstd'
  return code.startsWith('Z_') ? 'gzip' : null
}

function checkHeader(path: string, record: RecordingRecord | null, value: unknown, line: string): void {
  // The header of a newer version may be another: what says so stays.
  const version = record?.type === 'header' ? record.version : versionOf(value)
  if (version !== null && version > RECORDING_VERSION)
    throw new RecordingError(
      'newer_version',
      `${path} is a recording of version ${version}; this is ${RECORDING_VERSION}`,
      {
        fix: 'use a newer probe',
        exitCode: 2,
      },
    )
  if (record?.type === 'header') return
  throw notARecording(path, line.startsWith('{') ? 'its first line is no header' : 'it is not NDJSON')
}

const namedHeader = headerSchema.pick({ type: true, format: true, version: true })
const versionOf = (value: unknown): number | null => namedHeader.safeParse(value).data?.version ?? null

const notARecording = (path: string, why: string) =>
  new RecordingError('not_a_recording', `${path} is not a recording: ${why}`, {
    fix: 'probe attach writes one',
    exitCode: 2,
  })
