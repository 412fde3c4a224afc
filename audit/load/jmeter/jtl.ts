import type { SampleReader, SampleSink } from '../follow/wall-sample.ts'
import { createJtlCsvReader } from './jtl-csv.ts'
import { createJtlXmlReader } from './jtl-xml.ts'

/** A byte order mark, or what XML and CSV may begin with. */
const LEADING = new Set([0xef, 0xbb, 0xbf, 0x20, 0x09, 0x0a, 0x0d])

/**
 * Reads JMeter's result file (JTL), split anywhere, finished or growing: CSV with a header or without (2.13), or XML, told
 * by its first character.
 *
 * @throws LoadError `samples_unreadable` when it is none of these, or its times are local dates
 */
export function createJtlReader(sink: SampleSink): SampleReader {
  let reader: SampleReader | null = null
  return {
    write(chunk) {
      if (!reader) {
        const first = chunk.findIndex((byte) => !LEADING.has(byte))
        if (first < 0) return
        reader = chunk[first] === 0x3c ? createJtlXmlReader(sink) : createJtlCsvReader(sink)
        chunk = chunk.subarray(first)
      }
      reader.write(chunk)
    },
    end: () => reader?.end(),
  }
}
