import { lookup } from 'node:dns/promises'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Client } from 'undici'
import { LoadError } from './load-error.ts'
import { classOf, type Outcome, outcomeOf } from './outcome.ts'
import type { LoadOptions } from './protocol.ts'

/** One connection's worth of load: at most one request at a time, no pipelining. */
export interface Connection {
  /** Sends the request. `onOutcome` once, then `onFree` once, when the next request may be sent. */
  send(onOutcome: (outcome: Outcome) => void, onFree: () => void): void
  /** Gives the request under way up, in whatever state it is; its callbacks follow. */
  abort(): void
}

/** Opens connections to one address. Nothing happens on the network before the first `send`. */
export type OpenConnection = () => Connection

/**
 * Resolves the target's name once, so that name resolution is not measured, and keeps the first address that accepts a
 * connection. Throws LoadError `target_unreachable`.
 */
export async function resolveTarget(url: URL, timeoutMs: number): Promise<string> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const addresses = isIP(host) ? [host] : await addressesOf(host)
  const causes: string[] = []
  for (const address of addresses) {
    const cause = await tryConnect(address, portOf(url), timeoutMs)
    if (cause === null) return address
    causes.push(`${address}: ${cause}`)
  }
  throw new LoadError(
    'target_unreachable',
    `cannot connect to ${url.host}: ${causes.join(', ') || 'the name has no address'}`,
    'start the target first, or correct the url',
  )
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map((entry) => entry.address)
  } catch (error) {
    throw new LoadError('target_unreachable', `cannot resolve ${host}: ${textOf(error)}`, 'correct the url', error)
  }
}

function tryConnect(address: string, port: number, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host: address, port })
    const end = (cause: string | null) => {
      socket.destroy()
      resolve(cause)
    }
    socket.setTimeout(timeoutMs, () => end(`no answer within ${timeoutMs} ms`))
    socket.once('connect', () => end(null))
    socket.once('error', (error) => end(textOf(error)))
  })
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
const portOf = (url: URL): number => Number(url.port || (url.protocol === 'https:' ? 443 : 80))

/** Prepares connections to `address`; one undici Client each, so that scheduling stays ours. */
export function connectionsTo(address: string, options: LoadOptions): OpenConnection {
  const url = new URL(options.url)
  const perRequest = options.mode === 'per-request'
  const request = {
    method: options.method,
    path: options.path ?? url.pathname + url.search,
    headers: options.headers,
    body: options.body ?? null,
    reset: perRequest,
  }
  return () => {
    let socket: Socket | null = null
    const client = new Client(url.origin, {
      // Deadlines count from the intended start and are kept by the engine.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 600_000,
      connect: (_target, callback) => {
        socket = openSocket(address, url)
        socket.setNoDelay(true)
        const opened = socket
        let settled = false
        const settle = (error: Error | null) => {
          if (settled) return
          settled = true
          if (error) callback(error, null)
          else callback(null, opened)
        }
        opened.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => settle(null))
        opened.on('error', settle)
      },
    })
    const send: Connection['send'] = (onOutcome, onFree) => {
      let status = 0
      let body = ''
      const settle = (outcome: Outcome) => {
        onOutcome(outcome)
        // A connection per request is free when its old socket is gone: the next one connects anew at once.
        if (perRequest && socket && !socket.closed) socket.once('close', onFree)
        else onFree()
      }
      client.dispatch(request, {
        onRequestStart: () => {},
        onResponseStart: (_controller, statusCode) => {
          status = statusCode
        },
        onResponseData: (_controller, chunk) => {
          if (options.expect.bodyIncludes !== undefined) body += chunk.toString()
        },
        onResponseEnd: () => settle(outcomeOf(status, body, options.expect)),
        onResponseError: (_controller, error) => settle(classOf(error)),
      })
    }
    return { send, abort: () => socket?.destroy(new LoadError('given_up', 'the request was given up')) }
  }
}

function openSocket(address: string, url: URL): Socket {
  const port = portOf(url)
  if (url.protocol === 'http:') return connectTcp({ host: address, port })
  const servername = isIP(url.hostname) ? undefined : url.hostname
  return connectTls({ host: address, port, ALPNProtocols: ['http/1.1'], ...(servername ? { servername } : {}) })
}
