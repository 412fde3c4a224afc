import { hideSecrets, sanitizeText } from '../../../probes/index.ts'
import type { Outcome } from '../outcome.ts'
import { outcomeOfK6 } from './outcome.ts'

/** One value of one metric: a line of k6's CSV, a point of its JSON. */
export interface MetricRow {
  metric: string
  /** ms since 1970, with a fraction */
  unixMs: number
  value: number
  /** '' where the row has no such tag */
  tag(name: string): string
}

/** Reads what k6 writes while it grows; any bytes are taken, what makes no sense is counted. */
export interface MetricReader {
  write(chunk: Buffer): void
  end(): void
  /** lines that were no metric, or too long */
  readonly skipped: number
  /** times came in whole seconds: requests cannot be placed better than that */
  readonly wholeSeconds: boolean
}

/** What a run of k6 reports, put together from its metrics. Texts are safe to show. */
export type K6Event =
  | {
      type: 'request'
      /** '' in setup() and teardown() */
      scenario: string
      endUnixMs: number
      /** from the moment the request wanted a connection to its end */
      responseMs: number
      /** sending, waiting, receiving */
      serviceMs: number
      outcome: Outcome
    }
  /** an iteration ended */
  | { type: 'iteration'; scenario: string; unixMs: number }
  /** iterations were due and no VU was free */
  | { type: 'dropped'; scenario: string; unixMs: number; count: number }
  | { type: 'check'; name: string; passed: boolean }
  /** k6 runs and says how many VUs it has; once a second, also when it does nothing */
  | { type: 'alive' }

/** Parts of one request that are read: k6 writes them one after another, each once, with the same time and scenario. */
const requestParts = new Set([
  'http_req_duration',
  'http_req_blocked',
  'http_req_connecting',
  'http_req_tls_handshaking',
  'http_req_failed',
])
const metricsOfInterest = new Set([...requestParts, 'iterations', 'dropped_iterations', 'checks', 'vus'])

/** Says which rows need not be taken apart: most of them. */
export const isOfInterest = (metric: string): boolean => metricsOfInterest.has(metric)

export interface RequestAssembler {
  row(row: MetricRow): void
  /** the last request is complete as it is */
  end(): void
}

/**
 * Joins the rows of each request.
 *
 * A request wants a connection, gets one (`blocked`), and is sent, waited for and received (`duration`). `blocked` holds
 * `connecting` and `tls_handshaking` already (net/http/httptrace: GotConn follows both), so that the response time is
 * blocked + duration. Over HTTP/2 k6 may report the connection first and its making later: then the longer of both counts.
 */
export function createRequestAssembler(emit: (event: K6Event) => void): RequestAssembler {
  let first: MetricRow | null = null
  let scenario = ''
  let parts = new Map<string, number>()

  const end = () => {
    const durationMs = parts.get('http_req_duration')
    if (first && durationMs !== undefined) {
      const makingMs = (parts.get('http_req_connecting') ?? 0) + (parts.get('http_req_tls_handshaking') ?? 0)
      emit({
        type: 'request',
        scenario: sanitizeText(scenario),
        endUnixMs: first.unixMs,
        responseMs: Math.max(parts.get('http_req_blocked') ?? 0, makingMs) + durationMs,
        serviceMs: durationMs,
        outcome: outcomeOfK6({
          status: first.tag('status'),
          errorCode: first.tag('error_code'),
          error: first.tag('error'),
          expected: first.tag('expected_response') || judged(parts.get('http_req_failed')),
        }),
      })
    }
    first = null
    if (parts.size > 0) parts = new Map()
  }

  return {
    row: (row) => {
      const { metric, unixMs, value } = row
      if (requestParts.has(metric)) {
        const of = row.tag('scenario')
        if (first && (parts.has(metric) || unixMs !== first.unixMs || of !== scenario)) end()
        if (!first) {
          first = row
          scenario = of
        }
        parts.set(metric, value)
        return
      }
      end()
      if (metric === 'iterations') emit({ type: 'iteration', scenario: sanitizeText(row.tag('scenario')), unixMs })
      else if (metric === 'dropped_iterations')
        emit({ type: 'dropped', scenario: sanitizeText(row.tag('scenario')), unixMs, count: value })
      else if (metric === 'checks')
        emit({
          type: 'check',
          name: sanitizeText(hideSecrets(row.tag('check')), { maxLength: 120 }),
          passed: value !== 0,
        })
      else if (metric === 'vus') emit({ type: 'alive' })
    },
    end,
  }
}

const judged = (failed: number | undefined): string => (failed === undefined ? '' : String(failed === 0))
