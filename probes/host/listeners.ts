import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs'
import { netnsInode } from './netns.ts'
import { listPids } from './process.ts'

/** A TCP socket in state LISTEN, as far as /proc/net/tcp and tcp6 tell. */
export interface Listener {
  port: number
  /** of the socket; unique on the host, the same in every process that shares it */
  inode: number
  /** connections established and not yet accepted (Recv-Q of `ss -ltn`), now */
  recvQ: number
  /** the backlog in force (Send-Q of `ss -ltn`): /proc does not tell it, so `null` until another source does */
  limit: number | null
}

/** TCP ports the processes listen on, ascending. Sockets whose owner may not be looked at are not seen. */
export const listeningPorts = (pids: readonly number[]): number[] =>
  [...new Set(listenersOf(pids).map((listener) => listener.port))].sort((a, b) => a - b)

/**
 * The listening sockets held by the processes, each once. Walks all their file descriptors: sample queues with
 * `readListeners` and the inodes found here.
 */
export function listenersOf(pids: readonly number[]): Listener[] {
  const held = new Set(pids.flatMap(socketInodes))
  const found = new Map<number, Listener>()
  for (const pid of onePidPerNetns(pids))
    for (const listener of readListeners(pid)) if (held.has(listener.inode)) found.set(listener.inode, listener)
  return [...found.values()].sort((a, b) => a.port - b.port || a.inode - b.inode)
}

/** All listening TCP sockets of the network namespace of `pid`; empty when it is gone. Cheap whatever else is connected. */
export function readListeners(pid: number): Listener[] {
  return ['tcp', 'tcp6'].flatMap((table) => parseListeners(readUntilConnected(`/proc/${pid}/net/${table}`)))
}

/** Parses the LISTEN lines of /proc/net/tcp or tcp6 (Documentation/networking/proc_net_tcp.rst). */
export function parseListeners(text: string): Listener[] {
  const listeners: Listener[] = []
  for (const line of text.split('\n')) {
    const [, local, , state, queues, , , , , inode] = line.trim().split(/\s+/)
    if (state !== LISTEN || local === undefined || queues === undefined || inode === undefined) continue
    listeners.push({
      port: Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16),
      inode: Number(inode),
      recvQ: Number.parseInt(queues.slice(queues.indexOf(':') + 1), 16),
      limit: null,
    })
  }
  return listeners
}

/** Who listens on a port, in every network namespace that can be seen. */
export interface PortHolders {
  /** processes that hold such a socket, ascending */
  pids: number[]
  /** whether anybody listens: with no pids, the holder is another user's */
  isOpen: boolean
}

/** Finds the processes that hold a listening socket on a TCP port. Walks /proc once. */
export function holdersOf(port: number): PortHolders {
  const pids = listPids()
  const inodes = new Set(
    onePidPerNetns(pids).flatMap((pid) =>
      readListeners(pid).flatMap((listener) => (listener.port === port ? [listener.inode] : [])),
    ),
  )
  if (inodes.size === 0) return { pids: [], isOpen: false }
  return { pids: pids.filter((pid) => socketInodes(pid).some((inode) => inodes.has(inode))), isOpen: true }
}

const LISTEN = '0A' // TCP_LISTEN, include/net/tcp_states.h

/** One process to look through for each namespace; where namespaces cannot be told apart, the first stands for them. */
function onePidPerNetns(pids: readonly number[]): number[] {
  const byNamespace = new Map<number | null, number>()
  for (const pid of pids) {
    const inode = netnsInode(pid)
    if (!byNamespace.has(inode)) byNamespace.set(inode, pid)
  }
  return [...byNamespace.values()]
}

function socketInodes(pid: number): number[] {
  const directory = `/proc/${pid}/fd`
  const inodes: number[] = []
  try {
    for (const fd of readdirSync(directory)) {
      const match = SOCKET.exec(linkOf(`${directory}/${fd}`))
      if (match) inodes.push(Number(match[1]))
    }
  } catch {
    // Gone, or another user's: what it holds stays unknown, which `isOpen` shows.
  }
  return inodes
}

const SOCKET = /^socket:\[(\d+)\]$/

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // closed since it was listed
  }
}

/** The kernel lists listening sockets before all others (net/ipv4/tcp_ipv4.c): reading stops at the first of those. */
function readUntilConnected(path: string): string {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return '' // gone, or no IPv6
  }
  try {
    const chunk = Buffer.alloc(65_536)
    let text = ''
    for (;;) {
      const length = readSync(fd, chunk)
      text += chunk.toString('latin1', 0, length)
      const lastLine = text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1) ?? ''
      const state = lastLine.trim().split(/\s+/)[3]
      if (length === 0 || (state !== LISTEN && state !== HEADING_STATE)) return text
    }
  } catch {
    return ''
  } finally {
    closeSync(fd)
  }
}

const HEADING_STATE = 'st'
