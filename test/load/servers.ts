import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { createServer as createTcp, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { z } from 'zod'

export interface TestServer {
  url: string
  requests: number
  connections: number
  /** arrival of each request, performance.now() */
  arrivals: number[]
  close(): Promise<void>
}

/** An HTTP server on loopback that counts; closed when the test ends. */
export async function httpServer(answer: RequestListener = (_, response) => response.end('{"ok":true}')) {
  const server = createHttp({ keepAliveTimeout: 60_000 }, (request, response) => {
    state.requests++
    state.arrivals.push(performance.now())
    answer(request, response)
  })
  const state = await listening(server)
  return state
}

/** A TCP server on loopback that does `onData` with each connection that asks something. */
export async function tcpServer(onData: (socket: Socket) => void): Promise<TestServer> {
  const server = createTcp((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => {
      state.requests++
      onData(socket)
    })
  })
  const state = await listening(server)
  return state
}

/**
 * A key and a certificate, signed by itself, for 127.0.0.1 and localhost, or of a name that is none; null where there is no
 * openssl(1).
 */
export function makeCertificate(name?: string): { key: string; cert: string } | null {
  const folder = mkdtempSync(join(tmpdir(), 'probe-tls-'))
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')]
  const subject =
    name === undefined
      ? ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
      : ['-utf8', '-subj', `/CN=${name}`]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  try {
    execFileSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  } catch {
    return null // the test says what it lacks
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A plain HTTP server on loopback in a process of its own, that a test may stop; killed when the test ends. */
export async function serverProcess(): Promise<{
  pid: number
  url: string
  /** when it answered each request so far, in order, CLOCK_MONOTONIC ms */
  answeredMs: () => Promise<number[]>
}> {
  const source = `const times = []
    const server = require('node:http').createServer((request, response) => {
      if (request.url === '/times') return response.end(JSON.stringify(times))
      times.push(Number(process.hrtime.bigint()) / 1e6)
      response.end('ok')
    })
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const child = spawn(process.execPath, ['--eval', source])
  onTestFinished(() => void child.kill('SIGKILL'))
  const [port] = await once(createInterface({ input: child.stdout }), 'line')
  const url = `http://127.0.0.1:${port}/`
  const answeredMs = async () => z.array(z.number()).parse(await (await fetch(`${url}times`)).json())
  return { pid: child.pid ?? 0, url, answeredMs }
}

/** Starts a server on loopback, on a port of its choice unless one is given. */
export async function listening(server: Server, port = 0, scheme = 'http'): Promise<TestServer> {
  const sockets = new Set<Socket>()
  const state: TestServer = {
    url: '',
    requests: 0,
    connections: 0,
    arrivals: [],
    close: async () => {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
  server.on('connection', (socket: Socket) => {
    state.connections++
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  state.url = `${scheme}://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}/`
  onTestFinished(state.close)
  return state
}
