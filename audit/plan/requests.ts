import { hideSecrets, sanitizeText } from '../../probes/index.ts'
import type { PlannedRequest } from './plan.ts'
import type { Key } from './problem.ts'
import type { WrittenAuth, WrittenRequest } from './schema.ts'

export interface RequestContext {
  /** of the target, where the default path comes from */
  url: URL | null
  headers: Readonly<Record<string, string>> | undefined
  auth: WrittenAuth | undefined
  report(path: readonly Key[], message: string): void
  /** with variables replaced; '' after a complaint */
  expand(text: string, path: readonly Key[]): string
  /** of a file named in the plan; null after a complaint */
  file(name: string, path: readonly Key[]): Buffer | null
}

/** What the generator adds by itself: a second one would contradict it. */
const OWN_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
// field-value of RFC 9110, obs-text included
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const SHORTEST_MIX: readonly [WrittenRequest] = [{}]

export function settleRequests(
  written: readonly WrittenRequest[] | undefined,
  context: RequestContext,
): [PlannedRequest, ...PlannedRequest[]] {
  const shared = headersOf(context.headers, ['load', 'headers'], context)
  const sharedAuth = authorizationOf(context.auth, ['load', 'auth'], context)
  if (sharedAuth !== null && 'authorization' in shared) bothAuthorize(['load', 'auth'], context)
  const base = sharedAuth === null ? shared : { ...shared, authorization: sharedAuth }

  const names = new Set<string>()
  const settle = (request: WrittenRequest, index: number): PlannedRequest => {
    const path = ['load', 'requests', index]
    const planned = settleRequest(request, path, base, context)
    if (names.has(planned.name) && request.name !== undefined)
      context.report([...path, 'name'], `a request ${JSON.stringify(planned.name)} was there before`)
    const name = names.has(planned.name) ? `${planned.name} #${index + 1}` : planned.name
    names.add(name)
    return { ...planned, name }
  }
  const [first, ...others] = (written ?? SHORTEST_MIX).map(settle)
  return [first ?? settle({}, 0), ...others]
}

function settleRequest(
  written: WrittenRequest,
  path: readonly Key[],
  base: Readonly<Record<string, string>>,
  context: RequestContext,
): PlannedRequest {
  const method = written.method ?? 'GET'
  const own = headersOf(written.headers, [...path, 'headers'], context)
  const auth = authorizationOf(written.auth, [...path, 'auth'], context)
  if (auth !== null && 'authorization' in own) bothAuthorize([...path, 'auth'], context)
  const target = written.path ?? (context.url ? context.url.pathname + context.url.search : '/')
  const { status, body_includes: bodyIncludes = null } = written.expect ?? {}
  if (bodyIncludes !== null && method === 'HEAD')
    context.report([...path, 'expect', 'body_includes'], 'the answer to HEAD has no body')
  return {
    // Without the query: names are shown and recorded, queries may hold what should not be.
    name: sanitizeText(hideSecrets(written.name ?? `${method} ${target.split('?')[0]}`)),
    method,
    path: target,
    headers: { ...base, ...own, ...(auth === null ? {} : { authorization: auth }) },
    body: bodyOf(written, method, path, context),
    weight: written.weight ?? 1,
    expect: { status: status === undefined ? [] : [status].flat(), bodyIncludes },
  }
}

function bodyOf(
  { body, body_file: file }: WrittenRequest,
  method: string,
  path: readonly Key[],
  { report, file: read }: RequestContext,
): Buffer | null {
  const key = body === undefined ? 'body_file' : 'body'
  if (body === undefined && file === undefined) return null
  if (body !== undefined && file !== undefined) report([...path, 'body_file'], 'expected body or body_file, got both')
  if (method === 'GET' || method === 'HEAD') report([...path, key], `${method} sends no body: is method: POST meant?`)
  return body === undefined ? read(file ?? '', [...path, 'body_file']) : Buffer.from(body)
}

/** Names in lower case: they mean the same in any, and HTTP/2 takes no other. */
function headersOf(
  written: Readonly<Record<string, string>> | undefined,
  path: readonly Key[],
  { report, expand }: RequestContext,
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, text] of Object.entries(written ?? {})) {
    const at = [...path, name]
    const key = name.toLowerCase()
    if (OWN_HEADERS.has(key)) report(at, 'the generator sets this header itself')
    if (Object.hasOwn(headers, key)) report(at, 'this header stands here twice')
    headers[key] = headerValue(expand(text, at), at, report)
  }
  return headers
}

function authorizationOf(
  written: WrittenAuth | undefined,
  path: readonly Key[],
  context: RequestContext,
): string | null {
  if (!written) return null
  const { bearer, basic } = written
  if ((bearer === undefined) === (basic === undefined)) {
    context.report(path, `expected bearer or basic, got ${bearer === undefined ? 'neither' : 'both'}`)
    return null
  }
  if (bearer !== undefined) {
    const at = [...path, 'bearer']
    return headerValue(`Bearer ${context.expand(bearer, at)}`, at, context.report)
  }
  const user = context.expand(basic?.user ?? '', [...path, 'basic', 'user'])
  const password = context.expand(basic?.password ?? '', [...path, 'basic', 'password'])
  // The first colon ends the user (RFC 7617).
  if (user.includes(':')) context.report([...path, 'basic', 'user'], 'a user has no colon in it')
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

function headerValue(value: string, path: readonly Key[], report: RequestContext['report']): string {
  if (!HEADER_VALUE.test(value))
    report(path, 'a header has no line breaks, control characters, or characters beyond Latin-1')
  return value.trim()
}

const bothAuthorize = (path: readonly Key[], { report }: RequestContext): void =>
  report(path, 'expected auth or the header authorization, got both')
