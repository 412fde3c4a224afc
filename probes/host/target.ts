import path from 'node:path'
import { sanitizeText } from '../text.ts'
import { type Cgroup, cgroupOf, cgroupRoot, cgroupsBelow, findCgroup, processesIn } from './cgroup.ts'
import { doorwaysOf } from './doorways.ts'
import { descendantsBeside, descendantsOf, servingFamily } from './family.ts'
import { holdersOf, listeningPorts, type PortHolders } from './listeners.ts'
import { netnsInode } from './netns.ts'
import { judgePidNamespace } from './pid-namespace.ts'
import {
  isGone,
  listPids,
  type ProcessIdentity,
  readCmdline,
  readProc,
  readProcessStat,
  readProcStart,
  readRawComm,
} from './process.ts'

/** How the user names the target: exactly one of the four. */
export interface TargetSelector {
  pids?: readonly number[]
  /** the kernel's name of the process, exactly */
  comm?: string
  /** a TCP port: whoever serves it, now and later */
  port?: number
  /** with a port: a process in whose network namespace it is meant, where several have it */
  netns?: number
  /** path of a cgroup v2; those below it belong to it */
  cgroup?: string
  /** look at their children too, those that run and those to come */
  follow: boolean
}

export interface TargetProcess extends ProcessIdentity {
  /** safe to show */
  comm: string
  /** safe to show; absent where it is empty or may not be read */
  cmdline?: string
}

export interface Target {
  /** never empty; ascending by pid */
  processes: TargetProcess[]
  /** TCP ports the processes listen on, ascending */
  ports: number[]
  /** network namespace of the first process; `null` where it may not be read */
  netnsInode: number | null
  /** a process whose /proc/PID/net is that namespace */
  netnsPid: number
  /** the cgroup asked for, otherwise that of the first process; `null` where it cannot be read */
  cgroup: Cgroup | null
  /** of a target chosen by cgroup: those below it, at any depth */
  cgroupsBelow?: readonly Cgroup[]
  /** of a target chosen by port: that port */
  port?: number
  /** what whoever looks at it should know before */
  remarks?: readonly string[]
  selectedBy: SelectorKind
  /** as on the command line, safe to show: "--port 8080" */
  selector: string
  follow: boolean
}

export type SelectorKind = 'pid' | 'comm' | 'port' | 'cgroup'
export type TargetErrorCode =
  | 'usage'
  | 'not_found'
  | 'thread'
  | 'kernel_thread'
  | 'self'
  | 'no_listener'
  | 'no_permission'
  | 'bad_cgroup'
  | 'pid_namespace'

/** Why there is no target, and what to do. `code` "usage" is a mistake on the command line, the others are about the host. */
export class TargetError extends Error {
  override readonly name = 'TargetError'
  readonly code: TargetErrorCode
  readonly fix: string

  constructor(code: TargetErrorCode, message: string, fix: string) {
    super(message)
    this.code = code
    this.fix = fix
  }
}

/**
 * Finds the processes a selector means, and what belongs to them. This program is never among them; a child of its own
 * (a server it has started) is when it is named by pid or port.
 *
 * @throws TargetError when nothing can be attached to, with the reason and what to do
 */
export async function resolveTarget(selector: TargetSelector): Promise<Target> {
  assertKernelPids()
  const { kind, text, pids, cgroup, below } = select(selector)
  const { port } = selector
  const family = selector.follow ? descendantsOf(pids) : port === undefined ? pids : servingFamily(port, pids)
  const chosen = family.filter((pid) => pid !== process.pid)
  const processes = [...new Set(chosen)].sort((a, b) => a - b).flatMap(identify)
  const [first] = processes
  if (first === undefined) throw new TargetError('not_found', `the processes of ${text} have ended`, PICK)
  const ports = listeningPorts(processes.map((entry) => entry.pid))
  return {
    processes,
    ports,
    netnsInode: netnsInode(first.pid),
    netnsPid: first.pid,
    cgroup: cgroup ?? cgroupOf(first.pid),
    ...(below ? { cgroupsBelow: below } : {}),
    ...(port === undefined ? {} : { port }),
    remarks: [
      ...stopped(processes),
      ...(port === undefined ? [] : apart(port, pids)),
      ...(kind === 'pid' || kind === 'comm' ? unwatched(processes, selector.follow) : []),
    ],
    selectedBy: kind,
    selector: text,
    follow: selector.follow,
  }
}

/** @throws TargetError where process ids are not those of the kernel: nothing could be attached to the right process */
export function assertKernelPids(support = judgePidNamespace()): void {
  if (support.kind === 'no') throw new TargetError('pid_namespace', support.reason, support.fix ?? PICK)
}

const PICK = 'choose by port, probe attach --port 8080, or look: ps -eo pid,comm'

interface Selection {
  kind: SelectorKind
  text: string
  pids: readonly number[]
  cgroup?: Cgroup
  below?: readonly Cgroup[]
}

function select({ pids, comm, port, cgroup, netns }: TargetSelector): Selection {
  const given = [pids?.length ? pids : undefined, comm, port, cgroup].filter((value) => value !== undefined)
  if (given.length !== 1)
    throw new TargetError(
      'usage',
      given.length === 0 ? 'no target given' : 'more than one way to choose the target given',
      'give one of --pid, --comm, --port, --cgroup',
    )
  if (netns !== undefined && port === undefined)
    throw new TargetError('usage', 'a network namespace is given, but no port', 'give it with --port')
  if (comm !== undefined) return { kind: 'comm', text: `--comm ${quote(comm)}`, pids: selectByComm(comm) }
  if (port !== undefined) return { kind: 'port', text: `--port ${port}`, pids: selectByPort(port, netns) }
  if (cgroup !== undefined) return selectByCgroup(cgroup)
  for (const pid of pids ?? []) assertTraceable(pid)
  return { kind: 'pid', text: (pids ?? []).map((pid) => `--pid ${pid}`).join(' '), pids: pids ?? [] }
}

function assertTraceable(pid: number): void {
  if (!Number.isSafeInteger(pid) || pid <= 0)
    throw new TargetError('usage', `not a process id: ${pid}`, 'give a number above 0')
  if (pid === process.pid) throw new TargetError('self', `process ${pid} is probe itself`, PICK)
  const stat = readProcessStat(pid)
  if (stat === null) throw new TargetError('not_found', `process ${pid} does not exist`, PICK)
  if (isGone(stat)) throw new TargetError('not_found', `process ${pid} (${stat.comm}) has ended, it is a zombie`, PICK)
  if (stat.isKernelThread)
    throw new TargetError(
      'kernel_thread',
      `process ${pid} (${stat.comm}) is a kernel thread, it serves no requests`,
      PICK,
    )
  const leader = Number(/^Tgid:\s+(\d+)/m.exec(readProc(`/proc/${pid}/status`) ?? '')?.[1] ?? pid)
  if (leader !== pid)
    throw new TargetError('thread', `${pid} is a thread of process ${leader}`, `probe attach --pid ${leader}`)
}

function selectByComm(comm: string): number[] {
  const own = new Set(descendantsOf([process.pid]))
  const found = listPids().filter((pid) => !own.has(pid) && readRawComm(pid) === comm && isTraceable(pid))
  if (found.length > 0) return found
  throw new TargetError('not_found', `no process is named ${quote(comm)}`, nearMiss(comm))
}

/** What the user may have meant: a name beyond what the kernel keeps, or a program whose processes name themselves. */
function nearMiss(comm: string): string {
  const kept = Buffer.from(comm).subarray(0, COMM_BYTES).toString()
  if (kept !== comm) return `the kernel keeps ${COMM_BYTES} bytes: --comm ${quote(kept)}`
  // Node 24 and others rename their first thread, and that is the name of the process.
  const renamed = listPids().find((pid) => pid !== process.pid && isTraceable(pid) && programOf(pid) === comm)
  if (renamed === undefined) return 'ps -eo pid,comm shows the names'
  return `process ${renamed} runs ${quote(comm)} but is named ${quote(readRawComm(renamed) ?? '')}: --pid ${renamed}`
}

const programOf = (pid: number): string =>
  path.basename(readProcStart(`/proc/${pid}/cmdline`, PATH_BYTES)?.split('\0', 1)[0] ?? '')

function selectByPort(port: number, netns: number | undefined): number[] {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new TargetError('usage', `not a TCP port: ${port}`, 'give a number from 1 to 65535')
  const holders = inNamespaceOf(netns, holdersOf(port), port)
  const served = holders.map((one) => ({ ...one, pids: servicesAmong(one.pids) })).filter(({ pids }) => pids.length > 0)
  if (served.length > 1) throw ambiguous(port, served)
  const [service] = served
  if (service) return service.pids
  if (holders.some(({ pids }) => pids.includes(process.pid)))
    throw new TargetError('self', `only probe itself listens on TCP port ${port}`, PICK)
  if (holders.length > 0)
    throw new TargetError(
      'no_permission',
      `some process listens on TCP port ${port}, but whose it is may not be read`,
      process.geteuid?.() === 0 ? 'choose it by --pid' : 'run the same command with sudo',
    )
  throw new TargetError('no_listener', `no process listens on TCP port ${port}`, 'ss -ltnp shows who listens where')
}

/** An init that activates services by socket keeps a copy of each; the one that accepts is the service. */
function servicesAmong(holders: readonly number[]): number[] {
  const others = holders.filter((pid) => pid !== process.pid && isTraceable(pid))
  const services = others.filter((pid) => pid !== 1)
  return services.length > 0 ? services : others
}

function inNamespaceOf(pid: number | undefined, holders: readonly PortHolders[], port: number): readonly PortHolders[] {
  if (pid === undefined) return holders
  const inode = netnsInode(pid)
  if (inode === null)
    throw new TargetError('not_found', `the network namespace of process ${pid} cannot be read`, 'probe attach as root')
  const there = holders.filter(({ netns }) => netns === inode)
  if (there.length > 0) return there
  throw new TargetError(
    'no_listener',
    `no process listens on TCP port ${port} in the network namespace of process ${pid}`,
    `nsenter -t ${pid} -n ss -ltnp shows who listens where`,
  )
}

/** Two services that have nothing in common but a number are never added up. */
function ambiguous(port: number, served: readonly PortHolders[]): TargetError {
  const listed = served.slice(0, CANDIDATES_LISTED).map(({ pids: [pid = 0] }) => {
    const container = containerOf(pid)
    const who = [readProcessStat(pid)?.comm ?? 'it', ...(container === null ? [] : [`container ${container}`])]
    return `--port ${port} --netns ${pid} (${who.join(', ')})`
  })
  const more = served.length > CANDIDATES_LISTED ? `, or one of ${served.length - CANDIDATES_LISTED} more` : ''
  return new TargetError(
    'usage',
    `port ${port} is listened on in ${served.length} network namespaces`,
    `choose: ${listed.join(' or ')}${more}`,
  )
}

const CANDIDATES_LISTED = 8
const SHORT_ID = 12

/** The container a process is in, as its runtime shortens the id: the last long hex number in the path of its cgroup. */
const containerOf = (pid: number): string | null =>
  /.*\b([0-9a-f]{64})\b/s.exec(readProc(`/proc/${pid}/cgroup`) ?? '')?.[1]?.slice(0, SHORT_ID) ?? null

function selectByCgroup(given: string): Selection {
  const root = cgroupRoot()
  if (root === null)
    throw new TargetError('bad_cgroup', 'cgroup v2 is not mounted on this host', 'choose by --pid, --comm or --port')
  const cgroup = given === '' ? null : findCgroup(given, root)
  if (cgroup === null)
    throw new TargetError('bad_cgroup', `no cgroup ${quote(given)} below ${root}`, `find ${root} -type d`)
  const text = `--cgroup ${quote(cgroup.path)}`
  const below = cgroupsBelow(cgroup, root)
  const pids = [cgroup, ...below].flatMap((one) => membersOf(one, root)).filter(isTraceable)
  if (pids.length > 0) return { kind: 'cgroup', text, pids, cgroup, below }
  throw new TargetError('not_found', `no process is in cgroup ${quote(cgroup.path)} or below it`, PICK)
}

/** None where there are none, it was removed meanwhile, or it is threaded: then they are listed further up. */
function membersOf(cgroup: Cgroup, root: string): number[] {
  try {
    return processesIn(cgroup, root)
  } catch {
    return []
  }
}

/** Who looks at a process that stands still wonders why it does nothing. */
function stopped(processes: readonly TargetProcess[]): string[] {
  const still = processes.filter(({ pid }) => /^[Tt]$/.test(readProcessStat(pid)?.state ?? ''))
  const [first] = still
  if (first === undefined) return []
  const tracer = Number(/^TracerPid:\s+(\d+)/m.exec(readProc(`/proc/${first.pid}/status`) ?? '')?.[1] ?? 0)
  const who = still.length > 1 ? `${still.length} processes of the target are` : `${first.comm} (${first.pid}) is`
  const way = tracer > 0 ? `process ${tracer} debugs it` : `kill -CONT ${first.pid}`
  return [`${who} stopped (${tracer > 0 ? 't' : 'T'}): nothing happens until it goes on (${way})`]
}

/** Services at different addresses of one port are all who serves it, and may be more than was meant. */
function apart(port: number, pids: readonly number[]): string[] {
  const doorways = doorwaysOf(port, pids)
  if (doorways.length < 2) return []
  const listed = doorways
    .slice(0, CANDIDATES_LISTED)
    .map(
      ({ addresses, pids: [pid = 0] }) =>
        `${addresses.join(', ')}: --pid ${pid} (${readProcessStat(pid)?.comm ?? 'it'})`,
    )
  const more = doorways.length > CANDIDATES_LISTED ? `, and ${doorways.length - CANDIDATES_LISTED} more` : ''
  return [
    `port ${port} is served by ${doorways.length} services at different addresses, watched as one; for one alone: ${listed.join(' or ')}${more}`,
  ]
}

function unwatched(processes: readonly TargetProcess[], isFollowed: boolean): string[] {
  const count = isFollowed ? 0 : descendantsBeside(processes.map(({ pid }) => pid))
  return count === 0 ? [] : [`${count === 1 ? '1 child is' : `${count} children are`} not watched: --follow`]
}

function isTraceable(pid: number): boolean {
  const stat = readProcessStat(pid)
  return stat !== null && !isGone(stat) && !stat.isKernelThread
}

export function identify(pid: number): TargetProcess[] {
  const stat = readProcessStat(pid)
  if (stat === null || isGone(stat) || stat.isKernelThread) return []
  const cmdline = readCmdline(pid)
  return [{ pid, starttime: stat.starttime, comm: stat.comm, ...(cmdline ? { cmdline } : {}) }]
}

/** longest path of a program, include/uapi/linux/limits.h */
const PATH_BYTES = 4096
const COMM_BYTES = 15 // TASK_COMM_LEN - 1, include/linux/sched.h
const quote = (text: string): string =>
  /^[\w./:-]+$/.test(text) ? text : JSON.stringify(sanitizeText(text, { maxLength: 200 }))
