import { z } from 'zod'
import { LoadError } from '../load-error.ts'
import { createRowSplitter, fieldsOf } from './csv-rows.ts'
import { LATENCY_KEYS, type PlainRow, readPlainRow, TIME_KEYS } from './plain-row.ts'
import type { SampleReader, SampleSink } from './wall-sample.ts'

const DELIMITERS = [',', ';', '\t']

/** Where the known keys stand in a CSV; null when the line is no header that has a time and a latency. */
export function plainHeader(line: string): { delimiter: string; indexes: Record<keyof PlainRow, number> } | null {
  for (const delimiter of DELIMITERS) {
    const names = fieldsOf(line.replace(/^\ufeff/, ''), delimiter).map((name) => name.trim().toLowerCase())
    const at = (keys: readonly string[]) => names.findIndex((name) => keys.includes(name))
    const indexes = {
      time: at(TIME_KEYS),
      latency: at(LATENCY_KEYS),
      status: at(['status']),
      error: at(['error']),
      phase: at(['phase']),
    }
    if (indexes.time >= 0 && indexes.latency >= 0) return { delimiter, indexes }
  }
  return null
}

/** Reads a CSV with a header that names the keys of plain-row.ts. @throws LoadError `samples_unreadable` without one */
export function createPlainCsvReader(sink: SampleSink): SampleReader {
  let header: ReturnType<typeof plainHeader> = null
  return createRowSplitter(
    (line) => {
      if (line.trim() === '') return
      if (!header) {
        header = plainHeader(line)
        if (!header) throw notPlain()
        return
      }
      const { delimiter, indexes } = header
      const fields = fieldsOf(line, delimiter)
      if (fields.length <= Math.max(indexes.time, indexes.latency))
        return sink.skipped('it has fewer fields than the header')
      tell(
        {
          time: fields[indexes.time],
          latency: fields[indexes.latency],
          status: fields[indexes.status],
          error: fields[indexes.error],
          phase: fields[indexes.phase],
        },
        sink,
      )
    },
    () => sink.skipped('it is too long'),
  )
}

function tell(row: PlainRow, sink: SampleSink): void {
  const read = readPlainRow(row)
  if ('unreadable' in read) sink.skipped(read.unreadable)
  else sink.sample(read)
}

const valueSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]).optional().catch(undefined)
const objectSchema = z.record(z.string(), z.unknown())

/** Reads NDJSON, an object a line, with the keys of plain-row.ts. */
export function createPlainJsonReader(sink: SampleSink): SampleReader {
  return createRowSplitter(
    (line) => {
      if (line.trim() === '') return
      const object = objectSchema.safeParse(parseJson(line)).data
      if (!object) return sink.skipped('it is no JSON object')
      const values = new Map(Object.entries(object).map(([key, value]) => [key.toLowerCase(), value]))
      const text = (...keys: readonly string[]): string | undefined => {
        const value = valueSchema.parse(keys.map((key) => values.get(key)).find((found) => found !== undefined))
        return value === undefined || value === null ? undefined : String(value)
      }
      tell(
        {
          time: text(...TIME_KEYS),
          latency: text(...LATENCY_KEYS),
          status: text('status'),
          error: text('error') === 'true' ? 'error' : text('error'),
          phase: text('phase'),
        },
        sink,
      )
    },
    () => sink.skipped('it is too long'),
    { quotes: false },
  )
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null // the caller tells
  }
}

const notPlain = (): LoadError =>
  new LoadError(
    'samples_unreadable',
    'the first line of this CSV does not name the columns time and latency_ms',
    'write a header such as: time,phase,latency_ms,status,error',
  )
