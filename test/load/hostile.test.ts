import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type GeneratorOptions, startGenerator } from '../../audit/load/generator.ts'
import { httpServer, listening, tcpServer } from './servers.ts'

async function started(options: GeneratorOptions) {
  const generator = await startGenerator(options)
  onTestFinished(() => generator.stop())
  return generator
}

/** One phase to its last answer. */
async function totalsOf(options: GeneratorOptions, rps: number, durationMs: number) {
  const generator = await started(options)
  const { drained } = await generator.runPhase({ id: 1, rates: { fromRps: rps, toRps: rps, durationMs } })
  return drained
}

async function residentKib(pid: number): Promise<number> {
  return Number(/^VmHWM:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1])
}

describe('a target that', { timeout: 30_000 }, () => {
  it('redirects in a circle has answered: nothing is followed', async () => {
    const server = await httpServer((_, response) => response.writeHead(302, { location: '/again' }).end())
    expect(await totalsOf({ url: server.url }, 100, 500)).toEqual({ planned: 50, sent: 50, done: 50, errors: {} })
    expect(server.requests).toBe(50)
  })

  it('redirects where another status is expected fails', async () => {
    const server = await httpServer((_, response) => response.writeHead(302, { location: '/again' }).end())
    const requests = [{ path: '/', expect: { status: [200] } }]
    expect(await totalsOf({ url: server.url, requests }, 100, 200)).toMatchObject({ errors: { status: 20 } })
  })

  it('answers a byte at a time and never ends is a timeout, and its connection is closed', async () => {
    let closed = 0
    const server = await tcpServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX: ')
      const drip = setInterval(() => socket.write('x'), 10)
      socket.on('close', () => {
        clearInterval(drip)
        closed++
      })
    })
    const options = { url: server.url, connections: 30, timeoutMs: 300 }
    expect(await totalsOf(options, 100, 300)).toMatchObject({ planned: 30, done: 30, errors: { timeout: 30 } })
    await expect.poll(() => closed).toBe(30)
  })

  it.each([
    ['sends a head without end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(100_000)}`],
    [
      'sends a chunk without end of its size',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'0'.repeat(100_000)}`,
    ],
  ])('%s fails as body', async (_name, bytes) => {
    const server = await tcpServer((socket) => socket.write(bytes))
    expect(await totalsOf({ url: server.url, connections: 20 }, 50, 400)).toMatchObject({
      done: 20,
      errors: { body: 20 },
    })
  })

  it('closes in the middle of a body fails as reset', async () => {
    const server = await tcpServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'))
    expect(await totalsOf({ url: server.url, connections: 20 }, 50, 400)).toMatchObject({
      done: 20,
      errors: { reset: 20 },
    })
  })

  it('closes each connection after its answer is served all the same', async () => {
    const server = await httpServer((_, response) => response.setHeader('connection', 'close').end('ok'))
    expect(await totalsOf({ url: server.url }, 100, 500)).toEqual({ planned: 50, sent: 50, done: 50, errors: {} })
    expect(server.connections).toBe(51)
  })

  it('answers with 100 MB costs no memory, and the text at its end is found', async () => {
    const part = Buffer.alloc(1024 * 1024, 'x')
    const server = await httpServer((_, response) => {
      let left = 100
      const more = (): void => {
        while (left > 0) if (!response.write(left-- === 1 ? `${'x'.repeat(100)}needle` : part)) return
        response.end()
      }
      response.on('drain', more)
      more()
    })
    const requests = [{ path: '/', expect: { bodyIncludes: 'needle' } }]
    const generator = await started({ url: server.url, connections: 2, requests, timeoutMs: 20_000 })
    const before = await residentKib(generator.pids[0] ?? 0)
    const rates = { fromRps: 10, toRps: 10, durationMs: 300 }
    const { drained } = await generator.runPhase({ id: 1, rates })
    expect(await drained).toEqual({ planned: 3, sent: 3, done: 3, errors: {} })
    expect((await residentKib(generator.pids[0] ?? 0)) - before).toBeLessThan(30 * 1024)
  })

  it('goes away and comes back is refused in between only', async () => {
    const answer = () => createServer((_, response) => response.end('ok'))
    const first = await listening(answer())
    const generator = await started({ url: first.url, connections: 5 })
    const rates = { fromRps: 100, toRps: 100, durationMs: 300 }
    const phase = async (id: number) => (await generator.runPhase({ id, rates })).drained
    expect(await phase(1)).toMatchObject({ done: 30, errors: {} })
    await first.close()
    expect(await phase(2)).toMatchObject({ done: 30, errors: { connect_refused: 30 } })
    await listening(answer(), Number(new URL(first.url).port))
    expect(await phase(3)).toMatchObject({ done: 30, errors: {} })
  })

  it('goes away after the load harms nothing', async () => {
    const server = await httpServer()
    const generator = await started({ url: server.url, connections: 5 })
    await (await generator.runPhase({ id: 1, rates: { fromRps: 100, toRps: 100, durationMs: 200 } })).drained
    await server.close()
    const idle = await generator.runPhase({ id: 2, rates: { fromRps: 0, toRps: 0, durationMs: 100 } })
    expect(await idle.drained).toEqual({ planned: 0, sent: 0, done: 0, errors: {} })
  })
})

it('a load that cannot be written is refused with its reason', async () => {
  const requests = [{ path: '/', headers: { a: 'b\nc' } }]
  await expect(startGenerator({ url: 'http://127.0.0.1:1/', requests })).rejects.toMatchObject({
    code: 'bad_options',
    message: expect.stringMatching(/header value/),
  })
})
