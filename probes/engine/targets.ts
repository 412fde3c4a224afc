import type { Host } from '../host/host.ts'
import { netnsInode } from '../host/netns.ts'
import { syscallName } from '../host/syscalls.ts'
import type { Target } from '../host/target.ts'
import { bitAnd, cgroupId, currentTask, type Expr, eq, field, follow, ne, pid, read, tid, u64 } from '../script/expr.ts'
import { stateMap } from '../script/maps.ts'
import {
  bind,
  forget,
  on,
  positive,
  type ScriptParts,
  type Statement,
  set,
  type TargetFilter,
  when,
} from '../script/parts.ts'
import type { TracepointName } from '../script/tracepoints.ts'

const members = stateMap('target', 'int', 'int')

/**
 * How programs tell the target from the rest of the host: always an explicit predicate, never `-p` (which does not filter
 * tracepoints before bpftrace 0.24). One process is compared; several, or a family that grows, are a map that
 * sched_process_fork feeds.
 */
export function targetFilter(
  target: Target,
  host: Host,
  fields: ReadonlyMap<string, ReadonlySet<string>>,
): { filter: TargetFilter; parts: ScriptParts } {
  const single = target.processes.length === 1 && !target.follow ? target.processes[0] : undefined
  const shared = {
    inNamespace: (sk: Expr<'pointer'>) => namespaceCondition(target, sk),
    ports: target.ports,
    syscall: (name: string) => syscallNumber(name, host.arch),
    isCompat: compatCondition(host),
    has: (tracepoint: TracepointName, name: string) => fields.get(tracepoint)?.has(name) ?? false,
  }
  if (target.selectedBy === 'cgroup' && target.cgroup)
    return {
      filter: { ...shared, mine: eq(cgroupId, target.cgroup.id) },
      parts: { begin: rememberNamespace(target), handlers: [] },
    }
  if (single)
    return {
      filter: { ...shared, mine: eq(pid, single.pid) },
      parts: { begin: rememberNamespace(target), handlers: [] },
    }
  return {
    filter: { ...shared, mine: positive(read(members, pid)) },
    parts: {
      begin: [
        ...rememberNamespace(target),
        ...target.processes.map((process) => set(members, [u64(process.pid)], u64(1))),
      ],
      handlers: target.follow ? [joinFamily(), leaveFamily()] : [leaveFamily()],
    },
  }
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
const rememberNamespace = (target: Target): Statement[] =>
  isOwnNamespace(target)
    ? bind('task', currentTask, (task) => [set(ownNamespace, [], u64(follow(task, 'nsproxy->net_ns')))])
    : []

const joinFamily = () =>
  on('sched:sched_process_fork', 'a process of the target makes another (or a thread: harmless)', (args) => ({
    when: positive(read(members, pid)),
    body: [set(members, [u64(args.child_pid)], u64(1))],
  }))

const leaveFamily = () =>
  on('sched:sched_process_exit', 'the last thread of a process ends: its number may be used again', () => ({
    when: positive(read(members, pid)),
    body: bind('task', currentTask, (task) => [
      when(eq(field(task, 'signal->live.counter'), 0), [forget(members, pid)]),
      when(notLeader(), [forget(members, tid)]),
    ]),
  }))

const notLeader = (): Expr<'int'> => ({ kind: 'int', node: 'binary', op: '!=', left: pid, right: tid })

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
