import { type FileHandle, rm } from 'node:fs/promises'
import type { Probe } from '../../probes/index.ts'
import { createCoarsener } from './coarse.ts'
import { RecordingError } from './error.ts'
import type { RecordingRecord } from './format.ts'
import { createPrivateFile } from './private-file.ts'
import { tailName } from './tail-name.ts'

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

/** In order: lines for the recording, lines for its tail, and that the tail has been settled. */
type Work = { to: 'recording' | 'tail'; line: string } | { to: 'settled' }

/**
 * Creates a recording: private (0600), never over an existing file or through a link, owned by the user who called sudo.
 * Windows grow with the age of a phase (coarse.ts); meanwhile the single ones stand in a second file beside it.
 *
 * @throws the file system's own error (EEXIST, EACCES, ENOSPC, ...) with its path
 */
export async function createRecording(path: string, catalog: ReadonlyMap<string, Probe>): Promise<RecordingWriter> {
  const file = await createPrivateFile(path)
  let tail: FileHandle | null = null
  let tailBytes = 0
  let queue: Work[] = []
  let accepted = 0
  let written = 0
  let syncedAtMs = performance.now()
  let broken: RecordingError | null = null
  let fail: (error: RecordingError) => void = () => undefined
  const failed = new Promise<RecordingError>((resolve) => {
    fail = resolve
  })
  let draining: Promise<void> | null = null

  const writeLines = async (text: string) => {
    const bytes = Buffer.from(text)
    let done = 0
    try {
      while (done < bytes.length)
        done += (await file.write(bytes, done, bytes.length - done, written + done)).bytesWritten
    } catch (error) {
      // What did not fit is cut off at the start of its line: the file ends with a whole one.
      const whole = done > 0 ? bytes.lastIndexOf(10, done - 1) + 1 : 0
      await file.truncate(written + whole).catch(() => undefined) // the reader copes with a cut line as well
      throw error
    }
    written += bytes.length
  }
  const openTail = async (): Promise<FileHandle> => {
    await rm(tailName(path), { force: true }) // of a recording that had this name and is gone
    return createPrivateFile(tailName(path))
  }
  const perform = async (batch: readonly Work[]) => {
    for (let at = 0; at < batch.length; ) {
      const to = batch[at]?.to
      let end = at
      while (end < batch.length && batch[end]?.to === to) end++
      const text = batch
        .slice(at, end)
        .map((work) => ('line' in work ? work.line : ''))
        .join('')
      at = end
      if (to === 'recording') await writeLines(text)
      else if (to === 'tail') {
        tail ??= await openTail()
        const bytes = Buffer.from(text)
        for (let done = 0; done < bytes.length; )
          done += (await tail.write(bytes, done, bytes.length - done, tailBytes + done)).bytesWritten
        tailBytes += bytes.length
      } else {
        await tail?.truncate(0)
        tailBytes = 0
      }
    }
  }
  const drain = async () => {
    while (queue.length > 0 && !broken) {
      const batch = queue
      queue = []
      try {
        await perform(batch)
        if (performance.now() - syncedAtMs >= SYNC_EVERY_MS) {
          syncedAtMs = performance.now()
          await file.datasync()
          await tail?.datasync()
        }
      } catch (error) {
        broken = writeError(path, error)
        fail(broken)
      }
    }
    draining = null
  }
  const enqueue = (work: Work) => {
    if (broken) return
    queue.push(work)
    draining ??= drain()
  }
  const lineOf = (record: RecordingRecord) => `${JSON.stringify(record)}\n`
  const coarsener = createCoarsener(catalog, {
    settled: (record) => {
      const line = lineOf(record)
      if (!broken) accepted += Buffer.byteLength(line)
      enqueue({ to: 'recording', line })
    },
    provisional: (record) => enqueue(record === null ? { to: 'settled' } : { to: 'tail', line: lineOf(record) }),
  })

  return {
    path,
    bytes: () => accepted,
    failed,
    append: coarsener.add,
    close: async () => {
      coarsener.flush()
      await draining
      if (queue.length > 0) await drain()
      if (!broken) await file.datasync().catch((error: unknown) => fail(writeError(path, error)))
      await file.close()
      if (tail === null) return
      await tail.close()
      // What is in it has been settled, unless the recording could not be written.
      if (!broken) await rm(tailName(path), { force: true })
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
