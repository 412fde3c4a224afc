import { createReadStream } from 'node:fs'
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { RecordingError } from './error.ts'
import { RECORDING_VERSION, type RecordingRecord, recordSchema } from './format.ts'

/** A record, or a line that was none: of a newer program, damaged, or cut off by a crash. */
export type RecordingLine = RecordingRecord | { type: 'skipped'; line: number }

/**
 * Reads a recording (.ndjson, .ndjson.gz, .ndjson.zst) line by line. Unknown types and damaged lines are skipped and
 * told; the file is read up to its last whole line.
 *
 * @throws RecordingError when the file is no recording, or of a newer version
 */
export async function* readRecording(path: string): AsyncGenerator<RecordingLine> {
  let number = 0
  for await (const line of lines(open(path))) {
    number++
    const record = parseRecord(line)
    if (number === 1) checkHeader(path, record, line)
    if (record) yield record
    else if (line.trim() !== '') yield { type: 'skipped', line: number }
  }
  if (number === 0) throw notARecording(path, 'it is empty')
}

/** One line as a record; null when it is none. Rows of stacks are trusted to be what the type says once their shape fits. */
export function parseRecord(line: string): RecordingRecord | null {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return null // cut off or damaged
  }
  const parsed = recordSchema.safeParse(value)
  return parsed.success ? (parsed.data as RecordingRecord) : null
}

function open(path: string): Readable {
  const file = createReadStream(path)
  const unpack = path.endsWith('.gz') ? createGunzip() : path.endsWith('.zst') ? createZstdDecompress() : null
  if (unpack === null) return file
  const out = new PassThrough()
  // A compressed file that was cut off gives what it has.
  pipeline(file, unpack, out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'Z_BUF_ERROR' || error.code === 'ERR_STREAM_PREMATURE_CLOSE') out.end()
    else out.destroy(error)
  })
  return out
}

async function* lines(stream: Readable): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let from = 0
    for (;;) {
      const end = chunk.indexOf(10, from)
      if (end < 0) break
      const head = chunk.subarray(from, end)
      yield (rest.length > 0 ? Buffer.concat([rest, head]) : head).toString('utf8')
      rest = Buffer.alloc(0)
      from = end + 1
    }
    if (from < chunk.length)
      rest = rest.length > 0 ? Buffer.concat([rest, chunk.subarray(from)]) : Buffer.from(chunk.subarray(from))
  }
  if (rest.length > 0) yield rest.toString('utf8')
}

function checkHeader(path: string, record: RecordingRecord | null, line: string): void {
  if (record?.type === 'header') {
    if (record.version <= RECORDING_VERSION) return
    throw new RecordingError(
      'newer_version',
      `${path} is a recording of version ${record.version}; this is ${RECORDING_VERSION}`,
      {
        fix: 'use a newer probe',
        exitCode: 2,
      },
    )
  }
  throw notARecording(path, line.startsWith('{') ? 'its first line is no header' : 'it is not NDJSON')
}

const notARecording = (path: string, why: string) =>
  new RecordingError('not_a_recording', `${path} is not a recording: ${why}`, {
    fix: 'probe attach writes one',
    exitCode: 2,
  })
