import type { LoadOptions, RequestSpec } from './protocol.ts'

/** A request in the form in which it is sent, made once. */
export interface PreparedRequest {
  method: string
  path: string
  /** lower-case names; without those that the transport sets */
  headers: Readonly<Record<string, string>>
  body: Buffer | null
  /** statuses that are right; none: any below 400 */
  expected: readonly number[]
  /** bytes that the answer's body must hold */
  needle: Buffer | null
}

/** The requests of a load in the order of the plan. */
export function prepareRequests(options: LoadOptions): readonly PreparedRequest[] {
  const url = new URL(options.url)
  const auth: Record<string, string> = url.username
    ? {
        authorization: `Basic ${Buffer.from(decodeURIComponent(`${url.username}:${url.password}`)).toString('base64')}`,
      }
    : {}
  return options.requests.map((spec) => ({
    method: spec.method,
    path: encodedPath(spec.path),
    headers: { ...auth, ...lowerCased(spec.headers) },
    body: bodyOf(spec),
    expected: spec.expect.status,
    needle: spec.expect.bodyIncludes === null ? null : Buffer.from(spec.expect.bodyIncludes),
  }))
}

const bodyOf = ({ body }: RequestSpec): Buffer | null => (body === null ? null : Buffer.from(body, 'base64'))

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

/** What a person may write in a path and HTTP may not carry is percent-encoded; what is encoded already stays. */
const encodedPath = (path: string): string => path.toWellFormed().replace(/[^\x21-\x7e]/gu, encodeURIComponent)

/** The bytes of a request in HTTP/1.1. */
export function http1Bytes(request: PreparedRequest, host: string, keepAlive: boolean): Buffer {
  const { method, path, body } = request
  const hasBody = body !== null || method === 'POST' || method === 'PUT' || method === 'PATCH'
  const headers = {
    host,
    ...request.headers,
    ...(hasBody ? { 'content-length': String(body?.length ?? 0) } : {}),
    ...(keepAlive ? {} : { connection: 'close' }),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1')
  return body ? Buffer.concat([head, body]) : head
}
