import { closeSync, openSync, readlinkSync, readSync } from 'node:fs'

/**
 * What a read of a descriptor waits for: a client whose connection was accepted, somebody it has connected to itself,
 * what comes through a pipe or a terminal, or a disk.
 */
export type Readable = 'accepted' | 'connected' | 'jobs' | 'file' | 'unknown'

/** Tells descriptors of processes that share a network namespace; the tables are read once, when the first socket is asked for. */
export function createDescriptors(): (pid: number, fd: number) => Readable {
  let sockets: ReadonlyMap<number, Readable> | null = null
  return (pid, fd) => {
    const link = linkOf(`/proc/${pid}/fd/${fd}`)
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1]
    if (inode === undefined) {
      if (link === '') return 'unknown'
      return /^(pipe:|anon_inode:|\/dev\/(pts\/|tty))/.test(link) ? 'jobs' : 'file'
    }
    sockets ??= readSockets(pid)
    return sockets.get(Number(inode)) ?? 'unknown'
  }
}

/** A host with a hundred thousand connections has 15 MB of them; what lies beyond stays unknown. */
const TABLE_BYTES = 16 * 1024 * 1024

function readSockets(pid: number): ReadonlyMap<number, Readable> {
  const table = (name: string) => readUpTo(`/proc/${pid}/net/${name}`, TABLE_BYTES)
  const streams = ['tcp', 'tcp6'].map(table).join('\n')
  const datagrams = ['udp', 'udp6'].map(table).join('\n')
  return new Map([...judgeStreams(streams), ...judgeDatagrams(datagrams), ...judgeUnix(table('unix'))])
}

const LISTEN = '0A'

/** Of /proc/net/tcp, by inode: a connection of a port that is listened on was accepted. */
export function judgeStreams(text: string): [inode: number, Readable][] {
  const rows = rowsOf(text)
  const listened = new Set(rows.flatMap(({ local, state }) => (state === LISTEN ? [portIn(local)] : [])))
  return rows.map(({ local, inode }) => [inode, listened.has(portIn(local)) ? 'accepted' : 'connected'])
}

/** Of /proc/net/udp: who is connected to nobody hears everybody. */
export function judgeDatagrams(text: string): [inode: number, Readable][] {
  return rowsOf(text).map(({ remote, inode }) => [inode, portIn(remote) === '0000' ? 'accepted' : 'connected'])
}

/** Of /proc/net/unix: an accepted one has its listener's name. The others may be connected, or one of a pair. */
export function judgeUnix(text: string): [inode: number, Readable][] {
  return text.split('\n').flatMap((line): [number, Readable][] => {
    const [, , , , , , inode, name] = line.trim().split(/\s+/)
    return inode === undefined || name === undefined ? [] : [[Number(inode), 'accepted']]
  })
}

function rowsOf(text: string) {
  return text.split('\n').flatMap((line) => {
    const [slot, local, remote, state, , , , , , inode] = line.trim().split(/\s+/)
    if (local === undefined || remote === undefined || state === undefined || inode === undefined) return []
    return /^\d+:$/.test(slot ?? '') ? [{ local, remote, state, inode: Number(inode) }] : []
  })
}

const portIn = (address: string): string => address.slice(address.lastIndexOf(':') + 1)

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // closed, ended, or another user's
  }
}

function readUpTo(path: string, limit: number): string {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return '' // ended, or no such table
  }
  const parts: string[] = []
  const chunk = Buffer.alloc(64 * 1024)
  try {
    for (let total = 0; total < limit; ) {
      const length = readSync(fd, chunk)
      if (length === 0) break
      parts.push(chunk.toString('latin1', 0, length))
      total += length
    }
  } catch {
    // ended while it was read: what was read counts
  } finally {
    closeSync(fd)
  }
  return parts.join('')
}
