import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Endpoint } from './address.ts'
import { type BodySearch, createBodySearch } from './body-search.ts'
import type { Connection, Opener } from './connection.ts'
import { classOf, type Outcome, outcomeOf } from './outcome.ts'
import type { LoadOptions } from './protocol.ts'
import type { PreparedRequest } from './request.ts'

/** What RFC 9113 (section 6.5.2) asks every server to allow; one that allows fewer lets the rest wait. */
const STREAMS_PER_SESSION = 100

/** HTTP/2 by node:http2: `connections` sessions, or one for every request; never server push, never redirects. */
export function http2Opener(endpoint: Endpoint, options: LoadOptions): Opener {
  const origin = new URL(options.url).origin
  const sessions = Array.from({ length: options.keepAlive ? options.connections : 0 }, () =>
    keptSession(endpoint, origin),
  )
  let opened = 0
  return {
    limit: options.keepAlive
      ? Math.min(options.connections * STREAMS_PER_SESSION, options.maxInFlight)
      : options.maxInFlight,
    toWarm: options.keepAlive ? Math.min(options.connections, options.maxInFlight) : 1,
    // Streams take turns on the sessions, so the first ones that are opened open all sessions.
    open: (onOutcome, onFree) =>
      openStream(
        sessions[opened++ % sessions.length] ?? keptSession(endpoint, origin),
        options.keepAlive,
        onOutcome,
        onFree,
      ),
  }
}

/** The session to use now: a new one when the last has ended. */
interface KeptSession {
  current(): ClientHttp2Session
}

function keptSession(endpoint: Endpoint, origin: string): KeptSession {
  let session: ClientHttp2Session | null = null
  return {
    current: () => {
      if (session && !session.closed && !session.destroyed) return session
      const opened = connectHttp2(origin, {
        createConnection: () => openSocket(endpoint),
        settings: { enablePush: false, initialWindowSize: 1 << 20 },
      })
      // The window of the whole connection, which a few large answers would fill otherwise.
      opened.once('connect', () => opened.setLocalWindowSize(1 << 24))
      // Each of its streams tells how it ended.
      opened.on('error', () => undefined)
      // A server that takes leave gets no new streams; those under way go on.
      opened.on('goaway', () => opened.close())
      session = opened
      return opened
    },
  }
}

function openSocket({ to, tls }: Endpoint): Socket {
  return (tls ? connectTls({ ...to, ...tls }) : connectTcp(to)).setNoDelay(true)
}

function openStream(
  kept: KeptSession,
  keepAlive: boolean,
  onOutcome: (outcome: Outcome) => void,
  onFree: () => void,
): Connection {
  let stream: ClientHttp2Stream | null = null

  function send(request: PreparedRequest): void {
    const session = kept.current()
    let status = 0
    let error: unknown = null
    let search: BodySearch | null = null
    const { host, ...headers } = request.headers
    const opened = session.request(
      {
        ...headers,
        ':method': request.method,
        ':path': request.path,
        ...(host === undefined ? {} : { ':authority': host }),
      },
      { endStream: request.body === null },
    )
    stream = opened
    if (request.needle) search = createBodySearch(request.needle)
    opened.on('response', (answer) => {
      status = answer[':status'] ?? 0
    })
    if (search) opened.on('data', (part: Buffer) => search?.feed(part))
    else opened.resume()
    opened.on('error', (cause) => {
      error = cause
    })
    opened.once('close', () => {
      stream = null
      const isWhole = error === null && status > 0 && opened.rstCode === constants.NGHTTP2_NO_ERROR
      onOutcome(
        isWhole
          ? outcomeOf(status, request.expected, search?.found ?? true)
          : error === null
            ? 'reset'
            : classOf(error),
      )
      if (keepAlive || session.destroyed) onFree()
      else {
        session.once('close', onFree)
        session.destroy()
      }
    })
    if (request.body) opened.end(request.body)
  }

  return { send, abort: () => stream?.close(constants.NGHTTP2_CANCEL) }
}
