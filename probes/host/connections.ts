import { socketsOf } from './listeners.ts'
import { readTableText } from './table-text.ts'

/** A TCP socket that does not listen, as /proc/net/tcp and tcp6 tell. */
export interface Connection {
  localPort: number
  remotePort: number
  /** of the socket's file; 0: no process has it, as one that waits to be accepted, or was closed and still sends */
  inode: number
  /** as the table has it: include/net/tcp_states.h */
  state: string
}

/** How a connection is told from others of its network namespace: by both ports, local first. */
export const connectionKey = (localPort: number, remotePort: number): string => `${localPort}>${remotePort}`

/** Keys of the connections that these processes hold now. The tables and all their descriptors are walked through: once. */
export function connectionsOf(pids: readonly number[], netnsPid: number): ReadonlySet<string> {
  const held = socketsOf(pids)
  const own = readConnections(netnsPid).connections.filter(({ inode }) => held.has(inode))
  return new Set(own.map(({ localPort, remotePort }) => connectionKey(localPort, remotePort)))
}

/**
 * Tells whether a connection waits in an accept queue now: it is open (or was closed by its client alone), and no process
 * has it. `null`: there are too many to tell. The tables are read when the first is asked for.
 */
export function createQueueReader(netnsPid: number): (localPort: number, remotePort: number) => boolean | null {
  let known: { waiting: ReadonlySet<string>; isWhole: boolean } | null = null
  return (localPort, remotePort) => {
    known ??= waitingIn(readConnections(netnsPid))
    return known.waiting.has(connectionKey(localPort, remotePort)) ? true : known.isWhole ? false : null
  }
}

export const waitingIn = ({ connections, isWhole }: ReturnType<typeof readConnections>) => ({
  waiting: new Set(
    connections
      .filter(({ inode, state }) => inode === 0 && QUEUED.has(state))
      .map(({ localPort, remotePort }) => connectionKey(localPort, remotePort)),
  ),
  isWhole,
})

/** established, or closed by the client: one that was accepted and closed is in other states */
const QUEUED = new Set(['01', '08'])

/** All connections of a process's network namespace, but no more than can be read in a moment: then `isWhole` is false. */
export function readConnections(netnsPid: number): { connections: Connection[]; isWhole: boolean } {
  const found: Connection[] = []
  const ends = ['tcp', 'tcp6'].map((table) =>
    readTableText(`/proc/${netnsPid}/net/${table}`, { most: LARGEST_BYTES }, (lines) => {
      for (const connection of parseConnections(lines)) found.push(connection)
      return true
    }),
  )
  // Without IPv6 there is no second.
  return { connections: found, isWhole: ends[0] === 'whole' && ends[1] !== 'cut' }
}

/** Parses what does not listen of /proc/net/tcp or tcp6 (Documentation/networking/proc_net_tcp.rst). */
export function parseConnections(text: string): Connection[] {
  return text.split('\n').flatMap((line) => {
    const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/)
    const [localPort, remotePort] = [portOf(local), portOf(remote)]
    if (localPort === null || remotePort === null || state === LISTEN || !/^\d+$/.test(inode ?? '')) return []
    return [{ localPort, remotePort, inode: Number(inode), state: state ?? '' }]
  })
}

const LISTEN = '0A' // TCP_LISTEN, include/net/tcp_states.h
/** of each table: 55 000 connections of IPv4 */
const LARGEST_BYTES = 8 * 2 ** 20

function portOf(end: string | undefined): number | null {
  const port = /^[0-9A-F]+:([0-9A-F]{4})$/.exec(end ?? '')?.[1]
  return port === undefined ? null : Number.parseInt(port, 16)
}
