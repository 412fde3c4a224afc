import type { Outcome } from '../outcome.ts'

/** What k6 says about how a request ended, as tags; '' where it does not say. */
export interface K6Answer {
  status: string
  errorCode: string
  error: string
  /** `true` or `false`; '' where the script has switched the judgement off */
  expected: string
}

/**
 * Classes of k6's error codes (documented under "Error codes"): 1000 general, 1100 DNS, 1200 TCP, 1300 TLS, 1400 and 1500
 * the HTTP status, 1600 HTTP/2. Names, certificates and HTTP/2 frames have no class of their own here.
 */
const classByCode: Readonly<Record<string, Outcome>> = {
  1050: 'timeout',
  1201: 'reset',
  1211: 'timeout',
  1212: 'connect_refused',
  1220: 'reset',
  1701: 'body',
}

/** Linux error numbers of the generator's own lacks, which k6 hides in the text of codes 1202 and 1213. */
const classByErrno: Readonly<Record<string, Outcome>> = { 23: 'EMFILE', 24: 'EMFILE', 99: 'EADDRNOTAVAIL' }

/** A status that the script expects is no error, whatever it is; an unexpected one is, whatever it is. */
export function outcomeOfK6({ status, errorCode, error, expected }: K6Answer): Outcome {
  if (expected === 'true') return 'ok'
  const code = Number(errorCode)
  if (errorCode !== '' && !(code >= 1400 && code < 1600)) {
    const errno = /unknown errno `?(\d+)/.exec(error)?.[1]
    return classByErrno[errno ?? ''] ?? classByCode[errorCode] ?? 'other'
  }
  // Scripts may switch the error_code tag off; its text stays.
  if (errorCode === '' && error !== '' && (status === '' || status === '0')) return 'other'
  if (expected === 'false' || Number(status) >= 400 || errorCode !== '') return 'status'
  return 'ok'
}
