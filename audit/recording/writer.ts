import type { FileHandle } from 'node:fs/promises'
import { errnoText, type FilePlace, openPlace, type UnseenFile, writeAllNow } from '../../files/index.ts'
import type { Probe } from '../../probes/index.ts'
import { createCoarsener } from './coarse.ts'
import { RecordingError } from './error.ts'
import type { EndRecord, RecordingRecord } from './format.ts'
import { linesOf } from './split.ts'
import { tailName } from './tail-name.ts'

/** A recording being written. Lines are queued and written in order; nothing waits for the disk but `close`. */
export interface RecordingWriter {
  path: string
  /** bytes accepted so far; of one that failed, those that are in it */
  bytes: () => number
  append: (record: RecordingRecord) => void
  /** writes what is queued, syncs, closes; a file that failed stays readable up to its last whole line, an empty one does not */
  close: () => Promise<void>
  /**
   * Writes what is queued and this last record at once, for who leaves without waiting; a recording that has its end, or not
   * even a header, is left as it should be.
   */
  endNow: (end: EndRecord) => void
  /** resolves with the error when the file can no longer be written (disk full, ...) */
  failed: Promise<RecordingError>
}

/** At most this much is lost to a power cut. */
const SYNC_EVERY_MS = 1_000

/** In order: lines for the recording, lines for its tail, and that the tail has been settled. */
type Work = { to: 'recording' | 'tail'; line: string } | { to: 'settled' }

/**
 * Creates a recording: private (0600), never over an existing file or through a link, owned by the user who called sudo,
 * seen under its name once it has a header.
 * Windows grow with the age of a phase (coarse.ts); meanwhile the single ones stand in a second file beside it.
 *
 * @param place where its folder is open already; it is then the caller's to close
 * @throws FileError (EEXIST, EACCES, ENOSPC, ...)
 */
export async function createRecording(
  path: string,
  catalog: ReadonlyMap<string, Probe>,
  place?: FilePlace,
): Promise<RecordingWriter> {
  const { folder, name } = place ?? openPlace(path)
  const letGo = () => {
    if (!place) folder.close()
  }
  let unseen: UnseenFile
  try {
    // Attaching takes a while: who is killed meanwhile leaves nothing of that name.
    unseen = await folder.createUnseen(name)
  } catch (error) {
    letGo()
    throw error
  }
  const file = unseen.handle
  let isShown = false
  let tail: FileHandle | null = null
  let hasTail = true
  let tailBytes = 0
  let queue: Work[] = []
  /** of the batch that is being written, what is not known to be in the file */
  let underWay: readonly Work[] = []
  let state: 'open' | 'ended' | 'leaving' | 'closed' = 'open'
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
    await folder.remove(tailName(name)) // of a recording that had this name and is gone
    return folder.create(tailName(name))
  }
  const perform = async (batch: readonly Work[]) => {
    for (let at = 0; at < batch.length; ) {
      underWay = batch.slice(at)
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
        if (!hasTail) continue
        try {
          tail ??= await openTail()
          const bytes = Buffer.from(text)
          for (let done = 0; done < bytes.length; )
            done += (await tail.write(bytes, done, bytes.length - done, tailBytes + done)).bytesWritten
          tailBytes += bytes.length
        } catch {
          hasTail = false // something of others has its name: the run goes on, and only a crash would miss it
        }
      } else {
        await tail?.truncate(0)
        tailBytes = 0
      }
    }
  }
  const giveUp = (error: unknown) => {
    broken = writeError(path, error)
    fail(broken)
  }
  const drain = async () => {
    while (queue.length > 0 && !broken) {
      const batch = queue
      queue = []
      try {
        await perform(batch)
        underWay = []
        if (performance.now() - syncedAtMs >= SYNC_EVERY_MS) {
          syncedAtMs = performance.now()
          await file.datasync()
          await tail?.datasync()
        }
      } catch (error) {
        giveUp(error)
      }
    }
    draining = null
  }
  /** It gets its name with its header. */
  const show = () => {
    try {
      if (!isShown) unseen.show()
      isShown = true
    } catch (error) {
      giveUp(error)
    }
  }
  const remove = async () => {
    if (isShown) await folder.remove(name)
    else unseen.drop()
  }
  const enqueue = (work: Work) => {
    if (!broken && work.to === 'recording') show()
    if (broken) return
    queue.push(work)
    if (state !== 'leaving') draining ??= drain()
  }
  const textOf = (record: RecordingRecord) => `${linesOf(record).join('\n')}\n`
  const coarsener = createCoarsener(catalog, {
    settled: (record) => {
      for (const text of linesOf(record)) {
        const line = `${text}\n`
        enqueue({ to: 'recording', line })
        if (!broken) accepted += Buffer.byteLength(line)
      }
    },
    provisional: (record) => enqueue(record === null ? { to: 'settled' } : { to: 'tail', line: textOf(record) }),
  })

  return {
    path,
    bytes: () => (broken ? written : accepted),
    failed,
    append: (record) => {
      if (record.type === 'end') state = 'ended'
      coarsener.add(record)
    },
    endNow: (end) => {
      if (broken || state === 'closed' || state === 'leaving') return
      const hasEnd = state === 'ended'
      state = 'leaving'
      coarsener.flush()
      const lines = [...underWay, ...queue].flatMap((work) => (work.to === 'recording' ? [work.line] : []))
      if (written === 0 && lines.length === 0) unseen.drop()
      else {
        // What is under way is written to the same place with the same bytes: whoever is last changes nothing.
        writeAllNow(file.fd, [...lines, ...(hasEnd ? [] : [textOf(end)])].join(''), written)
        if (tail) folder.removeNow(tailName(name))
      }
    },
    close: async () => {
      coarsener.flush()
      await draining
      if (queue.length > 0) await drain()
      if (!broken) await file.datasync().catch(giveUp)
      state = 'closed'
      await file.close()
      await tail?.close()
      // What is in the tail has been settled, unless the recording could not be written.
      if (tail && !broken) await folder.remove(tailName(name))
      // Without a header it is of no use to anybody.
      if (written === 0) await remove()
      letGo()
    },
  }
}

function writeError(path: string, error: unknown): RecordingError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const what = errnoText[code]?.text ?? String(error)
  return new RecordingError('write_failed', `cannot write ${path}: ${what}`, {
    fix: `${/ENOSPC|EDQUOT/.test(code) ? 'free some space, or ' : ''}record elsewhere: --record FILE`,
    exitCode: 3,
  })
}
