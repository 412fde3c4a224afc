import { createReadStream } from 'node:fs'
import { sanitizeText } from '../../../probes/index.ts'
import { LoadError } from '../load-error.ts'
import { createSampleReader, type SampleFormat } from './formats.ts'
import { createSkipCount } from './skip-count.ts'
import type { WallSample } from './wall-sample.ts'

export interface ImportOptions {
  format?: SampleFormat
  /** what a reader of the results should know: rows passed over, columns that lack; safe to show */
  onNote?: (text: string) => void
}

const CHUNK_BYTES = 256 * 1024

/**
 * Reads the samples of a finished file, in its order; memory does not grow with the file.
 *
 * @throws LoadError `samples_unreadable` when it is no file of samples or holds none, the file system's own error when it
 *   cannot be opened
 */
export async function* importSamples(
  file: string,
  { format = 'auto', onNote = () => {} }: ImportOptions = {},
): AsyncGenerator<WallSample, void, undefined> {
  let batch: WallSample[] = []
  let count = 0
  const skips = createSkipCount()
  const reader = createSampleReader(format, {
    sample: (sample) => batch.push(sample),
    skipped: skips.add,
    note: onNote,
  })
  const take = (): WallSample[] => {
    const taken = batch
    batch = []
    count += taken.length
    return taken
  }
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) {
      reader.write(chunk)
      yield* take()
    }
    reader.end()
    yield* take()
  } catch (error) {
    throw ofFile(file, error)
  }
  const told = skips.tell(file)
  if (told) onNote(told)
  if (count === 0)
    throw new LoadError(
      'samples_unreadable',
      `${shown(file)} holds no samples`,
      'name the file that the load tool wrote',
    )
}

/** A reader's error with the file's name in front. */
export function ofFile(file: string, error: unknown): unknown {
  if (!(error instanceof LoadError)) return error
  return new LoadError(error.code, `${shown(file)}: ${error.message}`, error.fix, error)
}

const shown = (file: string): string => sanitizeText(file, { maxLength: 200 })
