import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { createServer as createTcp, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

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

/** A plain HTTP server on loopback in a process of its own, that a test may stop; killed when the test ends. */
export async function serverProcess(): Promise<{ pid: number; url: string }> {
  const source = `const server = require('node:http').createServer((_, response) => response.end('ok'))
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const child = spawn(process.execPath, ['--eval', source])
  onTestFinished(() => void child.kill('SIGKILL'))
  const [port] = await once(createInterface({ input: child.stdout }), 'line')
  return { pid: child.pid ?? 0, url: `http://127.0.0.1:${port}/` }
}

async function listening(server: Server): Promise<TestServer> {
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
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  state.url = `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}/`
  onTestFinished(state.close)
  return state
}
