import { createRowSplitter, fieldsOf } from '../follow/csv-rows.ts'
import type { SampleReader, SampleSink } from '../follow/wall-sample.ts'
import { LoadError } from '../load-error.ts'
import { isTransaction, type JtlRow, jtlRowReader } from './jtl-row.ts'

/** The columns of JMeter 2.13 as shipped, which writes no header. */
const COLUMNS_2_13 =
  'timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,bytes,grpThreads,allThreads,Latency'.split(
    ',',
  )
const DELIMITERS = [',', ';', '\t', '|']
const NEEDED = ['timeStamp', 'elapsed']
const NONE = -1

/** How the rows of a file are written. */
interface Layout {
  delimiter: string
  columns: readonly string[]
}

/** The layout that a header line announces; null when this is no header of a JTL. */
export function jtlHeader(line: string): Layout | null {
  for (const delimiter of DELIMITERS) {
    const columns = fieldsOf(line.replace(/^\ufeff/, ''), delimiter)
    if (NEEDED.every((name) => columns.includes(name))) return { delimiter, columns }
  }
  return null
}

/** The layout of a file that begins with a sample: the one of JMeter 2.13, which is told by its form; null when it is not that. */
export function jtlWithoutHeader(line: string): Layout | null {
  for (const delimiter of DELIMITERS) {
    const fields = fieldsOf(line, delimiter)
    const [timeStamp = '', elapsed = ''] = fields
    const success = fields[COLUMNS_2_13.indexOf('success')]
    if (fields.length !== COLUMNS_2_13.length || !(success === 'true' || success === 'false')) continue
    if (/\d/.test(timeStamp) && /^\d+$/.test(elapsed)) return { delimiter, columns: COLUMNS_2_13 }
  }
  return null
}

/**
 * Reads a JTL written as CSV, by its header, or without one in the layout of JMeter 2.13. Rows of Transaction Controllers
 * are left out: the requests in them have rows of their own.
 *
 * @throws LoadError `samples_unreadable` when it is neither, or its times are dates
 */
export function createJtlCsvReader(sink: SampleSink): SampleReader {
  const read = jtlRowReader(sink)
  const transactions = transactionWatch(sink)
  let delimiter = ','
  let indexes: Record<keyof JtlRow, number> | null = null

  const adopt = (layout: Layout) => {
    const at = (name: string) => layout.columns.indexOf(name)
    delimiter = layout.delimiter
    indexes = {
      timeStamp: at('timeStamp'),
      elapsed: at('elapsed'),
      connect: at('Connect'),
      responseCode: at('responseCode'),
      responseMessage: at('responseMessage'),
      failureMessage: at('failureMessage'),
      threadName: at('threadName'),
      success: at('success'),
    }
  }

  return createRowSplitter(
    (line) => {
      if (line.trim() === '') return
      if (!indexes) {
        const header = jtlHeader(line)
        const layout = header ?? jtlWithoutHeader(line)
        if (!layout) throw notAJtl()
        adopt(layout)
        if (header) return
      }
      const from = indexes
      if (!from) return
      const fields = fieldsOf(line, delimiter)
      // A second run that wrote to the same file begins with its own header.
      if (fields[from.timeStamp]?.replace(/^\ufeff/, '') === 'timeStamp') {
        const header = jtlHeader(line)
        if (header) adopt(header)
        return
      }
      const at = (index: number) => (index === NONE ? undefined : fields[index])
      const row: JtlRow = {
        timeStamp: at(from.timeStamp),
        elapsed: at(from.elapsed),
        connect: at(from.connect),
        responseCode: at(from.responseCode),
        responseMessage: at(from.responseMessage),
        failureMessage: at(from.failureMessage),
        threadName: at(from.threadName),
        success: at(from.success),
      }
      const isWhole = fields.length > Math.max(...Object.values(from))
      if (!isWhole) return sink.skipped('it has fewer fields than the header')
      transactions(row)
      if (!isTransaction(row)) read(row)
    },
    () => sink.skipped('it is too long'),
  )
}

/** Controllers within controllers end together, but not this many. */
const NESTED_LIMIT = 16
const THREADS_LIMIT = 10_000

/**
 * A controller that makes a "parent sample" puts only its own row into a CSV. Left out, its requests would be missing
 * without a word: a thread with transactions and no request between them says so.
 */
function transactionWatch(sink: SampleSink): (row: JtlRow) => void {
  const inARow = new Map<string, number>()
  let isTold = false
  return (row) => {
    if (isTold) return
    const thread = row.threadName ?? ''
    if (!isTransaction(row)) return void inARow.delete(thread)
    const count = (inARow.get(thread) ?? 0) + 1
    if (count <= NESTED_LIMIT) return void (inARow.size < THREADS_LIMIT && inARow.set(thread, count))
    isTold = true
    sink.note(
      'requests are missing: a Transaction Controller generates parent samples, and a CSV holds nothing of what is in them; switch that off in the plan, or write the JTL as XML',
    )
  }
}

const notAJtl = (): LoadError =>
  new LoadError(
    'samples_unreadable',
    'this is no JTL: its first line is neither a header with timeStamp and elapsed nor a sample as JMeter 2.13 writes it',
    'let JMeter write a header: -Jjmeter.save.saveservice.print_field_names=true',
  )
