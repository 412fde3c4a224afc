import type { Outcome } from './outcome.ts'
import type { PreparedRequest } from './request.ts'

/** Room for one request at a time: a kept HTTP/1.1 connection, or one stream of an HTTP/2 session. */
export interface Connection {
  /** Sends the request. The opener's `onOutcome` is called once, then its `onFree` once, when the next may be sent. */
  send(request: PreparedRequest): void
  /** Gives the request under way up, in whatever state it is; the callbacks follow. */
  abort(): void
}

/** Opens connections to one address. Nothing happens on the network before the first `send`. */
export interface Opener {
  /** connections that the load may have at a time */
  readonly limit: number
  /** connections that a warm-up opens */
  readonly toWarm: number
  open(onOutcome: (outcome: Outcome) => void, onFree: () => void): Connection
}
