import { stat } from 'node:fs/promises'
import { applyRecord, createRunModel, type RunModel, readRecording } from '../audit/index.ts'
import type { Probe } from '../probes/index.ts'
import { UsageError } from './errors.ts'

/** Reads a recording into a model: what is shown of it as a whole, which a long one tells in brief. */
export async function loadRecording(
  path: string,
  catalog: ReadonlyMap<string, Probe>,
): Promise<{ model: RunModel; bytes: number; isWhole: true }> {
  const bytes = await sizeOfFile(path)
  const model = createRunModel(catalog)
  for await (const record of readRecording(path, { isBrief: true })) applyRecord(model, record)
  return { model, bytes, isWhole: true }
}

/** A recording that is being read into a model: who looks at it need not wait for its end. */
export interface OpenRecording {
  model: RunModel
  bytes: number
  /** share of the file read so far, 0..1; null when all of it is */
  progress: () => number | null
  /** resolves when all is read (true) or the signal ended it before (false); rejects when the file cannot be read */
  done: Promise<boolean>
}

/** Begins to read a recording; resolves when its first record is there, so that what is no recording is refused before. */
export async function openRecording(
  path: string,
  catalog: ReadonlyMap<string, Probe>,
  { signal, onRecord }: { signal: AbortSignal; onRecord: () => void },
): Promise<OpenRecording> {
  const bytes = await sizeOfFile(path)
  const model = createRunModel(catalog)
  let progress: number | null = 0
  const records = readRecording(path, {
    isBrief: true,
    signal,
    onBytes: (read) => {
      progress = Math.min(1, read / Math.max(1, bytes))
    },
  })
  const first = await records.next()
  if (!first.done) applyRecord(model, first.value)
  const rest = async () => {
    try {
      for await (const record of records) {
        applyRecord(model, record)
        onRecord()
      }
      return true
    } catch (error) {
      if (!signal.aborted) throw error
      return false // the reader has left
    } finally {
      progress = null
      onRecord()
    }
  }
  return { model, bytes, progress: () => progress, done: rest() }
}

/** Size of a file that is to be read, bytes; a directory is refused by name. */
export async function sizeOfFile(path: string): Promise<number> {
  const found = await stat(path)
  if (found.isDirectory()) throw new UsageError(`${path} is a directory`, 'name a file in it')
  return found.size
}
