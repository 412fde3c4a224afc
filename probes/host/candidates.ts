import { readFileSync, statSync } from 'node:fs'
import { sanitizeText } from '../text.ts'
import { portsByPid } from './listeners.ts'
import { netnsInode } from './netns.ts'
import { isGone, listPids, type ProcessIdentity, readCmdline, readProcessStat } from './process.ts'

/** A process that could be attached to. All texts are safe to show. */
export interface Candidate extends ProcessIdentity {
  /** the kernel's name */
  comm: string
  /** the command with its arguments; the kernel's name where it may not be read */
  command: string
  /** name or number of its owner; null when it is gone */
  user: string | null
  /** TCP ports it listens on, ascending; null where its files may not be looked at, or nobody has looked yet */
  ports: number[] | null
  /** network namespace of one that listens: the same port in another is another service's */
  netns?: number | null
  /** percent of one core since the last look; null at the first */
  cpuPct: number | null
}

/** More processes than this are not listed: nobody chooses among them by eye. */
const MOST = 4096

/**
 * Looks at all processes but this one and the kernel's threads, again and again: the second look knows how much CPU each
 * took since the first. Needs no privileges; what it may not see is null. Takes some 20 ms with 300 processes; who listens
 * on what is asked once a process.
 */
export function createCandidateList(nowMs: () => number = () => performance.now()): () => Candidate[] {
  let users: Map<number, string> | null = null
  let before = new Map<number, Seen>()
  let beforeMs = 0
  return () => {
    users ??= readUsers()
    const atMs = nowMs()
    const seen = new Map<number, Seen>()
    for (const pid of listPids().slice(0, MOST)) {
      const stat = pid === process.pid ? null : readProcessStat(pid)
      if (stat === null || stat.isKernelThread || isGone(stat)) continue
      const known = before.get(pid)
      const isSame = known?.starttime === stat.starttime
      // A program may change its name and arguments after its start, but hardly while one looks.
      const facts = isSame ? known : { ports: null, command: commandOf(pid, stat.comm), user: userOf(pid, users) }
      const elapsedNs = (atMs - beforeMs) * 1e6
      seen.set(pid, {
        pid,
        starttime: stat.starttime,
        comm: stat.comm,
        command: facts.command,
        user: facts.user,
        ports: facts.ports,
        ...(isSame && known.netns !== undefined ? { netns: known.netns } : {}),
        cpuNs: stat.cpuNs,
        cpuPct: isSame && elapsedNs > 0 ? Math.max(0, ((stat.cpuNs - known.cpuNs) / elapsedNs) * 100) : null,
      })
    }
    const unasked = [...seen.keys()].filter((pid) => before.get(pid)?.starttime !== seen.get(pid)?.starttime)
    const ports = portsByPid(unasked)
    for (const pid of unasked) {
      const one = seen.get(pid)
      if (!one) continue
      one.ports = ports.get(pid) ?? null
      if (one.ports?.length) one.netns = netnsInode(pid)
    }
    before = seen
    beforeMs = atMs
    return [...seen.values()].map(({ cpuNs, ...candidate }) => candidate)
  }
}

interface Seen extends Candidate {
  cpuNs: number
}

const commandOf = (pid: number, comm: string): string => readCmdline(pid) || comm

function userOf(pid: number, users: ReadonlyMap<number, string>): string | null {
  try {
    const { uid } = statSync(`/proc/${pid}`)
    return users.get(uid) ?? String(uid)
  } catch {
    return null // gone
  }
}

/** Names of users by number (passwd(5)); those of a directory service are not in it and stay numbers. */
function readUsers(): Map<number, string> {
  const users = new Map<number, string>()
  let text = ''
  try {
    text = readFileSync('/etc/passwd', 'utf8')
  } catch {
    return users // a container without one
  }
  for (const line of text.split('\n').slice(0, MOST)) {
    const [name, , uid] = line.split(':')
    if (name && uid && /^\d+$/.test(uid)) users.set(Number(uid), sanitizeText(name, { maxLength: 32 }))
  }
  return users
}
