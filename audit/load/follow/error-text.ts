import type { ErrorClass } from '../outcome.ts'

/**
 * What tools write about a request that failed below HTTP, in the words of Java, Go, Node, and errno. The first that fits
 * counts: "connect timed out" is a time-out, "Cannot assign requested address" the generator's own lack whatever the
 * exception around it.
 */
const words: readonly (readonly [RegExp, ErrorClass])[] = [
  [/EADDRNOTAVAIL|cannot assign requested address|BindException/i, 'EADDRNOTAVAIL'],
  [/EMFILE|ENFILE|too many open files/i, 'EMFILE'],
  [/time-?d? ?-?out|ETIMEDOUT|deadline exceeded/i, 'timeout'],
  [/ECONNREFUSED|connection refused|connect_refused|ConnectException|HttpHostConnectException/i, 'connect_refused'],
  [/ECONNRESET|EPIPE|connection reset|broken pipe|NoHttpResponse|ConnectionClosed|Premature ?end|^reset$/i, 'reset'],
  [/\bEOF\b|socket hang up|TruncatedChunk/i, 'reset'],
  [/MalformedChunk|ProtocolException|^body$/i, 'body'],
  [/^status$/i, 'status'],
]

/** The class of a failed request by what the tool says of it. */
export function classOfText(text: string): ErrorClass {
  return words.find(([pattern]) => pattern.test(text))?.[1] ?? 'other'
}
