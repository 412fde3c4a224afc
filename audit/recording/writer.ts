import { RecordingError } from './error.ts'
import type { RecordingRecord } from './format.ts'
import { createPrivateFile } from './private-file.ts'

/** A recording being written. Lines are queued and written in order; nothing waits for the disk but `close`. */
export interface RecordingWriter {
  path: string
  /** bytes accepted so far */
  bytes: () => number
  append: (record: RecordingRecord) => void
  /** writes what is queued, syncs, closes; a file that failed stays readable up to its last whole line */
  close: () => Promise<void>
  /** resolves with the error when the file can no longer be written (disk full, ...) */
  failed: Promise<RecordingError>
}

/** At most this much is lost to a power cut. */
const SYNC_EVERY_MS = 1_000

/**
 * Creates a recording: private (0600), never over an existing file or through a link, owned by the user who called sudo.
 *
 * @throws the file system's own error (EEXIST, EACCES, ENOSPC, ...) with its path
 */
export async function createRecording(path: string): Promise<RecordingWriter> {
  const file = await createPrivateFile(path)
  let queue: string[] = []
  let accepted = 0
  let written = 0
  let syncedAtMs = performance.now()
  let broken: RecordingError | null = null
  let fail: (error: RecordingError) => void = () => undefined
  const failed = new Promise<RecordingError>((resolve) => {
    fail = resolve
  })
  let draining: Promise<void> | null = null

  const drain = async () => {
    while (queue.length > 0 && !broken) {
      const bytes = Buffer.from(queue.join(''))
      queue = []
      const start = written
      let done = 0
      try {
        while (done < bytes.length)
          done += (await file.write(bytes, done, bytes.length - done, start + done)).bytesWritten
        written += bytes.length
        if (performance.now() - syncedAtMs >= SYNC_EVERY_MS) {
          syncedAtMs = performance.now()
          await file.datasync()
        }
      } catch (error) {
        broken = writeError(path, error)
        // What did not fit is cut off at the start of its line: the file ends with a whole one.
        const whole = done > 0 ? bytes.lastIndexOf(10, done - 1) + 1 : 0
        await file.truncate(start + whole).catch(() => undefined) // the reader copes with a cut line as well
        fail(broken)
      }
    }
    draining = null
  }

  return {
    path,
    bytes: () => accepted,
    failed,
    append: (record) => {
      if (broken) return
      const line = `${JSON.stringify(record)}\n`
      accepted += Buffer.byteLength(line)
      queue.push(line)
      draining ??= drain()
    },
    close: async () => {
      await draining
      if (queue.length > 0) await drain()
      if (!broken) await file.datasync().catch((error: unknown) => fail(writeError(path, error)))
      await file.close()
    },
  }
}

function writeError(path: string, error: unknown): RecordingError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const what =
    code === 'ENOSPC' ? 'no space left on the device' : code === 'EDQUOT' ? 'disk quota exceeded' : String(error)
  return new RecordingError('write_failed', `cannot write ${path}: ${what}`, {
    fix: 'free some space, or record elsewhere: --record FILE',
    exitCode: 3,
  })
}
