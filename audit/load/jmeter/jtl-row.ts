import { hideSecrets, sanitizeText } from '../../../probes/index.ts'
import { classOfText } from '../follow/error-text.ts'
import type { SampleSink } from '../follow/wall-sample.ts'
import { LoadError } from '../load-error.ts'
import type { Outcome } from '../outcome.ts'
import { threadGroupReader } from './thread-group.ts'

/** What both forms of a JTL say of a sample, as written; undefined: the file has no such column. */
export interface JtlRow {
  timeStamp: string | undefined
  elapsed: string | undefined
  connect: string | undefined
  responseCode: string | undefined
  responseMessage: string | undefined
  failureMessage: string | undefined
  threadName: string | undefined
  success: string | undefined
}

const LONGEST_MS = 7 * 24 * 3600 * 1000
/** 2001 to 2286: milliseconds have 12 or 13 digits, and no seconds do. */
const EPOCH_MS = /^\d{12,13}$/

/**
 * The message that a Transaction Controller gives its own row (JMeter, TransactionController.java). The row sums up requests
 * that have rows too: it is none.
 */
const TRANSACTION = /^Number of samples in transaction : \d+, number of failing samples : \d+/
export const isTransaction = (row: JtlRow): boolean => TRANSACTION.test(row.responseMessage ?? '')

/**
 * Turns rows into samples. `timeStamp` is the start (JMeter's `sampleresult.timestamp.start`, true as shipped), `elapsed`
 * includes connecting, and the service time leaves it out where there is a `Connect` column.
 *
 * @throws LoadError `samples_unreadable` for a file whose times are no milliseconds
 */
export function jtlRowReader(sink: SampleSink): (row: JtlRow) => void {
  const groupOf = threadGroupReader()
  return (row) => {
    if (row.timeStamp === undefined || row.elapsed === undefined) return sink.skipped('it has no time')
    if (!EPOCH_MS.test(row.timeStamp)) {
      // Half a number is a broken row; a date is how the whole file is written.
      if (/\d[-/:.]\d/.test(row.timeStamp)) throw localTime(row.timeStamp)
      return sink.skipped(`its timeStamp is ${quoted(row.timeStamp)}`)
    }
    const elapsedMs = milliseconds(row.elapsed)
    if (elapsedMs === null) return sink.skipped(`its elapsed time is ${quoted(row.elapsed)}`)
    const connectMs = milliseconds(row.connect ?? '')
    const group = row.threadName === undefined ? null : groupOf(row.threadName)
    sink.sample({
      startMs: Number(row.timeStamp),
      responseMs: elapsedMs,
      serviceMs: connectMs === null ? null : Math.max(0, elapsedMs - connectMs),
      outcome: outcomeOfRow(row),
      group: group?.name ?? null,
      groupNumber: group?.number ?? null,
    })
  }
}

const NOT_HTTP = /^Non HTTP response code:/

/** JMeter's verdict first: its plan may want a 404. What failed with a code below 400 failed an assertion. */
export function outcomeOfRow({
  success,
  responseCode = '',
  responseMessage = '',
  failureMessage = '',
}: JtlRow): Outcome {
  const status = /^[1-5]\d\d$/.test(responseCode) ? Number(responseCode) : null
  if (success === 'true') return 'ok'
  if (success === undefined) {
    if (status !== null) return status >= 400 ? 'status' : 'ok'
    return responseCode === '' ? 'other' : classOfText(`${responseCode} ${responseMessage}`)
  }
  if (status !== null) return status >= 400 ? 'status' : 'body'
  if (NOT_HTTP.test(responseCode)) return classOfText(`${responseCode} ${responseMessage}`)
  return failureMessage === '' ? 'other' : 'body'
}

function milliseconds(text: string): number | null {
  if (!/^\d{1,12}$/.test(text)) return null
  const ms = Number(text)
  return ms <= LONGEST_MS ? ms : null
}

const quoted = (text: string): string => `"${sanitizeText(hideSecrets(text), { maxLength: 40 })}"`

const localTime = (text: string): LoadError =>
  new LoadError(
    'samples_unreadable',
    `the times of this JTL are dates (${quoted(text)}): their time zone is nowhere written`,
    'let JMeter write milliseconds: -Jjmeter.save.saveservice.timestamp_format=ms',
  )
