import {
  add,
  all,
  bitAnd,
  currentTask,
  type Expr,
  eq,
  field,
  follow,
  int,
  lt,
  ne,
  pid,
  read,
  u64,
} from '../script/expr.ts'
import { addTo, countIn, resultMap, stateMap } from '../script/maps.ts'
import {
  assign,
  bind,
  comment,
  forget,
  type Handler,
  on,
  onEach,
  positive,
  record,
  repeat,
  type Statement,
  set,
  when,
} from '../script/parts.ts'
import { fileAt, isTcp, LISTEN, socketOfFile, TCP } from '../script/socket.ts'

/** The processes that are watched, by pid. */
export const members = stateMap('target', 'int', 'int')

/** How processes came to be watched, and how they left; the keys of `changes` and values of `joined`. */
export const CHANGE = { born: 1, listens: 2, executes: 3, accepts: 4, ended: 5, executedAnother: 6 } as const

/** How many came and left each way: exact, whatever the maps by pid can hold. */
export const changes = resultMap('target_changes', 'count', 'int')
/** pid of who came -> how */
export const joined = resultMap('target_joined', 'max', 'int')
/** pid of who left -> how */
export const left = resultMap('target_left', 'max', 'int')
/** pid -> CPU time of its threads that ended, and of a process that executed another program, ns */
export const spentBy = resultMap('target_spent', 'sum', 'int')
/** the same of all together */
export const spent = resultMap('target_spent_all', 'sum')
/** processes that the watched ones made and that are not watched */
export const children = resultMap('target_children', 'count')

const CLONE_THREAD = 0x1_0000 // include/uapi/linux/sched.h
/** It holds sockets for services that it starts, and is none of them. */
const INIT = 1

type Int = Expr<'int'>
type Pointer = Expr<'pointer'>

const isMember = positive(read(members, pid))
const isProcess = (flags: Int): Int => eq(bitAnd(flags, CLONE_THREAD), 0)

const join = (number: Int, how: number): Statement[] => [
  set(members, [number], u64(1)),
  record(addTo(joined, [number], int(how)), countIn(changes, int(how))),
]
const leave = (how: number): Statement[] => [
  forget(members, pid),
  record(addTo(left, [pid], int(how)), countIn(changes, int(how))),
]

/** Children of watched processes are watched from their first instruction on. */
export const joinChildren = (): Handler =>
  on('task:task_newtask', 'a process of the target makes another, which is of the target, too', (args) => ({
    when: all(isMember, ne(pid, INIT), isProcess(args.clone_flags)),
    body: join(u64(args.pid), CHANGE.born),
  }))

/** Nobody joins: how many children were made is told. */
export const countChildren = (mine: Int): Handler =>
  on('task:task_newtask', 'a process of the target makes another, which is not watched', (args) => ({
    when: all(mine, isProcess(args.clone_flags)),
    body: [record(countIn(children))],
  }))

/** After all programs of probes on the same event: what they keep of a thread is let go while it is still one of ours. */
export const leaveAtExit = (): Handler =>
  on('sched:sched_process_exit', 'a thread of the target ends, and with the last of them the process', () => ({
    when: isMember,
    body: bind('task', currentTask, (task) =>
      bind('ran', u64(field(task, 'se.sum_exec_runtime')), (ran) => [
        record(addTo(spentBy, [pid], ran), addTo(spent, [], ran)),
        // A number of a thread may stand there from before its process was told apart from it.
        when(eq(field(task, 'signal->live.counter'), 0), leave(CHANGE.ended)),
      ]),
    ),
  }))

/** A port that is watched, and how its namespace is told. */
export interface WatchedPort {
  number: number
  inNamespace: (sk: Pointer) => readonly Int[]
}

const isOfPort = (sk: Pointer, { number, inNamespace }: WatchedPort): Int =>
  all(eq(field(sk, '__sk_common.skc_num'), number), isTcp(sk), ...inNamespace(sk))

/** Whoever begins to listen on the port serves it: a service that was started again, a sibling by SO_REUSEPORT. */
export const joinListeners = (port: WatchedPort): Handler =>
  on('sock:inet_sock_set_state', 'a process begins to listen on the port of the target: it serves it, too', (args) => ({
    when: all(
      eq(args.newstate, LISTEN),
      eq(args.protocol, TCP),
      eq(args.sport, port.number),
      eq(read(members, pid), 0),
      ne(pid, INIT),
    ),
    body: bind('sk', { kind: 'pointer', node: 'cast', type: 'struct sock *', value: args.skaddr } as Pointer, (sk) => {
      const inNamespace = port.inNamespace(sk)
      const body = join(pid, CHANGE.listens)
      return inNamespace.length > 0 ? [when(all(...inNamespace), body)] : body
    }),
  }))

/** Whoever accepts from it serves it, however it came by the socket: one can be sent to any process (SCM_RIGHTS). */
export const joinAcceptors = (port: WatchedPort): Handler =>
  onEach(
    ['syscalls:sys_enter_accept', 'syscalls:sys_enter_accept4'],
    'a process accepts from the port of the target: it serves it, too',
    (args) => ({
      when: all(eq(read(members, pid), 0), ne(pid, INIT)),
      body: fileAt(args.fd, (file, isSocket) => [
        when(
          isSocket,
          socketOfFile(file, (sk) => [
            when(all(eq(field(sk, '__sk_common.skc_state'), LISTEN), isOfPort(sk, port)), join(pid, CHANGE.accepts)),
          ]),
        ),
      ]),
    }),
  )

/** Descriptors looked at when a program begins: sockets that it inherits are among its first. */
const DESCRIPTORS = 16

/**
 * Who executes a program is of the target when it holds a socket of the port (a service that inherits its listener, a
 * child that was handed a connection), or runs the program of its parent, which is of the target (a worker that is
 * started, not forked). Who does neither is no part of the service any more: the shell of a user, a hook, a tool.
 */
export const judgeExecutors = (port: WatchedPort): Handler =>
  on('sched:sched_process_exec', 'a program begins: does it hold a socket of the port, or is it a worker?', () => ({
    when: ne(pid, INIT),
    body: bind('task', currentTask, (task) =>
      bind('stays', u64(0), (stays) =>
        bind('parent', u64(field(task, 'real_parent->tgid')), (parent) => [
          when(
            all(
              positive(read(members, parent)),
              eq(u64(follow(task, 'mm->exe_file->f_inode')), u64(follow(task, 'real_parent->mm->exe_file->f_inode'))),
            ),
            [assign(stays, u64(1))],
          ),
          ...bind('most', u64(field(task, 'files->fdt->max_fds')), (most) =>
            bind('fd', u64(0), (fd) => [
              repeat(DESCRIPTORS, [
                when(
                  all(eq(stays, 0), lt(fd, most)),
                  fileAt(fd, (file, isSocket) => [
                    when(
                      isSocket,
                      socketOfFile(file, (sk) => [when(isOfPort(sk, port), [assign(stays, u64(1))])]),
                    ),
                  ]),
                ),
                assign(fd, u64(add(fd, 1))),
              ]),
            ]),
          ),
          when(
            positive(stays),
            [when(eq(read(members, pid), 0), join(pid, CHANGE.executes))],
            [
              when(isMember, [
                comment('the recorder looks at its other descriptors'),
                ...bind('ran', u64(field(task, 'se.sum_exec_runtime')), (ran) => [
                  record(addTo(spentBy, [pid], ran), addTo(spent, [], ran)),
                ]),
                ...leave(CHANGE.executedAnother),
              ]),
            ],
          ),
        ]),
      ),
    ),
  }))
