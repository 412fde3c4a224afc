/**
 * How a request ended. `status` and `body` were answered, but not as expected; `timeout` was not answered within its
 * time, counted from its intended start; EADDRNOTAVAIL and EMFILE are the generator's own lack; `dropped` was never sent.
 */
export const errorClasses = [
  'connect_refused',
  'reset',
  'timeout',
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

/** What a request asks and what counts as its answer. */
export interface Expectation {
  /** the one status that is right; without it any below 400 is */
  status?: number | undefined
  /** text that the body must contain */
  bodyIncludes?: string | undefined
}

/** Judges a complete answer. `body` is read only where `bodyIncludes` asks for it. */
export function outcomeOf(status: number, body: string, expect: Expectation): Outcome {
  if (expect.status === undefined ? status >= 400 : status !== expect.status) return 'status'
  return expect.bodyIncludes === undefined || body.includes(expect.bodyIncludes) ? 'ok' : 'body'
}

const classByCode: Record<string, ErrorClass> = {
  ECONNREFUSED: 'connect_refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  ETIMEDOUT: 'timeout',
  EADDRNOTAVAIL: 'EADDRNOTAVAIL',
  EMFILE: 'EMFILE',
  ENFILE: 'EMFILE',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'body',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'body',
}

/** Class of a transport error by its code; undici's parser errors, a malformed answer, have only a name. */
export function classOf(error: unknown): ErrorClass {
  if (!(error instanceof Error)) return 'other'
  if (error.name === 'HTTPParserError') return 'body'
  return classByCode['code' in error ? String(error.code) : ''] ?? 'other'
}
