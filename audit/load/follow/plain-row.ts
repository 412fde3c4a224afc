import { hideSecrets, sanitizeText } from '../../../probes/index.ts'
import type { Outcome } from '../outcome.ts'
import { classOfText } from './error-text.ts'
import type { WallSample } from './wall-sample.ts'

/**
 * The keys of a plain file, whatever tool or script wrote it; upper or lower case, other keys are passed over:
 * - `time`: when the request started: seconds or milliseconds since 1970, or RFC 3339 with its offset;
 * - `latency_ms` or `duration_ms`: from there to its end;
 * - `status` (may be missing): the HTTP status; 400 and above is an error;
 * - `error` (may be missing): what went wrong, empty (in JSON also null or false) when nothing did;
 * - `phase` (may be missing): the part of the load it belongs to.
 */
export const TIME_KEYS = ['time', 'timestamp'] as const
export const LATENCY_KEYS = ['latency_ms', 'duration_ms'] as const

export interface PlainRow {
  time: string | undefined
  latency: string | undefined
  status: string | undefined
  error: string | undefined
  phase: string | undefined
}

const LONGEST_MS = 7 * 24 * 3600 * 1000
const LONGEST_NAME = 80

/** The sample of a row, or why it is none. */
export function readPlainRow(row: PlainRow): WallSample | { unreadable: string } {
  const startMs = wallTimeMs(row.time ?? '')
  if (startMs === null)
    return { unreadable: `its time is ${quoted(row.time)}: no seconds or milliseconds since 1970, and no RFC 3339` }
  const responseMs = Number(row.latency?.trim() || Number.NaN)
  if (!(responseMs >= 0 && responseMs <= LONGEST_MS)) return { unreadable: `its latency is ${quoted(row.latency)}` }
  const phase = row.phase?.trim() ?? ''
  return {
    startMs,
    responseMs,
    serviceMs: null,
    outcome: outcomeOfPlain(row),
    group: phase === '' ? null : sanitizeText(phase, { maxLength: LONGEST_NAME }),
    groupNumber: null,
  }
}

/** ms since 1970; null for what is no time, or one without a time zone. */
export function wallTimeMs(text: string): number | null {
  const trimmed = text.trim()
  if (/^\d{9,10}(\.\d+)?$/.test(trimmed)) return Number(trimmed) * 1000
  if (/^\d{12,13}(\.\d+)?$/.test(trimmed)) return Number(trimmed)
  if (!/^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(trimmed)) return null
  const [, whole = '', fraction = '', zone = ''] = /^(.{19})(\.\d+)?(.*)$/.exec(trimmed) ?? []
  // Date keeps three digits: the rest is added, microseconds tell requests apart.
  const ms = Date.parse(`${whole.toUpperCase().replace(' ', 'T')}${zone.toUpperCase()}`)
  return Number.isNaN(ms) ? null : ms + (fraction === '' ? 0 : Number(fraction) * 1000)
}

function outcomeOfPlain({ status = '', error = '' }: PlainRow): Outcome {
  const code = /^[1-5]\d\d$/.test(status.trim()) ? Number(status) : null
  const text = error.trim()
  if (/^(|0|false|null|none|-|ok)$/i.test(text)) return code !== null && code >= 400 ? 'status' : 'ok'
  if (code !== null && code >= 400) return 'status'
  return classOfText(text)
}

const quoted = (text: string | undefined): string => `"${sanitizeText(hideSecrets(text ?? ''), { maxLength: 40 })}"`
