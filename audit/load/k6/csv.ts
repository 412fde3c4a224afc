import { createLineSplitter } from '../../../probes/index.ts'
import { isOfInterest, type MetricReader, type MetricRow } from './rows.ts'
import { parseTime } from './time.ts'

/** What k6 writes has a few hundred characters. Fields over several lines (RFC 4180) are put together up to this length. */
const RECORD_LIMIT = 64 * 1024
/** Columns that every version of k6 writes first. */
const FIXED = ['metric_name', 'timestamp', 'metric_value'] as const

/**
 * k6's CSV (`--out csv`): a header, then a line per value of each metric. Columns are found by the header, which depends on
 * the version and on the script's `systemTags`; times may be in any of `K6_CSV_TIME_FORMAT`.
 */
export function createCsvReader(onRow: (row: MetricRow) => void): MetricReader {
  let columns: ReadonlyMap<string, number> | null = null
  let skipped = 0
  let rows = 0
  let fractions = 0
  let open = ''

  const record = (text: string, quoted: boolean) => {
    const fields = () => (quoted ? unquote(text) : text.split(','))
    if (columns === null) {
      const names = fields()
      if (FIXED.every((name) => names.includes(name))) columns = new Map(names.map((name, index) => [name, index]))
      else skipped++
      return
    }
    // In all of k6's files the metric stands first; the others are split only when their metric is read.
    if (columns.get('metric_name') === 0 && !quoted && !isOfInterest(text.slice(0, Math.max(0, text.indexOf(',')))))
      return
    const values = fields()
    const known = columns
    const tag = (name: string) => values[known.get(name) ?? -1] ?? ''
    const time = parseTime(tag('timestamp'))
    const value = tag('metric_value') === '' ? Number.NaN : Number(tag('metric_value'))
    if (time === null || !Number.isFinite(value)) {
      skipped++
      return
    }
    if (!isOfInterest(tag('metric_name'))) return
    rows++
    if (!time.wholeSeconds) fractions++
    onRow({ metric: tag('metric_name'), unixMs: time.unixMs, value, tag })
  }

  const onLine = (line: string) => {
    if (open === '' && !line.includes('"')) return record(line, false)
    open = open === '' ? line : `${open}\n${line}`
    if (quotesOf(open) % 2 === 1 && open.length <= RECORD_LIMIT) return
    const whole = open
    open = ''
    if (whole.length > RECORD_LIMIT) skipped++
    else record(whole, true)
  }
  const lines = createLineSplitter(onLine, { limit: RECORD_LIMIT, onDropped: () => skipped++ })
  return {
    write: (chunk) => lines.write(chunk),
    end: () => {
      lines.end()
      if (open !== '') skipped++
      open = ''
    },
    get skipped() {
      return skipped
    },
    get wholeSeconds() {
      return rows > 0 && fractions === 0
    },
  }
}

const quotesOf = (text: string): number => text.split('"').length - 1

/** Fields of a line in which some are quoted; a quote inside is doubled. */
function unquote(text: string): string[] {
  const fields: string[] = []
  for (const [, quoted, plain] of text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g))
    fields.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
  return fields
}
