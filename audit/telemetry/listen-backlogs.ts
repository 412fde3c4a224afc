import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { listenersOf } from '../../probes/index.ts'
import { numberOf, readOnce } from './proc-file.ts'
import type { Missing, OpenSource, Scope, Source, Values } from './source.ts'

/**
 * The limit of each accept queue of the target, and what was dropped at it: Send-Q and sk_drops, which the kernel tells
 * by netlink alone, so that ss(8) is asked. Starting a program is dear: at the ends of phases, and when anybody's listener
 * in the namespace has dropped something (ListenDrops counts what the sk_drops of all of them do, net/core/sock.h,
 * tcp_listendrop): whose it was is what the namespace cannot tell.
 */
export const listenBacklogs: Source = {
  name: 'backlog',
  from: 'ss -ltnem',
  every: Number.POSITIVE_INFINITY,
  wakes: ['TcpExt.ListenDrops'],
  open: openBacklogs,
}

export interface Backlog {
  port: number
  inode: number
  /** a queue is full when it holds one more (net/core/sock.h, sk_acceptq_is_full) */
  limit: number
  /** SYNs and last ACKs of handshakes since the socket was made */
  drops: number
}

/**
 * Parses `ss -Hltnem`: a line for each socket that listens, what it uses of memory on the same line or the next. Without
 * that ss had no netlink and fell back on /proc, where every limit is 0: such lines tell nothing.
 */
export function parseBacklogs(text: string): Backlog[] {
  return text.split(/^(?=LISTEN\s)/m).flatMap((entry) => {
    const [, limit, port] = /^LISTEN\s+\d+\s+(\d+)\s+\S*:(\d+)\s/.exec(entry) ?? []
    const inode = /\sino:(\d+)\s/.exec(entry)?.[1]
    const drops = /\sskmem:\([^)]*\bd(\d+)\)/.exec(entry)?.[1]
    if (limit === undefined || port === undefined || inode === undefined || drops === undefined) return []
    return [{ port: Number(port), inode: Number(inode), limit: Number(limit), drops: Number(drops) }]
  })
}

/** Several sockets on one port: the smallest limit is reached first, drops add up. */
export function backlogValues(
  backlogs: readonly Backlog[],
  inodes: ReadonlySet<number>,
  somaxconn: number | null = null,
): Values | null {
  const values: Values = {}
  for (const { port, inode, limit, drops } of backlogs) {
    if (!inodes.has(inode)) continue
    values[`${port}.limit`] = Math.min(values[`${port}.limit`] ?? limit, limit)
    values[`${port}.drops`] = (values[`${port}.drops`] ?? 0) + drops
  }
  if (Object.keys(values).length === 0) return null
  return somaxconn === null ? values : { ...values, somaxconn }
}

const SOMAXCONN = '/proc/sys/net/core/somaxconn'
const FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin']
const LONGEST_MS = 2000
const LARGEST_BYTES = 8 * 2 ** 20

function openBacklogs({ target, roster, isOwnNetns }: Scope): OpenSource | Missing {
  const ss = findProgram('ss')
  const nsenter = isOwnNetns ? null : findProgram('nsenter')
  if (ss === null)
    return { missing: 'no ss on this host: limits and drops of accept queues unknown. fix: install iproute2' }
  if (!isOwnNetns && nsenter === null)
    return {
      missing: 'no nsenter on this host, and the target has a network namespace of its own. fix: install util-linux',
    }
  // Of a namespace of its own any process that lives is the door.
  const door = () => roster.pids()[0] ?? target.netnsPid
  const run = (program: string, ...args: string[]): string | null => {
    const there = nsenter === null ? [] : [nsenter, `--net=/proc/${door()}/ns/net`]
    const [file = program, ...rest] = [...there, program, ...args]
    try {
      return execFileSync(file, rest, {
        ...{ encoding: 'latin1', env: { LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 'ignore'] },
        ...{ timeout: LONGEST_MS, killSignal: 'SIGKILL', maxBuffer: LARGEST_BYTES },
      })
    } catch {
      return null // not permitted in that namespace, or an ss that does not know -H
    }
  }
  const ask = () => run(ss, '-Hltnem')
  const first = ask()
  if (first === null)
    return { missing: 'ss could not be asked in the network namespace of the target: that takes root' }
  if (first !== '' && parseBacklogs(first).length === 0)
    return {
      missing: 'ss has no netlink here, so limits and drops of accept queues are unknown. fix: modprobe tcp_diag',
    }
  // What caps every backlog is the namespace's own, and /proc/sys shows that of whoever reads it.
  const cat = isOwnNetns ? null : findProgram('cat')
  const somaxconn = numberOf((isOwnNetns ? readOnce(SOMAXCONN) : cat && run(cat, SOMAXCONN))?.trim())
  let unread: string | null = first
  return {
    read: () => {
      const inodes = new Set(listenersOf(roster.pids()).map(({ inode }) => inode))
      const text = unread ?? (inodes.size > 0 ? ask() : null)
      unread = null
      return text === null ? null : backlogValues(parseBacklogs(text), inodes, somaxconn)
    },
    close: () => undefined,
  }
}

function findProgram(name: string): string | null {
  for (const folder of FOLDERS) {
    try {
      accessSync(`${folder}/${name}`, constants.X_OK)
      return `${folder}/${name}`
    } catch {
      // not there: the next
    }
  }
  return null
}
