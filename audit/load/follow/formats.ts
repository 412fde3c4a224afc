import { createJtlReader } from '../jmeter/jtl.ts'
import { jtlHeader, jtlWithoutHeader } from '../jmeter/jtl-csv.ts'
import { LoadError } from '../load-error.ts'
import { createPlainCsvReader, createPlainJsonReader, plainHeader } from './plain.ts'
import type { SampleReader, SampleSink } from './wall-sample.ts'

/** jtl: JMeter's CSV or XML; csv, ndjson: the keys of plain-row.ts; auto: told by the first line. */
export type SampleFormat = 'jtl' | 'csv' | 'ndjson' | 'auto'

/** As much of a file as may be needed to tell what it is, bytes. */
const FIRST_LINE_LIMIT = 64 * 1024
const NEWLINE = 10

/** Reads samples of a file, split anywhere. @throws LoadError `samples_unreadable` (from `write` or `end`) for what it cannot read */
export function createSampleReader(format: SampleFormat, sink: SampleSink): SampleReader {
  if (format !== 'auto') return readerOf(format, sink)
  let start = Buffer.alloc(0)
  let reader: SampleReader | null = null
  const choose = () => {
    const end = start.indexOf(NEWLINE)
    const line = start.toString('utf8', 0, end < 0 ? start.length : end)
    reader = readerOf(formatOf(line.replace(/^\ufeff/, '').trim()), sink)
    reader.write(start)
  }
  return {
    write(chunk) {
      if (reader) return reader.write(chunk)
      start = Buffer.concat([start, chunk])
      // Empty lines may come first.
      if (start.toString('utf8').trimStart().includes('\n') || start.length > FIRST_LINE_LIMIT) {
        start = withoutEmptyStart(start)
        choose()
      }
    },
    end() {
      if (!reader) {
        start = withoutEmptyStart(start)
        if (start.length === 0) return
        choose()
      }
      reader?.end()
    },
  }
}

function withoutEmptyStart(bytes: Buffer): Buffer<ArrayBuffer> {
  const first = bytes.findIndex((byte) => byte > 0x20)
  return Buffer.from(first < 0 ? bytes.subarray(bytes.length) : bytes.subarray(first))
}

function readerOf(format: Exclude<SampleFormat, 'auto'>, sink: SampleSink): SampleReader {
  if (format === 'jtl') return createJtlReader(sink)
  return format === 'csv' ? createPlainCsvReader(sink) : createPlainJsonReader(sink)
}

/** @throws LoadError `samples_unreadable` for a first line that says nothing */
function formatOf(line: string): Exclude<SampleFormat, 'auto'> {
  if (line.startsWith('<')) return 'jtl'
  if (line.startsWith('{')) {
    if (/"type"\s*:\s*"(Metric|Point)"/.test(line) && line.includes('"metric"')) throw ofK6('JSON')
    return 'ndjson'
  }
  if (/^metric_name,timestamp,/.test(line)) throw ofK6('CSV')
  if (jtlHeader(line) || jtlWithoutHeader(line)) return 'jtl'
  if (plainHeader(line)) return 'csv'
  throw new LoadError(
    'samples_unreadable',
    'its first line is none of a JTL (JMeter), a CSV that names time and latency_ms, or NDJSON with these keys',
    'name the format in the plan, or write a header such as: time,phase,latency_ms,status,error',
  )
}

const ofK6 = (form: string): LoadError =>
  new LoadError('samples_unreadable', `this is ${form} output of k6`, `name its format: k6-${form.toLowerCase()}`)
