import { netnsInode } from './netns.ts'
import { createLook, type Look, openFiles } from './open-files.ts'
import { listPids } from './process.ts'
import { readTableText } from './table-text.ts'

/** A TCP socket in state LISTEN, as far as /proc/net/tcp and tcp6 tell. */
export interface Listener {
  port: number
  /** as the table has it: 32-bit words in hex, each in the order of this machine */
  address: string
  /** of the socket; unique on the host, the same in every process that shares it */
  inode: number
  /** where it is listed: tcp (IPv4 alone) or tcp6 (IPv6, mostly IPv4 as well) */
  table: ListenerTable
  /** connections established and not yet accepted (Recv-Q of `ss -ltn`), now */
  recvQ: number
  /** the backlog in force (Send-Q of `ss -ltn`): /proc does not tell it, so `null` until another source does */
  limit: number | null
}

export type ListenerTable = (typeof TABLES)[number]
const TABLES = ['tcp', 'tcp6'] as const

/** TCP ports the processes listen on, ascending. Sockets whose owner may not be looked at are not seen. */
export const listeningPorts = (pids: readonly number[]): number[] =>
  [...new Set(listenersOf(pids).map((listener) => listener.port))].sort((a, b) => a - b)

/**
 * The listening sockets held by the processes, each once. Walks all their file descriptors and the whole table (8 ms
 * where it is large): to sample their queues, hand what was found to `readQueues`.
 */
export function listenersOf(pids: readonly number[]): Listener[] {
  const held = socketsOf(pids)
  const found = new Map<number, Listener>()
  for (const pid of onePidPerNetns(pids))
    for (const listener of allListeners(pid)) if (held.has(listener.inode)) found.set(listener.inode, listener)
  return [...found.values()].sort((a, b) => a.port - b.port || a.inode - b.inode)
}

/**
 * The same sockets with their queues as they are now; those that were closed are left out. Reading stops at the last
 * one wanted: below 0.1 ms where some dozens of connections exist, up to 4 ms on a host with a large and empty hash of
 * connections, which the kernel walks through in search of the next (measured with 262 144 buckets).
 *
 * @param netnsPid a process in their network namespace
 */
export function readQueues(netnsPid: number, listeners: readonly Listener[]): Listener[] {
  return TABLES.flatMap((table) => {
    const wanted = new Set(listeners.filter((listener) => listener.table === table).map((listener) => listener.inode))
    return wanted.size === 0 ? [] : readTable(netnsPid, table, wanted).filter(({ inode }) => wanted.has(inode))
  })
}

/** Parses the LISTEN lines of /proc/net/tcp or tcp6 (Documentation/networking/proc_net_tcp.rst). */
export function parseListeners(text: string, table: ListenerTable): Listener[] {
  const listeners: Listener[] = []
  for (const line of text.split('\n')) {
    const [, local, , state, queues, , , , , inode] = line.trim().split(/\s+/)
    if (state !== LISTEN || local === undefined || queues === undefined || inode === undefined) continue
    listeners.push({
      port: portOf(local),
      address: local.slice(0, Math.max(0, local.lastIndexOf(':'))),
      inode: Number(inode),
      table,
      recvQ: Number.parseInt(queues.slice(queues.indexOf(':') + 1), 16),
      limit: null,
    })
  }
  return listeners
}

/** Who listens on a port in one network namespace. */
export interface PortHolders {
  /** inode of the namespace; null where it may not be read */
  netns: number | null
  /** a process that lives in it */
  netnsPid: number
  /** processes that hold such a socket, ascending; none: the holder is another user's */
  pids: number[]
}

/** Finds the processes that hold a listening socket on a TCP port, one entry a network namespace. Walks /proc once. */
export function holdersOf(port: number): PortHolders[] {
  const pids = listPids()
  const seen = new Set<number>()
  const found: (PortHolders & { inodes: ReadonlySet<number> })[] = []
  // A namespace whose number may not be read (a kernel thread's) comes last: it may be one of the others.
  for (const pid of onePidPerNetns(pids).sort(
    (a, b) => Number(netnsInode(a) === null) - Number(netnsInode(b) === null),
  )) {
    const inodes = allListeners(pid).flatMap(({ port: on, inode }) => (on === port && !seen.has(inode) ? [inode] : []))
    if (inodes.length > 0) found.push({ netns: netnsInode(pid), netnsPid: pid, inodes: new Set(inodes), pids: [] })
    for (const inode of inodes) seen.add(inode)
  }
  // Servers open what they listen on early; only where nobody is found so, files are looked at further.
  const look = createLook()
  for (const most of [MOST_FILES, undefined]) {
    if (found.every((one) => one.pids.length > 0)) break
    for (const pid of pids) {
      const held = new Set(readSocketInodes(pid, most === undefined ? look : createLook(), most))
      for (const one of found)
        if (!one.pids.includes(pid) && [...one.inodes].some((inode) => held.has(inode))) one.pids.push(pid)
    }
  }
  return found.map(({ netns, netnsPid, pids: holders }) => ({ netns, netnsPid, pids: holders.sort((a, b) => a - b) }))
}

/**
 * Whether a process holds a socket of a TCP port in its own network namespace: one that listens, or a connection of it.
 * Of a table of very many connections the first 100 000 are looked at; those that listen come first.
 */
export function holdsSocketOf(pid: number, port: number): boolean {
  const held = new Set(socketInodes(pid))
  if (held.size === 0) return false
  const isOurs = (line: string): boolean => {
    const [, local, , , , , , , , inode] = line.trim().split(/\s+/)
    return local !== undefined && portOf(local) === port && held.has(Number(inode))
  }
  return TABLES.some(
    (table) =>
      readTableText(`/proc/${pid}/net/${table}`, CONNECTIONS, (lines) => !lines.split('\n').some(isOurs)) === 'stopped',
  )
}

/** 100 000 lines of tcp6 */
const CONNECTIONS = { most: 100_000 * 150 }

const portOf = (address: string): number => Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16)

/**
 * The TCP ports that each process listens on, ascending; a process whose files may not be looked at is not in it. Of a
 * process with very many files the first thousands are looked at: servers open their listening sockets early.
 */
export function portsByPid(pids: readonly number[]): Map<number, number[]> {
  const byInode = new Map<number, number>()
  for (const pid of onePidPerNetns(pids)) for (const { inode, port } of allListeners(pid)) byInode.set(inode, port)
  const found = new Map<number, number[]>()
  for (const pid of pids) {
    const inodes = byInode.size === 0 ? [] : readSocketInodes(pid, createLook(), MOST_FILES)
    if (inodes === null) continue
    const ports = inodes.flatMap((inode) => byInode.get(inode) ?? [])
    found.set(
      pid,
      [...new Set(ports)].sort((a, b) => a - b),
    )
  }
  return found
}

const MOST_FILES = 4096

const LISTEN = '0A' // TCP_LISTEN, include/net/tcp_states.h

/** One process to look through for each namespace; where namespaces cannot be told apart, the first stands for them. */
export function onePidPerNetns(pids: readonly number[]): number[] {
  const byNamespace = new Map<number | null, number>()
  for (const pid of pids) {
    const inode = netnsInode(pid)
    if (!byNamespace.has(inode)) byNamespace.set(inode, pid)
  }
  return [...byNamespace.values()]
}

/** Inodes of the sockets of all these processes. */
export function socketsOf(pids: readonly number[]): Set<number> {
  const look = createLook()
  return new Set(pids.flatMap((pid) => socketInodes(pid, look)))
}

/** Inodes of the sockets of a process. Gone, or another user's: what it holds stays unknown. */
export const socketInodes = (pid: number, look?: Look): number[] => readSocketInodes(pid, look) ?? []

/** Sockets among the first files of a process; null when they may not be looked at. */
const readSocketInodes = (pid: number, look?: Look, mostFiles?: number): number[] | null =>
  openFiles(pid, look, mostFiles)?.flatMap(({ link }) => {
    const match = SOCKET.exec(link)
    return match ? [Number(match[1])] : []
  }) ?? null

const SOCKET = /^socket:\[(\d+)\]$/

const allListeners = (pid: number): Listener[] => TABLES.flatMap((table) => readTable(pid, table))

/**
 * Reads a table as far as needed: up to the first socket that does not listen, since the kernel lists those that do
 * before all others (net/ipv4/tcp_ipv4.c), or until all wanted are seen. What stops early must ask for little at a time:
 * the kernel walks on until the answer is full, and the walk through the hash of connections is what costs.
 */
function readTable(pid: number, table: ListenerTable, wanted?: ReadonlySet<number>): Listener[] {
  const found: Listener[] = []
  const missing = new Set(wanted)
  const end = readTableText(`/proc/${pid}/net/${table}`, LISTENERS, (lines) => {
    for (const listener of parseListeners(lines, table)) {
      found.push(listener)
      missing.delete(listener.inode)
    }
    const state = lines.trimEnd().split('\n').at(-1)?.trim().split(/\s+/)[3]
    const isPastListeners = state !== undefined && state !== LISTEN && state !== HEADING_STATE
    return !isPastListeners && (!wanted || missing.size > 0)
  })
  return end === null ? [] : found
}

/** Those that listen stand first, so that one line at once is read no further than they go. */
const LISTENERS = { most: 8 * 2 ** 20, atOnce: 180 }
const HEADING_STATE = 'st'
