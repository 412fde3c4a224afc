import type { Host } from '../host/host.ts'
import { netnsInode } from '../host/netns.ts'
import { syscallName } from '../host/syscalls.ts'
import type { Target } from '../host/target.ts'
import { bitAnd, cgroupId, currentTask, type Expr, eq, field, follow, ne, pid, read, u64 } from '../script/expr.ts'
import { stateMap } from '../script/maps.ts'
import { bind, type Handler, positive, set, type TargetFilter } from '../script/parts.ts'
import type { TargetParts } from '../script/program.ts'
import type { TracepointName } from '../script/tracepoints.ts'
import {
  countChildren,
  joinAcceptors,
  joinChildren,
  joinListeners,
  judgeExecutors,
  leaveAtExit,
  members,
} from './membership.ts'

/** Cgroups whose processes are watched, by id. */
const cgroups = stateMap('target_cgroup', 'int', 'int')

/**
 * How programs tell the target from the rest of the host: always an explicit predicate, never `-p` (which does not filter
 * tracepoints before bpftrace 0.24). One process that stays one is compared; all others are a map of members that events
 * feed (membership.ts); a cgroup with those below it is a map of their ids.
 */
export function targetFilter(
  target: Target,
  host: Host,
  fields: ReadonlyMap<string, ReadonlySet<string>>,
): { filter: TargetFilter; parts: TargetParts } {
  const single = target.processes.length === 1 ? target.processes[0] : undefined
  const has = (tracepoint: TracepointName, name: string) => fields.get(tracepoint)?.has(name) ?? false
  const shared = {
    inNamespace: (sk: Expr<'pointer'>) => namespaceCondition(target, sk),
    ports: target.ports,
    syscall: (name: string) => syscallNumber(name, host.arch),
    isCompat: compatCondition(host),
    has,
  }
  const grows = growth(target, host)
  if (grows === 'cgroup' && target.cgroup)
    return {
      filter: { ...shared, mine: positive(read(cgroups, cgroupId)) },
      parts: {
        begin: [target.cgroup, ...(target.cgroupsBelow ?? [])].map(({ id }) => set(cgroups, [u64(id)], u64(1))),
        remembered: rememberNamespace(target),
        handlers: [],
        words: { members: cgroups },
      },
    }
  if (single && grows === 'no') {
    const mine = eq(pid, single.pid)
    return {
      filter: { ...shared, mine },
      parts: { remembered: rememberNamespace(target), handlers: [countChildren(mine)] },
    }
  }
  const mine = positive(read(members, pid))
  return {
    filter: { ...shared, mine },
    parts: {
      begin: target.processes.map((process) => set(members, [u64(process.pid)], u64(1))),
      remembered: rememberNamespace(target),
      handlers: grows === 'no' ? [countChildren(mine)] : joiners(target, grows, shared),
      last: [leaveAtExit()],
      words: { members },
    },
  }
}

/** Whom a target takes in while it is watched: nobody, its children, whoever serves its port or is in its cgroup. */
export type Growth = 'no' | 'children' | 'port' | 'cgroup'

export function growth(target: Target, host: Host): Growth {
  if (target.selectedBy === 'cgroup' && target.cgroup) return 'cgroup'
  // Who serves a port is read from structures of the kernel.
  if (target.port !== undefined && host.btf.kind === 'yes') return 'port'
  return target.follow ? 'children' : 'no'
}

function joiners(
  target: Target,
  grows: Growth,
  { inNamespace, has }: Pick<TargetFilter, 'inNamespace' | 'has'>,
): Handler[] {
  if (grows !== 'port' || target.port === undefined) return [joinChildren()]
  const port = { number: target.port, inNamespace }
  return [
    joinListeners(port),
    joinChildren(),
    // Asked to follow, it takes whatever its children execute.
    ...(target.follow ? [] : [judgeExecutors(port)]),
    ...(has('syscalls:sys_enter_accept4', 'fd') ? [joinAcceptors(port)] : []),
  ]
}

/** The namespace this program runs in, as a pointer. */
const ownNamespace = stateMap('netns', 'int')

const isOwnNamespace = (target: Target): boolean =>
  target.netnsInode !== null && target.netnsInode === netnsInode(process.pid)

/**
 * In our own namespace a pointer is compared: reading the inode of `struct net` makes bpftrace 0.17 resolve one of the
 * largest structures of the kernel (0.3 s at every start). Another namespace is known by its inode only.
 */
function namespaceCondition(target: Target, sk: Expr<'pointer'>): Expr<'int'>[] {
  if (target.netnsInode === null) return []
  if (isOwnNamespace(target)) return [eq(u64(follow(sk, '__sk_common.skc_net.net')), read(ownNamespace))]
  return [eq(field(sk, '__sk_common.skc_net.net->ns.inum'), target.netnsInode)]
}

/** BEGIN runs in the tracer, a child of this program. */
const rememberNamespace = (target: Target): NonNullable<TargetParts['remembered']> =>
  isOwnNamespace(target)
    ? [
        {
          map: ownNamespace,
          begin: bind('task', currentTask, (task) => [set(ownNamespace, [], u64(follow(task, 'nsproxy->net_ns')))]),
        },
      ]
    : []

/** Of a 64-bit task that calls through the 32-bit gate (int 0x80), or of a 32-bit program: arch/x86/include/asm/thread_info.h. */
const TS_COMPAT = 2
const compatCondition = (host: Host): Expr<'int'> | null =>
  host.arch === 'x86_64' && host.btf.kind === 'yes'
    ? ne(bitAnd(field(currentTask, 'thread_info.status'), TS_COMPAT), 0)
    : null

function syscallNumber(name: string, arch: string): number | null {
  for (let id = 0; id < 1024; id++) if (syscallName(id, arch) === name) return id
  return null
}
