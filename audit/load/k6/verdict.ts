import type { DriverVerdict } from '../driver.ts'
import { LoadError } from '../load-error.ts'
import type { K6Threshold } from './summary.ts'

export interface K6End {
  /** null: ended by a signal */
  code: number | null
  signal: string | null
  /** we asked it to */
  stopped: boolean
  /** scenarios have run */
  ran: boolean
  /** null: k6 left no summary */
  thresholds: readonly K6Threshold[] | null
  checks: ReadonlyMap<string, { passed: number; failed: number }>
  /** iterations that were due and never sent, by scenario */
  dropped: ReadonlyMap<string, number>
  /** last complaint of k6 itself, safe to show; null: none */
  complaint: string | null
}

/** k6's exit codes (its package errext/exitcodes). 255, a wrong argument or script, has its reason in the log. */
const codes: Readonly<Record<number, string>> = {
  97: 'the cloud run failed',
  99: 'thresholds were crossed',
  100: 'setup() ran into its time limit',
  101: 'teardown() ran into its time limit',
  102: 'it ran into a time limit',
  103: 'it was stopped through its REST API',
  104: 'its configuration is invalid',
  105: 'it was interrupted',
  106: 'its REST API could not listen',
  107: 'the script threw an exception',
  108: 'the script called exec.test.abort()',
  109: 'it crashed',
  110: 'the script called exec.test.fail()',
}
/** Codes that are a statement about the test, not a failure to make one. */
const JUDGED_BAD = new Set([99, 100, 101, 108, 110])
const STOPPED = new Set([103, 105])

/**
 * What a run of k6 says about the target.
 *
 * @throws LoadError `tool_failed` when k6 did not get to a verdict
 */
export function verdictOf(end: K6End): DriverVerdict {
  const { code, thresholds } = end
  const wasStopped = (code !== null && STOPPED.has(code)) || end.stopped
  if (!wasStopped && code !== 0 && !(code !== null && JUDGED_BAD.has(code)))
    throw new LoadError('tool_failed', failureOf(end), end.ran ? 'the recording holds what came before' : RUN_IT)
  const reasons: string[] = []
  if (code !== 0 && code !== 99 && code !== null && codes[code]) reasons.push(`k6: ${codes[code]}`)
  const failed = thresholds?.filter((threshold) => threshold.failed) ?? []
  for (const { text } of failed) reasons.push(`k6 threshold crossed: ${text}`)
  if (code === 99 && failed.length === 0) reasons.push(`k6: ${end.complaint ?? codes[99]}`)
  for (const { text, failed, onNothing } of thresholds ?? [])
    if (onNothing && !failed) reasons.push(`k6 threshold says nothing, no value ever matched it: ${text}`)
  reasons.push(...countedReasons(end))
  return { failed: opinion(end, wasStopped), reasons }
}

/** What k6 counted that a person should know, one line each. */
export function countedReasons({ checks, dropped }: Pick<K6End, 'checks' | 'dropped'>): string[] {
  const reasons: string[] = []
  for (const [name, { passed, failed }] of checks)
    if (failed > 0) reasons.push(`check failed ${failed} of ${passed + failed} times: ${name}`)
  for (const [scenario, count] of dropped)
    reasons.push(`${count} iterations of ${scenario || 'k6'} were dropped: no VU was free`)
  return reasons
}

/** k6 ends with 0 also when every iteration threw: without a threshold that is no opinion. */
function opinion({ code, thresholds }: K6End, wasStopped: boolean): boolean | null {
  if (code !== null && JUDGED_BAD.has(code)) return true
  if (wasStopped) return thresholds?.some((threshold) => threshold.failed) ? true : null
  return thresholds?.some((threshold) => !threshold.onNothing) ? false : null
}

const RUN_IT = 'run the script with k6 alone first: k6 run SCRIPT'

/** One line on how k6 failed. */
export function failureOf({ code, signal, complaint }: Pick<K6End, 'code' | 'signal' | 'complaint'>): string {
  const how = code === null ? `was killed by ${signal ?? 'a signal'}` : `ended with code ${code}`
  const reason = complaint ?? (code === null ? null : codes[code])
  return reason ? `k6 ${how}: ${reason}` : `k6 ${how}`
}
