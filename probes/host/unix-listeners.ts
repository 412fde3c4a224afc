import { sanitizeText } from '../text.ts'
import { onePidPerNetns, socketsOf } from './listeners.ts'
import { readProcStart } from './process.ts'

/** Names of the Unix sockets on which these processes take connections, safe to show: a path, `@name`, or none of its own. */
export function unixListeners(pids: readonly number[]): string[] {
  const listening = onePidPerNetns(pids).flatMap((pid) =>
    parseUnixListeners(readProcStart(`/proc/${pid}/net/unix`, TABLE_BYTES) ?? ''),
  )
  if (listening.length === 0) return []
  const held = socketsOf(pids)
  return [...new Set(listening.flatMap(({ inode, name }) => (held.has(inode) ? [name] : [])))].sort()
}

/** 100 000 sockets of a network namespace: who makes more hides what comes after. */
const TABLE_BYTES = 8 * 2 ** 20

/** What is to be said at the attach of a target's listeners: which of them accept queues are not seen of. */
export function listenerNotes(ports: readonly number[], unix: readonly string[]): string[] {
  const tcp = ports.length === 0 ? 'the target listens on no TCP port' : `seen: TCP port ${ports.join(', ')}`
  if (unix.length > 0) return [`accept-queue: Unix sockets are not seen (${listed(unix)}); ${tcp}`]
  return ports.length === 0 ? [`accept-queue: ${tcp}; what it listens on later is counted from then on`] : []
}

const LISTED = 3
const listed = (names: readonly string[]): string =>
  names.length > LISTED ? `${names.slice(0, LISTED).join(', ')} and ${names.length - LISTED} more` : names.join(', ')

/** Parses the stream and seqpacket sockets of /proc/net/unix that listen (net/unix/af_unix.c, unix_seq_show). */
export function parseUnixListeners(text: string): { inode: number; name: string }[] {
  return text.split('\n').flatMap((line) => {
    const [, flags, inode, name] = LINE.exec(line) ?? []
    if (flags === undefined || (Number.parseInt(flags, 16) & ACCEPTS) === 0) return []
    return [
      { inode: Number(inode), name: name ? sanitizeText(name, { maxLength: NAME_LENGTH }) : 'one without a name' },
    ]
  })
}

/** "ffff…: RefCount Protocol Flags Type St Inode Path" */
const LINE = /^[0-9a-fA-F]+: [0-9A-F]{8} [0-9A-F]{8} ([0-9A-F]{8}) [0-9A-F]{4} [0-9A-F]{2} +(\d+)(?: (.*))?$/
/** __SO_ACCEPTCON, include/uapi/linux/net.h */
const ACCEPTS = 1 << 16
const NAME_LENGTH = 64
