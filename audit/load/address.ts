import { lookup } from 'node:dns/promises'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls'
import { hideSecrets, sanitizeText } from '../../probes/index.ts'
import { LoadError } from './load-error.ts'
import { classOf } from './outcome.ts'
import type { LoadOptions } from './protocol.ts'

type Destination = Pick<LoadOptions, 'url' | 'protocol' | 'tls' | 'timeoutMs'>

/** What a connection is opened with; made once, for the authorities of a secure context are dear to read. */
export interface Endpoint {
  to: { host: string; port: number }
  /** null: no TLS */
  tls: {
    secureContext: SecureContext
    rejectUnauthorized: boolean
    ALPNProtocols: string[]
    servername?: string
  } | null
}

export function endpointOf(address: string, { url: text, protocol, tls }: Omit<Destination, 'timeoutMs'>): Endpoint {
  const url = new URL(text)
  const to = { host: address, port: portOf(url) }
  if (url.protocol === 'http:') return { to, tls: null }
  const name = tls.serverName ?? hostOf(url)
  return {
    to,
    tls: {
      secureContext: createSecureContext(tls.ca === null ? {} : { ca: tls.ca }),
      rejectUnauthorized: tls.verify,
      ALPNProtocols: [protocol],
      // TLS names hosts, not addresses (RFC 6066, section 3).
      ...(isIP(name) ? {} : { servername: name }),
    },
  }
}

/**
 * Resolves the target's name once, so that name resolution is not measured, and keeps the first address that accepts a
 * connection, and with https one that is secure. Throws LoadError `target_unreachable`, or `tls_failed`.
 *
 * @param known its addresses, where they have been resolved before: no other is connected to
 */
export async function resolveTarget(destination: Destination, known?: readonly string[]): Promise<string> {
  const url = new URL(destination.url)
  const addresses = known ?? (await addressesOfHost(hostOf(url)))
  const causes: string[] = []
  for (const address of addresses) {
    const endpoint = endpointOf(address, destination)
    const error = await tryConnect(endpoint, destination)
    if (error === null) return address
    if (error instanceof LoadError) throw error
    if ('code' in error && error.code === 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL')
      throw wrongProtocol(url, destination.protocol)
    if (classOf(error) === 'tls')
      throw new LoadError(
        'tls_failed',
        // A server's certificate is in it.
        `no secure connection to ${url.host}: ${shown(error)}`,
        'name the authority that signed the certificate (load.tls.ca), or take any certificate (load.tls.verify: false)',
        error,
      )
    causes.push(`${address}: ${shown(error)}`)
  }
  throw new LoadError(
    'target_unreachable',
    `cannot connect to ${url.host}: ${causes.join(', ') || 'the name has no address'}`,
    'start the target first, or correct the url',
  )
}

export const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, '$1')
export const portOf = ({ port, protocol }: URL): number => Number(port || (protocol === 'https:' ? 443 : 80))

/** @throws LoadError `target_unreachable` */
export async function addressesOfHost(host: string): Promise<string[]> {
  if (isIP(host)) return [host]
  try {
    return (await lookup(host, { all: true })).map((entry) => entry.address)
  } catch (error) {
    const cause = shown(error instanceof Error ? error : new Error(String(error)))
    throw new LoadError('target_unreachable', `cannot resolve ${host}: ${cause}`, 'correct the url', error)
  }
}

/** What a server, a certificate or a resolver has a part in, safe to show. */
const shown = (error: Error): string => sanitizeText(hideSecrets(error.message), { maxLength: LONGEST_CAUSE })
const LONGEST_CAUSE = 400

function tryConnect(endpoint: Endpoint, { url, protocol, timeoutMs }: Destination): Promise<Error | null> {
  // A server that knows nothing of ALPN speaks HTTP/1.1.
  const agreed = (socket: Socket): boolean =>
    protocol === 'http/1.1' || ('alpnProtocol' in socket && socket.alpnProtocol === protocol)
  return new Promise((resolve) => {
    const socket: Socket = endpoint.tls
      ? connectTls({ ...endpoint.to, ...endpoint.tls }, () =>
          end(agreed(socket) ? null : wrongProtocol(new URL(url), protocol)),
        )
      : connectTcp(endpoint.to, () => end(null))
    const end = (cause: Error | null) => {
      socket.destroy()
      resolve(cause)
    }
    socket.setTimeout(timeoutMs, () => end(new Error(`no answer within ${timeoutMs} ms`)))
    socket.once('error', end)
  })
}

function wrongProtocol(url: URL, protocol: Destination['protocol']): LoadError {
  const [name, fix] = protocol === 'h2' ? ['HTTP/2', 'http/1.1'] : ['HTTP/1.1', 'h2']
  return new LoadError('target_unreachable', `${url.host} does not speak ${name}`, `load.protocol: ${fix}`)
}
