import {
  createServer as createHttp2,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import { createServer as createHttps } from 'node:https'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type GeneratorOptions, startGenerator } from '../../audit/load/generator.ts'
import { listening, makeCertificate } from './servers.ts'

const certificate = makeCertificate()
const other = makeCertificate()
const LACK = 'needs openssl(1) to make a certificate'

async function run(options: GeneratorOptions, rps = 100, durationMs = 300) {
  const generator = await startGenerator({ connections: 5, ...options })
  onTestFinished(() => generator.stop())
  await generator.warmUp()
  const { drained } = await generator.runPhase({ id: 1, rates: { fromRps: rps, toRps: rps, durationMs } })
  return drained
}

describe('TLS', { timeout: 20_000 }, () => {
  const start = async (pair: { key: string; cert: string }) => {
    const server = createHttps(pair, (_, response) => response.end('ok'))
    return { server, ...(await listening(server, 0, 'https')) }
  }

  it.for([true, false])('is spoken with a certificate that is trusted, keep-alive %s', async (keepAlive, ctx) => {
    if (!certificate) return ctx.skip(LACK)
    const { url } = await start(certificate)
    expect(await run({ url, keepAlive, tls: { ca: certificate.cert } })).toEqual({
      planned: 30,
      sent: 30,
      done: 30,
      errors: {},
    })
  })

  it('takes any certificate when told to', async (ctx) => {
    if (!certificate) return ctx.skip(LACK)
    const { url } = await start(certificate)
    expect(await run({ url, tls: { verify: false } })).toMatchObject({ done: 30, errors: {} })
  })

  it.for([
    ['that nobody known has signed', {}, /self-signed/],
    ['of another name', { ca: certificate?.cert, serverName: 'api.example' }, /altnames/],
  ] as const)('does not begin with a certificate %s', async ([_name, tls, message], ctx) => {
    if (!certificate) return ctx.skip(LACK)
    const { url } = await start(certificate)
    await expect(run({ url, tls })).rejects.toMatchObject({
      code: 'tls_failed',
      message: expect.stringMatching(message),
    })
  })

  it('does not begin with a certificate whose name is made for a terminal, and says so safely', async (ctx) => {
    const hostile = makeCertificate('evil\x1b[31m\x9b\u202e')
    if (!hostile) return ctx.skip(LACK)
    const { url } = await start(hostile)
    const refused = run({ url, tls: { ca: hostile.cert, serverName: 'api.example' } })
    await expect(refused).rejects.toMatchObject({ code: 'tls_failed', message: expect.stringContaining('evil') })
    await refused.catch((error: Error) => expect(error.message).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/))
  })

  it('that fails while the load runs is an error of its own', async (ctx) => {
    if (!certificate || !other) return ctx.skip(LACK)
    const { url, server } = await start(certificate)
    const generator = await startGenerator({ url, keepAlive: false, tls: { ca: certificate.cert } })
    onTestFinished(() => generator.stop())
    server.setSecureContext(other)
    const { drained } = await generator.runPhase({ id: 1, rates: { fromRps: 100, toRps: 100, durationMs: 300 } })
    expect(await drained).toEqual({ planned: 30, sent: 30, done: 30, errors: { tls: 30 } })
  })

  it('is not what a plain server speaks', async (ctx) => {
    if (!certificate) return ctx.skip(LACK)
    const plain = await listening(createHttp2())
    await expect(run({ url: plain.url.replace('http:', 'https:') })).rejects.toMatchObject({
      code: expect.stringMatching(/tls_failed|target_unreachable/),
    })
  })
})

describe('HTTP/2', { timeout: 20_000 }, () => {
  type Answer = (request: Http2ServerRequest, response: Http2ServerResponse) => void
  const start = async (answer: Answer) => {
    const server = createHttp2(answer)
    let sessions = 0
    server.on('session', () => sessions++)
    return { server, sessions: () => sessions, ...(await listening(server)) }
  }

  it('carries many requests at a time over few connections, with their headers, bodies and checks', async () => {
    const seen: string[] = []
    const { url, sessions } = await start((request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      request.on('end', () => {
        seen.push(`${request.method} ${request.authority} ${request.url} ${request.headers['x-a']} ${body}`)
        setTimeout(() => response.end('{"ok":true}'), 100)
      })
    })
    const requests = [
      {
        method: 'POST' as const,
        path: '/p?q',
        headers: { 'X-A': 'b' },
        body: Buffer.from('hello').toString('base64'),
        expect: { bodyIncludes: '"ok":true' },
      },
    ]
    expect(await run({ url, protocol: 'h2', connections: 2, requests }, 500, 400)).toEqual({
      planned: 200,
      sent: 200,
      done: 200,
      errors: {},
    })
    expect(sessions()).toBe(2 + 1) // and the one that proves that the target is there
    expect(seen).toHaveLength(202) // two of them to warm up
    expect(new Set(seen)).toEqual(new Set([`POST ${new URL(url).host} /p?q b hello`]))
  })

  it('opens a connection for each request when told to', async () => {
    const { url, sessions } = await start((_, response) => response.end('ok'))
    expect(await run({ url, protocol: 'h2', keepAlive: false })).toMatchObject({ done: 30, errors: {} })
    expect(sessions()).toBe(30 + 2) // to warm up, and to prove that the target is there
  })

  it.each([
    ['status', (_, response) => response.writeHead(500).end(), {}],
    ['body', (_, response) => response.end('no'), { requests: [{ path: '/', expect: { bodyIncludes: 'yes' } }] }],
    ['reset', (request) => request.stream.close(2), {}],
    ['reset', (request) => request.stream.session?.destroy(), {}],
    ['timeout', () => undefined, { timeoutMs: 200 }],
  ] as [string, Answer, Partial<GeneratorOptions>][])('fails as %s (%#)', async (errorClass, answer, options) => {
    const { url } = await start(answer)
    // One at a time, so that each meets its own fate.
    expect(await run({ url, protocol: 'h2', ...options }, 50, 400)).toMatchObject({
      done: 20,
      errors: { [errorClass]: 20 },
    })
  })

  it('is refused when the target goes away, and served when it is back', async () => {
    const { url, server, close } = await start((_, response) => response.end('ok'))
    const generator = await startGenerator({ url, protocol: 'h2', connections: 2 })
    onTestFinished(() => generator.stop())
    const phase = async (id: number) =>
      (await generator.runPhase({ id, rates: { fromRps: 100, toRps: 100, durationMs: 300 } })).drained
    expect(await phase(1)).toMatchObject({ done: 30, errors: {} })
    await close()
    expect(server.listening).toBe(false)
    expect(await phase(2)).toMatchObject({ done: 30, errors: { connect_refused: 30 } })
    await listening(
      createHttp2((_, response) => response.end('ok')),
      Number(new URL(url).port),
    )
    expect(await phase(3)).toMatchObject({ done: 30, errors: {} })
  })

  it('is agreed on with TLS', async (ctx) => {
    if (!certificate) return ctx.skip(LACK)
    const server = createSecureServer(certificate, (_, response) => response.end('ok'))
    const { url } = await listening(server, 0, 'https')
    expect(await run({ url, protocol: 'h2', tls: { ca: certificate.cert } })).toMatchObject({ done: 30, errors: {} })
  })

  it('does not begin where only HTTP/1.1 is spoken', async (ctx) => {
    if (!certificate) return ctx.skip(LACK)
    const { url } = await listening(createHttps(certificate), 0, 'https')
    await expect(run({ url, protocol: 'h2', tls: { ca: certificate.cert } })).rejects.toMatchObject({
      code: 'target_unreachable',
      message: expect.stringMatching(/does not speak HTTP\/2/),
      fix: 'load.protocol: http/1.1',
    })
  })
})
