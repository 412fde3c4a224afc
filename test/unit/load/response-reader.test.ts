import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createResponseReader } from '../../../audit/load/response-reader.ts'

interface Answer {
  /** as one would say: 200, or why there is none */
  result: number | 'bad' | 'cut'
  holdsNeedle: boolean
}

const NEEDLE = 'needle'

/** What our reader makes of the bytes, in parts of the given sizes (the last takes the rest), with the end of the connection after. */
function ours(bytes: Buffer, sizes: readonly number[], method: string): Answer {
  const reader = createResponseReader()
  const shared = Buffer.alloc(4096)
  reader.begin(method === 'HEAD', Buffer.from(NEEDLE))
  let at = 0
  let next = 0
  while (at < bytes.length) {
    const size = Math.min(bytes.length - at, next < sizes.length ? (sizes[next++] ?? 1) : shared.length)
    bytes.copy(shared, 0, at, at + size)
    at += size
    const progress = reader.push(shared, size)
    // What is kept of the shared buffer must be a copy.
    shared.fill(0, 0, size)
    if (progress === 'done') return { result: reader.status, holdsNeedle: reader.found }
    if (progress === 'bad') return { result: 'bad', holdsNeedle: false }
  }
  return reader.end() === 'done'
    ? { result: reader.status, holdsNeedle: reader.found }
    : { result: 'cut', holdsNeedle: false }
}

/** What Node's own client makes of a server that writes the bytes and closes. */
const server = createServer((socket: Socket) => {
  socket.on('error', () => undefined)
  socket.once('data', () => socket.end(toWrite))
})
let toWrite: Buffer = Buffer.alloc(0)
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => void server.close())

function nodes(bytes: Buffer, method: string): Promise<Answer> {
  toWrite = bytes
  const address = server.address()
  const port = address && typeof address === 'object' ? address.port : 0
  return new Promise((resolve) => {
    const failed = (error: Error & { code?: string }) =>
      resolve({ result: error.code?.startsWith('HPE_') ? 'bad' : 'cut', holdsNeedle: false })
    const request = httpRequest({ host: '127.0.0.1', port, method, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', failed)
      response.on('end', () =>
        resolve({ result: response.statusCode ?? 0, holdsNeedle: Buffer.concat(parts).includes(NEEDLE) }),
      )
    })
    request.on('error', failed)
    request.end()
  })
}

const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,12}$/)
const value = fc.stringMatching(/^[ -~]{0,30}$/)
const status = fc.oneof(fc.constantFrom(200, 204, 304, 404, 500), fc.integer({ min: 200, max: 599 }))
const blank = fc.constantFrom('', ' ', '\t', '  \t ')
const body = fc
  .array(fc.constantFrom('a', 'need', 'le', 'needle', '\r\n', '0', '\r\n\r\n'), { maxLength: 12 })
  .map((p) => p.join(''))

const plainHeader = fc
  .tuple(token, blank, value, blank)
  .filter(([name]) => !/^(content-length|transfer-encoding|connection|upgrade|proxy-connection|trailer)$/i.test(name))
  .map(([name, before, text, after]) => `${name}:${before}${text.trim()}${after}\r\n`)

const interim = fc.constantFrom('', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')

const chunked = fc.array(body.filter((part) => part !== '')).chain((parts) =>
  fc
    .tuple(fc.constantFrom('', ';a=b', ';x'), fc.boolean(), fc.constantFrom('', 'Trailer-One: 1\r\n', 'A: b\r\nC:\r\n'))
    .map(([extension, upper, trailer]) => {
      const size = (part: string) => (upper ? part.length.toString(16).toUpperCase() : part.length.toString(16))
      const chunks = parts.map((part) => `${size(part)}${extension}\r\n${part}\r\n`)
      return `${chunks.join('')}0${extension}\r\n${trailer}\r\n`
    }),
)

/** Headers that frame the body, with the body. */
const framed = fc.oneof(
  body.map((text) => ({ headers: [`Content-Length: ${text.length}\r\n`], body: text })),
  body.map((text) => ({ headers: [`content-LENGTH:\t${text.length}  \r\n`], body: text })),
  chunked.map((text) => ({ headers: ['Transfer-Encoding: chunked\r\n'], body: text })),
  chunked.map((text) => ({ headers: ['transfer-encoding: gzip, CHUNKED\r\n'], body: text })),
  body.map((text) => ({ headers: ['Connection: close\r\n'], body: text })),
  body.map((text) => ({ headers: [] as string[], body: text })),
)

/** An answer to GET, and the same to HEAD: bytes beyond an answer are another matter, below. */
const answer = fc
  .tuple(
    interim,
    fc.constantFrom('0', '1'),
    status,
    fc.constantFrom(' OK', '', ' ', ' A B'),
    framed,
    fc.array(plainHeader, { maxLength: 5 }),
    fc.nat(),
  )
  .map(([before, minor, code, reason, { headers, body: text }, others, seed]) => {
    const all = [...others]
    for (const header of headers) all.splice(seed % (all.length + 1), 0, header)
    const head = `${before}HTTP/1.${minor} ${code}${reason}\r\n${all.join('')}\r\n`
    return { GET: code === 204 || code === 304 ? head : head + text, HEAD: head }
  })
const method = fc.constantFrom('GET' as const, 'HEAD' as const)

/** One byte of a good answer replaced, taken out, or what follows it cut off. */
const damaged = fc
  .tuple(
    answer,
    fc.nat(),
    fc.constantFrom('replace', 'remove', 'cut'),
    fc.constantFrom('\r', '\n', '\0', ' ', ':', 'x', '-', '9'),
  )
  .map(([{ GET: text }, seed, how, byte]) => {
    const at = seed % text.length
    return text.slice(0, at) + (how === 'replace' ? byte : '') + (how === 'cut' ? '' : text.slice(at + 1))
  })

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 })

describe('an answer, split anywhere, is read', { timeout: 60_000 }, () => {
  it('as Node reads it', async () => {
    await fc.assert(
      fc.asyncProperty(answer, sizes, method, async (answers, parts, verb) => {
        const bytes = Buffer.from(answers[verb], 'latin1')
        expect(ours(bytes, parts, verb)).toEqual(await nodes(bytes, verb))
      }),
      { numRuns: 300 },
    )
  })

  it('the same however it is split, whole or damaged', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          answer.map(({ GET }) => GET),
          damaged,
        ),
        sizes,
        method,
        (text, parts, verb) => {
          const bytes = Buffer.from(text, 'latin1')
          expect(ours(bytes, parts, verb)).toEqual(ours(bytes, [], verb))
          expect(
            ours(
              bytes,
              Array.from(bytes, () => 1),
              verb,
            ),
          ).toEqual(ours(bytes, [], verb))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('never as good with another status or body than Node reads when it is damaged', async () => {
    await fc.assert(
      fc.asyncProperty(damaged, sizes, async (text, parts) => {
        const bytes = Buffer.from(text, 'latin1')
        const found = ours(bytes, parts, 'GET')
        const theirs = await nodes(bytes, 'GET')
        if (typeof found.result === 'number' && typeof theirs.result === 'number') expect(found).toEqual(theirs)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a connection', () => {
  const read = (text: string, verb = 'GET') => {
    const reader = createResponseReader()
    reader.begin(verb === 'HEAD', null)
    const bytes = Buffer.from(text, 'latin1')
    const progress = reader.push(bytes, bytes.length)
    return { progress, reusable: reader.reusable, idleMs: reader.idleMs }
  }
  const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n'

  it.each([
    ['is kept after a whole answer', `${ok}\r\nok`, true],
    ['is not when the server says so', `${ok}Connection: Close\r\n\r\nok`, false],
    ['is not with HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', false],
    ['is with HTTP/1.0 that says so', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok', true],
    ['is not when bytes follow that nobody asked for', `${ok}\r\nokHTTP/1.1 200 OK\r\n`, false],
    ['is not after another protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', false],
  ])('%s', (_name, text, reusable) => {
    expect(read(text)).toMatchObject({ progress: 'done', reusable })
  })

  it('is kept idle as long as the server says', () => {
    expect(read(`${ok}Keep-Alive: timeout=5, max=100\r\n\r\nok`).idleMs).toBe(5000)
    expect(read(`${ok}\r\nok`).idleMs).toBeNull()
  })

  it.each([
    ['two lengths', `${ok}Content-Length: 2\r\n\r\nok`],
    ['a length and chunks', `${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok'],
    ['a bare line feed', 'HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok'],
    ['a chunk without size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n;x\r\n'],
    ['a chunk of more than 2^52 bytes', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'f'.repeat(14)}\r\n`],
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(17_000)}`],
    ['a chunk extension without end', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(17_000)}`],
    ['a trailer without end', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'x'.repeat(17_000)}`],
  ])('is given up at %s', (_name, text) => {
    expect(read(text).progress).toBe('bad')
  })
})
