import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { onTestFinished } from 'vitest'
import { createSampleReader, type SampleFormat } from '../../../../audit/load/follow/formats.ts'
import type { WallSample } from '../../../../audit/load/follow/wall-sample.ts'

export interface Read {
  samples: WallSample[]
  skipped: string[]
  notes: string[]
}

/** Reads a text as a file of samples, cut into chunks of these sizes (the last one repeats). */
export function read(input: string | Buffer, format: SampleFormat = 'auto', sizes: readonly number[] = [65_536]): Read {
  const result: Read = { samples: [], skipped: [], notes: [] }
  const reader = createSampleReader(format, {
    sample: (sample) => result.samples.push(sample),
    skipped: (why) => result.skipped.push(why),
    note: (text) => result.notes.push(text),
  })
  const bytes = Buffer.from(input)
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes[Math.min(index, sizes.length - 1)] ?? 1
    // A copy, as from a file: a reader that kept the chunk itself would be found out.
    reader.write(Buffer.from(bytes.subarray(at, at + size)))
    at += size
  }
  reader.end()
  return result
}

/** A recorded result file of JMeter. */
export const jmeterSample = (name: string): Buffer =>
  gunzipSync(readFileSync(join(import.meta.dirname, `../../../../fixtures/samples/jmeter/${name}.gz`)))

/** A folder of the test's own, gone with it. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'probe-load-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
