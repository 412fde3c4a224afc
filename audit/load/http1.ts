import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Endpoint } from './address.ts'
import type { Connection, Opener } from './connection.ts'
import { classOf, type Outcome, outcomeOf } from './outcome.ts'
import type { LoadOptions } from './protocol.ts'
import { http1Bytes, type PreparedRequest } from './request.ts'
import { createResponseReader } from './response-reader.ts'

/**
 * All connections read into this one buffer: the bytes are consumed before the callback returns. A body of any size costs
 * no memory, and an answer no allocation.
 */
const received = Buffer.allocUnsafe(64 * 1024)

/** A server that says it keeps idle connections for N seconds is believed, less this: the close may be on its way. */
const IDLE_MARGIN_MS = 500

/**
 * HTTP/1.1 on plain sockets, without pipelining and without following redirects. A quarter to a half of what the load
 * costs by a general client goes into what a load does not need: `npm run bench -- load` compares.
 */
export function http1Opener(endpoint: Endpoint, options: LoadOptions): Opener {
  const host = new URL(options.url).host
  const bytesOf = new Map<PreparedRequest, Buffer>()
  const bytesFor = (request: PreparedRequest): Buffer => {
    const known = bytesOf.get(request)
    if (known) return known
    const bytes = http1Bytes(request, host, options.keepAlive)
    bytesOf.set(request, bytes)
    return bytes
  }
  const kept = Math.min(options.connections, options.maxInFlight)
  return {
    limit: options.keepAlive ? kept : options.maxInFlight,
    toWarm: options.keepAlive ? kept : 1,
    open: (onOutcome, onFree) => openConnection(endpoint, options.keepAlive, bytesFor, onOutcome, onFree),
  }
}

function openConnection(
  endpoint: Endpoint,
  keepAlive: boolean,
  bytesFor: (request: PreparedRequest) => Buffer,
  onOutcome: (outcome: Outcome) => void,
  onFree: () => void,
): Connection {
  const reader = createResponseReader()
  let socket: Socket | null = null
  let request: PreparedRequest | null = null
  let usableUntilMs = Number.POSITIVE_INFINITY

  function settle(outcome: Outcome, reusable: boolean): void {
    if (!request) return
    request = null
    const used = socket
    if (!reusable) {
      socket = null
      used?.destroy()
    } else usableUntilMs = reader.idleMs === null ? Infinity : performance.now() + reader.idleMs - IDLE_MARGIN_MS
    onOutcome(outcome)
    // A connection per request is free when its old socket is gone: the next one connects anew at once.
    if (!keepAlive && used && !used.closed) used.once('close', onFree)
    else onFree()
  }

  function take(length: number): void {
    if (!request) {
      // Bytes that nobody asked for: what comes next on this connection could be anybody's answer.
      if (socket) lose(socket)
      return
    }
    const progress = reader.push(received, length)
    if (progress === 'bad') settle('body', false)
    else if (progress === 'done') answer(reader.reusable && keepAlive && socket?.writableLength === 0)
  }

  function answer(reusable: boolean): void {
    settle(outcomeOf(reader.status, request?.expected ?? [], reader.found), reusable)
  }

  /** The next request connects anew, unless one has done so already. */
  function lose(lost: Socket): void {
    lost.destroy()
    if (socket === lost) socket = null
  }

  function connect(): Socket {
    const opened = openSocket(endpoint, (length) => {
      if (socket === opened) take(length)
      return true
    })
    opened.on('end', () => {
      if (socket !== opened) return
      if (request && reader.end() === 'done') answer(false)
      else settle('reset', false)
      lose(opened)
    })
    opened.on('error', (error) => {
      if (socket === opened) settle(classOf(error), false)
      lose(opened)
    })
    opened.on('close', () => {
      if (socket === opened) settle('reset', false)
      lose(opened)
    })
    return opened
  }

  return {
    send: (next) => {
      request = next
      reader.begin(next.method === 'HEAD', next.needle)
      if (socket && performance.now() > usableUntilMs) lose(socket)
      socket ??= connect()
      socket.write(bytesFor(next))
    },
    abort: () => socket?.destroy(),
  }
}

function openSocket({ to, tls }: Endpoint, callback: (length: number) => boolean): Socket {
  const options = { ...to, noDelay: true, onread: { buffer: received, callback } }
  return tls ? connectTls({ ...options, ...tls }).setNoDelay(true) : connectTcp(options)
}
