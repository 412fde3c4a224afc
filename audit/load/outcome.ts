/**
 * How a request ended. `status` and `body` were answered, but not as expected; `timeout` was not answered within its
 * time, counted from its intended start; `tls`: no secure connection (certificate, handshake); EADDRNOTAVAIL and EMFILE
 * are the generator's own lack; `dropped` was never sent.
 */
export const errorClasses = [
  'connect_refused',
  'reset',
  'timeout',
  'tls',
  'status',
  'body',
  'EADDRNOTAVAIL',
  'EMFILE',
  'other',
  'dropped',
] as const
export type ErrorClass = (typeof errorClasses)[number]
export type Outcome = 'ok' | ErrorClass

/** Outcomes with a latency: the target answered, or kept the client waiting until it gave up. */
export const answered: ReadonlySet<Outcome> = new Set<Outcome>(['ok', 'status', 'body', 'timeout'])

/** Judges a complete answer. `expected`: the statuses that are right; none named: any below 400, so a redirect is an answer. */
export function outcomeOf(status: number, expected: readonly number[], bodyIsRight: boolean): Outcome {
  if (expected.length === 0 ? status >= 400 : !expected.includes(status)) return 'status'
  return bodyIsRight ? 'ok' : 'body'
}

const classByCode: Record<string, ErrorClass> = {
  ECONNREFUSED: 'connect_refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  EADDRNOTAVAIL: 'EADDRNOTAVAIL',
  EMFILE: 'EMFILE',
  ENFILE: 'EMFILE',
  EPROTO: 'tls',
  ERR_HTTP2_STREAM_ERROR: 'reset',
  ERR_HTTP2_SESSION_ERROR: 'reset',
  ERR_HTTP2_GOAWAY_SESSION: 'reset',
  ERR_HTTP2_INVALID_SESSION: 'reset',
  ERR_HTTP2_STREAM_CANCEL: 'reset',
  ERR_HTTP2_ERROR: 'body',
}

/** Codes of OpenSSL's certificate checks and handshake, as Node.js passes them on (its `tls` documentation, "X509 certificate error codes"). */
const tlsCode =
  /^(ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|CRL_|ERROR_IN_|INVALID_(CA|PURPOSE)|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)/

/** Class of a transport error by its code. */
export function classOf(error: unknown): ErrorClass {
  if (!(error instanceof Error)) return 'other'
  const code = 'code' in error ? String(error.code) : ''
  // What ended the session of an HTTP/2 stream says more than that it ended.
  if (code === 'ERR_HTTP2_STREAM_CANCEL' && error.cause instanceof Error) return classOf(error.cause)
  return classByCode[code] ?? (tlsCode.test(code) ? 'tls' : 'other')
}
