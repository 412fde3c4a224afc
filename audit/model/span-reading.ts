import { stat } from 'node:fs/promises'
import type { Probe } from '../../probes/index.ts'
import { readRecording } from '../recording/reader.ts'
import { createSpan, type Span, type SpanOptions } from './span.ts'

export interface SpanReading {
  signal?: AbortSignal
  /** share of the file read so far, 0..1 */
  onProgress?: (share: number) => void
}

/**
 * Reads a span out of a recording, also out of one that is still being written: then up to its last whole line. Nothing
 * of the file is kept but the sums, so memory is bounded by what a phase takes.
 *
 * @throws RecordingError, the file system's errors, and the signal's reason when it is aborted
 */
export async function readSpan(
  path: string,
  catalog: ReadonlyMap<string, Probe>,
  options: SpanOptions,
  { signal, onProgress }: SpanReading = {},
): Promise<Span> {
  const { size } = await stat(path)
  const span = createSpan(catalog, options)
  const reading = readRecording(path, {
    ...(signal ? { signal } : {}),
    onBytes: (bytes) => onProgress?.(Math.min(1, bytes / Math.max(1, size))),
  })
  for await (const record of reading) span.add(record)
  signal?.throwIfAborted()
  return span.result()
}
