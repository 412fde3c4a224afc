import { classifyFutex, FUTEX } from '../../locks/futex-wait.ts'
import {
  add,
  all,
  any,
  bitAnd,
  bitOr,
  currentTask,
  type Expr,
  eq,
  field,
  follow,
  gt,
  int,
  load,
  ne,
  not,
  oneOf,
  pid,
  read,
  since,
  struct,
  tid,
  times,
  u64,
  userWord,
} from '../../script/expr.ts'
import { stateMap } from '../../script/maps.ts'
import { assign, bind, comment, positive, type Statement, set, type TargetFilter, when } from '../../script/parts.ts'

type Int = Expr<'int'>

/** How a thread left the CPU, and what its system call tells of why; kept of it until it is back. */
export const KIND = {
  /** nothing but its stack tells */
  voluntary: 1,
  preempted: 2,
  /** a futex that is no lock's: a condition, a parked thread */
  condition: 3,
  lock: 4,
  /** a futex of which nothing is known, or the nap of a thread of which too little is */
  unknown: 5,
  /** something to do: a request, a job, the next turn of a timer */
  work: 6,
  /** something that it needs to go on: an answer, a child's output, the end of a nap */
  delay: 7,
} as const

/** What a thread is known to get its work from, as bits: what else it waits for is then a part of that work. */
export const sources = stateMap('off_source', 'int', 'int')
const REQUESTS = 1
/** it began while it was watched: little is known of it yet */
const BORN = 2
const JOBS = 4
/** it waits for locks, so there are others: what brings it work may never have let it wait */
const LOCKS = 8

/** TCP ports that the target listens on: connections to them are those that it has accepted. */
export const ports = stateMap('off_port', 'int', 'int')

export const rememberPorts = (filter: TargetFilter): Statement[] =>
  filter.ports.map((port) => set(ports, [u64(port)], u64(1)))
export const born = (thread: Int): Statement => set(sources, [thread], u64(BORN))

/**
 * The registers that a thread entered the kernel with lie at the top of its kernel stack (x86-64: struct pt_regs in
 * arch/x86/include/asm/ptrace.h). Kernels with FRED leave 16 bytes above them: the stack segment, which is the same in
 * every 64-bit program, says whether this is the place.
 */
const STACK_BYTES = 16_384
const REGISTERS_BYTES = 168
const FRED_BYTES = 16
const PLACE = { di: 112, si: 104, dx: 96, number: 120, ss: 160 }
const USER_SEGMENT = 0x2b

/** Sets variables: the number of the system call that a thread of ours is in (NONE where it is in none), two arguments. */
function registers(
  filter: TargetFilter,
  rest: (call: { number: Int; first: Int; second: Int; third: () => Int }) => readonly Statement[],
): Statement[] {
  const isHere = (at: Int) => eq(bitAnd(load(add(at, PLACE.ss)), 0xffff), USER_SEGMENT)
  return bind('regs', add(u64(follow(currentTask, 'stack')), STACK_BYTES - REGISTERS_BYTES), (at) => [
    when(not(isHere(at)), [assign(at, since(at, int(FRED_BYTES)))]),
    ...bind('number', u64(NONE), (number) =>
      bind('first', u64(0), (first) =>
        bind('second', u64(0), (second) => [
          when(all(isHere(at), ...(filter.isCompat ? [not(filter.isCompat)] : [])), [
            assign(number, load(add(at, PLACE.number))),
            assign(first, load(add(at, PLACE.di))),
            assign(second, load(add(at, PLACE.si))),
          ]),
          ...rest({ number, first, second, third: () => load(add(at, PLACE.dx)) }),
        ]),
      ),
    ),
  ])
}
const NONE = 65_535

const S_IFMT = 0xf000
const S_IFIFO = 0x1000
const S_IFCHR = 0x2000
const S_IFSOCK = 0xc000
const AF_UNIX = 1
const AF_INET = 2
const AF_INET6 = 10

/**
 * Sets `kind` to what the current thread, which is about to leave the CPU in a system call, waits for. The call, its
 * arguments and what stands behind its descriptor tell: a connection that was accepted brings work, one that was made by
 * the thread itself keeps it waiting. A nap or a read of a pipe is a part of its work when the thread gets work elsewhere.
 */
export function judgeWait(filter: TargetFilter, kind: Int): Statement[] {
  const numbers = (...names: string[]) => names.flatMap((name) => filter.syscall(name) ?? [])
  const calls = {
    reads: numbers('read', 'readv', 'recvfrom', 'recvmsg', 'recvmmsg'),
    polls: numbers('poll', 'ppoll'),
    sleeps: numbers('nanosleep', 'clock_nanosleep'),
    selects: numbers('select', 'pselect6'),
    accepts: numbers('accept', 'accept4'),
    loops: numbers('epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'io_uring_enter'),
    signals: numbers('wait4', 'waitid', 'pause', 'rt_sigsuspend', 'rt_sigtimedwait'),
    futex: numbers('futex'),
  }
  return registers(filter, ({ number, first, second, third }) =>
    bind('source', read(sources, tid), (source) =>
      bind('gets', source, (gets) =>
        bind('fd', u64(NONE), (fd) =>
          bind('polls', u64(0), (polls) =>
            bind('sleeps', u64(0), (sleeps) => [
              when(oneOf(number, calls.reads), [assign(fd, first)]),
              when(oneOf(number, calls.polls), [
                comment('of one descriptor: as a read of it; of none: a nap'),
                when(eq(second, 1), [assign(polls, u64(1)), assign(fd, bitAnd(userWord(first), 0xffff_ffff))]),
                when(eq(second, 0), [assign(sleeps, u64(1))]),
                when(gt(second, 1), [assign(gets, bitOr(source, REQUESTS))]),
              ]),
              when(oneOf(number, calls.selects), [
                when(eq(first, 0), [assign(sleeps, u64(1))], [assign(gets, bitOr(source, REQUESTS))]),
              ]),
              when(oneOf(number, calls.loops), [assign(gets, bitOr(source, REQUESTS))]),
              when(oneOf(number, calls.accepts), [assign(kind, u64(KIND.work)), assign(gets, bitOr(source, REQUESTS))]),
              when(oneOf(number, calls.signals), [assign(gets, bitOr(source, JOBS))]),
              when(oneOf(number, calls.sleeps), [assign(sleeps, u64(1))]),
              when(positive(sleeps), [
                comment('a thread that does nothing else keeps house'),
                assign(kind, u64(KIND.delay)),
                when(eq(source, 0), [assign(kind, u64(KIND.work))]),
                when(eq(source, LOCKS), [assign(kind, u64(KIND.unknown))]),
              ]),
              when(
                oneOf(number, calls.futex),
                judgeFutex({ kind, gets, source, address: first, op: second, value: third() }),
              ),
              when(ne(fd, NONE), judgeDescriptor({ kind, gets, source, fd, polls })),
              when(ne(gets, source), [set(sources, [tid], gets)]),
            ]),
          ),
        ),
      ),
    ),
  )
}

function judgeFutex(of: { kind: Int; gets: Int; source: Int; address: Int; op: Int; value: Int }): Statement[] {
  const { kind, gets, source } = of
  return classifyFutex(of, (futex) => [
    assign(kind, u64(KIND.unknown)),
    when(oneOf(futex, [FUTEX.mutex, FUTEX.priorityInheriting, FUTEX.rwlock, FUTEX.semaphore]), [
      assign(kind, u64(KIND.lock)),
      assign(gets, bitOr(source, LOCKS)),
    ]),
    when(eq(futex, FUTEX.condition), [assign(kind, u64(KIND.condition)), assign(gets, bitOr(source, JOBS))]),
    // The first thread of a process that waits for its others does nothing else.
    when(all(eq(futex, FUTEX.join), eq(pid, tid)), [assign(kind, u64(KIND.work))]),
  ])
}

interface Judged {
  kind: Int
  gets: Int
  source: Int
}
const brings = ({ kind, gets, source }: Judged, bit: number): Statement[] => [
  assign(kind, u64(KIND.work)),
  assign(gets, bitOr(source, bit)),
]
const keepsWaiting = ({ kind }: Judged): Statement => assign(kind, u64(KIND.delay))

/** A read of a descriptor, or a poll of it alone. */
function judgeDescriptor(of: Judged & { fd: Int; polls: Int }): Statement[] {
  const { source, fd, polls } = of
  return bind('mode', u64(0), (mode) =>
    bind('jobs', u64(0), (jobs) =>
      bind('slot', add(u64(field(currentTask, 'files->fdt->fd')), times(fd, 8)), (slot) =>
        bind('file', struct('file', load(slot)), (file) => [
          assign(mode, bitAnd(u64(field(file, 'f_inode->i_mode')), S_IFMT)),
          when(any(oneOf(mode, [S_IFIFO, S_IFCHR]), all(positive(polls), ne(mode, S_IFSOCK))), [assign(jobs, u64(1))]),
          when(
            eq(mode, S_IFSOCK),
            bind('socket', struct('socket', follow(file, 'private_data')), (socket) =>
              bind('sk', struct('sock', follow(socket, 'sk')), (sk) =>
                bind('family', u64(field(sk, '__sk_common.skc_family')), (family) => [
                  when(oneOf(family, [AF_INET, AF_INET6]), judgeInternet(of, sk), [
                    assign(jobs, u64(1)),
                    when(eq(family, AF_UNIX), judgeUnix(of, sk, jobs)),
                  ]),
                ]),
              ),
            ),
          ),
          when(positive(jobs), [
            comment('a pipe, a terminal: the work of a thread that gets none elsewhere'),
            when(eq(bitAnd(source, REQUESTS), 0), brings(of, JOBS), [keepsWaiting(of)]),
          ]),
        ]),
      ),
    ),
  )
}

/** A connection of a port that the target listens on was accepted; a datagram socket connected to nobody is a server's. */
const judgeInternet = (of: Judged, sk: Expr<'pointer'>): Statement[] =>
  bind('port', u64(field(sk, '__sk_common.skc_num')), (port) =>
    bind('remote', u64(field(sk, '__sk_common.skc_dport')), (remote) => [
      when(any(positive(read(ports, port)), eq(remote, 0)), brings(of, REQUESTS), [keepsWaiting(of)]),
    ]),
  )

/** One that was accepted has its listener's name, one that connected has a peer with a name, one of a pair neither. */
const judgeUnix = (of: Judged, sk: Expr<'pointer'>, jobs: Int): Statement[] =>
  bind('unix', struct('unix_sock', u64(sk)), (unix) =>
    bind('peer', struct('unix_sock', follow(unix, 'peer')), (peer) => [
      when(
        positive(u64(follow(unix, 'addr'))),
        [assign(jobs, u64(0)), ...brings(of, REQUESTS)],
        [when(positive(u64(follow(peer, 'addr'))), [assign(jobs, u64(0)), keepsWaiting(of)])],
      ),
    ]),
  )
