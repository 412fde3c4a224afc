import { createServer } from 'node:net'
import { createEngine } from './engine.ts'
import { http1Opener } from './http1.ts'
import type { LoadOptions } from './protocol.ts'
import { prepareRequests } from './request.ts'

/** Long enough for the compiler: later rounds get no faster (measured: 1500 requests). */
const REHEARSAL = { fromRps: 2_000, toRps: 8_000, durationMs: 300 }
const ANSWER = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')

/**
 * Runs a little load against a server of its own, so that the engine's code is compiled before the first request that
 * counts: without it the first 0.1 to 0.4 s of a load have latencies of 45 to 360 ms that are the generator's own. On a
 * Unix socket, so that no counter of TCP moves.
 */
export async function rehearse(options: LoadOptions): Promise<void> {
  const path = `\0probe-rehearsal-${process.pid}`
  const server = createServer((socket) => {
    socket.on('data', () => socket.write(ANSWER))
    socket.on('error', () => undefined) // the other side is ours, and gives up when it is done
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const plain: LoadOptions = {
    ...options,
    url: 'http://rehearsal.invalid/',
    connections: 8,
    keepAlive: true,
    requests: options.requests.map((request) => ({
      ...request,
      method: 'GET',
      expect: { status: [], bodyIncludes: null },
    })),
    shard: { index: 0, of: 1 },
  }
  await new Promise<void>((resolve) => {
    const engine = createEngine(
      plain,
      prepareRequests(plain),
      http1Opener({ to: { path }, tls: null }, plain),
      (report) => {
        if (report.type === 'drained') resolve()
      },
    )
    engine.startPhase({ id: 0, rates: REHEARSAL, discard: true, startNs: process.hrtime.bigint() })
    setTimeout(() => {
      engine.stop()
      resolve()
    }, REHEARSAL.durationMs * 4).unref()
  })
  server.close()
}
