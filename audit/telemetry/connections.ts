import os from 'node:os'
import { readTableText } from '../../probes/index.ts'
import { numberOf, readOnce } from './proc-file.ts'
import type { Scope, Source, Values } from './source.ts'

/**
 * TCP connections of the target's network namespace by state, and local ports used up towards each destination:
 * /proc/PID/net/tcp and tcp6. The kernel walks its whole hash of connections for it: dear where there are many.
 */
export const connections: Source = {
  name: 'connections',
  from: '/proc/PID/net/tcp, tcp6',
  every: 10,
  open: openConnections,
}

/** How many connections are in each state, and towards which destinations this side has opened them. */
export interface ConnectionCount {
  /** by state: established, time_wait, ...; listening sockets are not counted */
  states: Map<string, number>
  /** "LOCAL>REMOTE:PORT" in the kernel's hexadecimal -> connections, each of which holds a local port */
  destinations: Map<string, number>
  listening: Set<string>
  lines: number
}

export const createConnectionCount = (): ConnectionCount => ({
  states: new Map(),
  destinations: new Map(),
  listening: new Set(),
  lines: 0,
})

/**
 * Adds whole lines of /proc/net/tcp or tcp6 (Documentation/networking/proc_net_tcp.rst). Those that listen come first:
 * a connection on such a port was opened by the other side, and takes no port of ours.
 */
export function countConnections(text: string, count: ConnectionCount): void {
  let at = 0
  for (let end = text.indexOf('\n', at); end >= 0; at = end + 1, end = text.indexOf('\n', at)) {
    const local = text.indexOf(':', at) + 2
    if (local < 2 || local >= end) continue
    const localEnd = text.indexOf(':', local)
    const remote = localEnd + ' 1234'.length + 1
    const remoteEnd = text.indexOf(':', remote)
    const port = text.slice(localEnd + 1, localEnd + 5)
    const state = STATES.get(text.slice(remoteEnd + 6, remoteEnd + 8))
    if (state === undefined || remoteEnd < 0 || remoteEnd + 8 > end || !PORT.test(port)) continue // the heading, or damaged
    count.lines++
    if (state === 'listen') {
      count.listening.add(port)
      continue
    }
    count.states.set(state, (count.states.get(state) ?? 0) + 1)
    if (state === 'syn_recv' || count.listening.has(port)) continue
    const key = `${text.slice(local, localEnd)}>${text.slice(remote, remoteEnd + 5)}`
    const known = count.destinations.get(key)
    if (known !== undefined) count.destinations.set(key, known + 1)
    // Looked at when it is new: most lines of a large table are of a destination that is known.
    else if (count.destinations.size < DESTINATIONS_COUNTED && PAIR.test(key)) count.destinations.set(key, 1)
  }
}

/** @param range first and last local port, `null` where the namespace's setting cannot be read */
export function connectionValues(count: ConnectionCount, range: readonly [number, number] | null): Values {
  const values: Values = {}
  for (const state of STATES.values()) if (state !== 'listen') values[state] = count.states.get(state) ?? 0
  const top = [...count.destinations].sort((a, b) => b[1] - a[1]).slice(0, DESTINATIONS_TOLD)
  // A port is used up per pair of addresses and remote port, not per host: the fullest such set speaks for all.
  values['ports_used'] = top[0]?.[1] ?? 0
  if (range) values['ports_limit'] = range[1] - range[0] + 1
  for (const [key, ports] of top) {
    const name = `to ${nameOf(key)}`
    values[name] = Math.max(ports, values[name] ?? 0)
  }
  return values
}

/** Bounds for tables of any size; beyond, the sample is unknown rather than wrong. */
const LINES_READ = 500_000
const DESTINATIONS_COUNTED = 20_000
const DESTINATIONS_TOLD = 5
/** of tcp6, the longer */
const LINE_BYTES = 180
const PORT = /^[0-9A-F]{4}$/
/** two addresses of one family, and the port of the second */
const PAIR = /^(?:[0-9A-F]{8}>[0-9A-F]{8}|[0-9A-F]{32}>[0-9A-F]{32}):[0-9A-F]{4}$/
// include/net/tcp_states.h
const STATES: ReadonlyMap<string, string> = new Map([
  ['01', 'established'],
  ['02', 'syn_sent'],
  ['03', 'syn_recv'],
  ['04', 'fin_wait1'],
  ['05', 'fin_wait2'],
  ['06', 'time_wait'],
  ['08', 'close_wait'],
  ['09', 'last_ack'],
  ['0A', 'listen'],
  ['0B', 'closing'],
])

function openConnections({ target, isOwnNetns }: Scope) {
  const [first, last] =
    (isOwnNetns ? readOnce('/proc/sys/net/ipv4/ip_local_port_range') : '')?.split(/\s+/).map(numberOf) ?? []
  const range = typeof first === 'number' && typeof last === 'number' ? ([first, last] as const) : null
  const tables = [`/proc/${target.netnsPid}/net/tcp`, `/proc/${target.netnsPid}/net/tcp6`]
  return {
    read: () => {
      const count = createConnectionCount()
      const take = (lines: string) => {
        countConnections(lines, count)
        return count.lines < LINES_READ
      }
      const ends = tables.map((table) => readTableText(table, { most: LINES_READ * LINE_BYTES }, take))
      const isWhole = ends.includes('whole') && ends.every((end) => end === 'whole' || end === null)
      return isWhole ? connectionValues(count, range) : null
    },
    close: () => undefined,
  }
}

/** "0100007F>0100007F:1F90" -> "127.0.0.1:8080" */
function nameOf(key: string): string {
  const [address = '', port = ''] = key.slice(key.indexOf('>') + 1).split(':')
  const text = addressOf(address)
  return `${text.includes(':') ? `[${text}]` : text}:${Number.parseInt(port, 16)}`
}

/** The kernel prints addresses as 32-bit numbers of the machine's byte order. */
export function addressOf(hex: string, endianness = os.endianness()): string {
  const bytes = Buffer.from(hex, 'hex')
  if (endianness === 'LE') bytes.swap32()
  const isMapped = bytes.length === 16 && bytes.subarray(0, 12).toString('hex') === `${'0'.repeat(20)}ffff`
  if (bytes.length === 4 || isMapped) return [...bytes.subarray(-4)].join('.')
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16))
  return shortest(groups)
}

/** RFC 5952: the longest run of zeros becomes "::". */
function shortest(groups: readonly string[]): string {
  const text = groups.join(':')
  const runs = [...text.matchAll(/(?:^|(?<=:))0(?::0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length)
  const [longest] = runs
  if (!longest) return text
  const before = text.slice(0, longest.index).replace(/:$/, '')
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, '')
  return `${before}::${after}`
}
