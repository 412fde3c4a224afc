import { isLockName } from '../locks/lock-class.ts'

/**
 * What a thread waits for.
 * - work: a request, a job, its next turn; nobody is kept waiting meanwhile
 * - lock: what another thread holds
 * - blocked: anything else that it needs to go on
 * - unknown: it cannot be told
 */
export type WaitClass = 'work' | 'lock' | 'blocked' | 'unknown'

/** What the system call and its arguments told of a wait (catalog/off-cpu/wait-kind.ts). */
export type Told = 'nothing' | 'condition' | 'lock' | 'unknown' | 'work' | 'delay'

/** Names a kernel function; its stack entry ends in _[k]. */
const kernel = (names: string): RegExp => new RegExp(`^(${names.trim().split(/\s+/).join('|')})(\\.|_\\[k\\]|$)`)

/** Kernel functions in which a thread waits for something to do, wherever it came from. */
const FOR_WORK = kernel(`
  ep_poll do_epoll_wait do_epoll_pwait do_poll do_sys_poll do_select core_sys_select
  inet_csk_accept inet_csk_wait_for_connect unix_accept io_cqring_wait
  __x64_sys_rt_sigtimedwait do_sigtimedwait sigsuspend __x64_sys_rt_sigsuspend __arm64_sys_rt_sigsuspend
  __x64_sys_pause __do_sys_pause __se_sys_pause do_wait kernel_wait4 __do_wait
  inotify_read fanotify_read signalfd_read signalfd_read_iter timerfd_read timerfd_read_iter eventfd_read
  do_msgrcv do_mq_timedreceive
`)

/** Kernel functions in which it waits for a lock: of the kernel, on a file, a semaphore of System V. */
const FOR_LOCK = kernel(`
  rwsem_down_read_slowpath rwsem_down_write_slowpath __mutex_lock __mutex_lock_slowpath __down __down_common
  do_semtimedop __do_semtimedop locks_lock_inode_wait posix_lock_inode_wait flock_lock_inode_wait fcntl_setlk
`)

const FUTEX = kernel(
  'futex_wait __futex_wait futex_wait_queue futex_wait_queue_me futex_do_wait do_futex futex_lock_pi',
)

/**
 * Functions of well-known programs and libraries that say what is waited for below them, whatever system call does the
 * waiting; the innermost that is known decides. C++ and Rust names are as the linker has them or readable. A
 * name that many use stands with what it calls: `caller;callee`.
 */
const BY_FUNCTION: readonly (readonly [RegExp, WaitClass])[] = [
  // PostgreSQL: heavy locks, light locks; its helpers that wait for their next turn, and backends for their client
  [/^(ProcSleep|LWLockAcquire(OrWait)?|LWLockWaitForVar|LWLockDequeueSelf|LockBufferForCleanup)$/, 'lock'],
  [
    /^(SyncRepWaitForLSN|ConditionVariable(Timed)?Sleep|pg_sleep\w*|gather_readnext|shm_mq_\w+|secure_write)$/,
    'blocked',
  ],
  [/^(WaitForParallelWorkers\w*|WaitForBackgroundWorker\w*|libpqrcv_\w+)$/, 'blocked'],
  // the interpreter locks of Python and Ruby
  [/^(take_gil|_PyEval_TakeGIL|PyEval_(RestoreThread|AcquireThread|AcquireLock)|PyGILState_Ensure)$/, 'lock'],
  [/^(gvl_acquire\w*|thread_sched_to_running\w*|thread_sched_wait_running_turn)$/, 'lock'],
  // names and addresses
  [
    /^(__GI_|__)?(getaddrinfo|gethostby\w+|gethostbyaddr\w*|getnameinfo|res_n?(send|query|search|mkquery)\w*)$/,
    'blocked',
  ],
  [/^(__res_context_\w+|__res_n?\w+|__libc_res_\w+|__res_msend\w*|__lookup_name|send_dg|send_vc|_nss_\w+)$/, 'blocked'],
  // clients: PostgreSQL, MySQL, Redis, memcached, MongoDB, curl, LDAP
  [/^(PQ(exec|getResult|connect|reset|getCopyData|fn)\w*|pq(Wait|Socket)\w*)$/, 'blocked'],
  [
    /^(mysql_(real_|stmt_|send_|read_|ping|store_|use_|next_|close)\w*|vio_(io_wait|socket_io_wait|read\w*)|cli_\w+)$/,
    'blocked',
  ],
  [/^(mysqlnd_\w+|redis(BufferRead|GetReply|Command|vCommand)\w*|memcached_io_\w+|mongoc_\w+)$/, 'blocked'],
  [/^(curl_(easy|multi)_(perform|wait|poll)|Curl_(poll|socket_check|wait_ms)|ldap_\w*result\w*)$/, 'blocked'],
  [/^(BIO_connect|SSL_connect|SSL_do_handshake)$/, 'blocked'],
  // threads that wait for a job of their pool: libuv, V8 and Node, the JVM, GLib, Boost.Asio, Tokio, Go, nginx, Redis, FPM
  [/^worker;uv_cond_wait$/, 'work'],
  [/(PlatformWorkerThread|DelayedTaskScheduler|WorkerThreadsTaskRunner|BlockingPop|StartIoThreadMain)/, 'work'],
  [
    /^(WorkerThread|GangWorker|AbstractGangWorker|VMThread|WatcherThread|CompileBroker|ServiceThread|G1\w+Thread)(::|$)/,
    'work',
  ],
  [/^_ZN(K)?\d*(12WorkerThread|10GangWorker|8VMThread|13WatcherThread|13CompileBroker|13ServiceThread)/, 'work'],
  [
    /(ThreadPoolExecutor\.getTask|ThreadPoolExecutor::getTask|BlockingQueue[:.]+take|ForkJoinPool[:.]+awaitWork)/,
    'work',
  ],
  [/^(g_async_queue_\w*pop\w*|g_thread_pool_\w+)$/, 'work'],
  [/(asio.*(scheduler|task_io_service).*do_run_one|tokio.*(park|blocking.*pool))/, 'work'],
  [/^runtime\.(stopm|findRunnable|findrunnable|notetsleepg?|sysmon|mPark|templateThread|bgsweep)$/, 'work'],
  [/^(ngx_thread_pool_cycle|bioProcessBackgroundJobs|fcgi_accept_request|FCGX_Accept_r)$/, 'work'],
  [
    /^(WalWriterMain|CheckpointerMain|BackgroundWriterMain|AutoVacLauncherMain|ApplyLauncherMain|PgArchiverMain)$/,
    'work',
  ],
]

/** @param frames a blocked stack with its names, root first, the kernel's ending in _[k] */
export function waitClass(frames: readonly string[], told: Told = 'nothing'): WaitClass {
  const byFunction = classByFunction(frames)
  switch (told) {
    case 'work':
      return 'work'
    case 'delay':
      return 'blocked'
    case 'lock':
      return byFunction === 'work' ? 'work' : 'lock'
    case 'condition':
    case 'unknown':
      return byFunction ?? 'unknown'
    case 'nothing':
      return classByKernel(frames, byFunction)
  }
}

/** Whether the kernel part of a blocked stack (root first) is an event loop's poll, accept, or a wait for a child. */
export const pollsForWork = (frames: readonly string[]): boolean => inKernel(frames, FOR_WORK)

function classByKernel(frames: readonly string[], byFunction: WaitClass | null): WaitClass {
  if (inKernel(frames, FOR_WORK)) return byFunction ?? 'work'
  if (inKernel(frames, FUTEX)) return byFunction ?? 'unknown'
  return inKernel(frames, FOR_LOCK) ? 'lock' : 'blocked'
}

function inKernel(frames: readonly string[], pattern: RegExp): boolean {
  for (let i = frames.length - 1; i >= 0; i--) {
    const name = frames[i] ?? ''
    if (!name.endsWith('_[k]')) return false
    if (pattern.test(name)) return true
  }
  return false
}

function classByFunction(frames: readonly string[]): WaitClass | null {
  const names = frames.filter((name) => !name.endsWith('_[k]') && !name.startsWith('[')).map(bareName)
  for (let i = names.length - 1; i >= 0; i--) {
    const tried = [names[i] ?? '', `${names[i]};${names[i + 1]}`]
    const known = BY_FUNCTION.find(([pattern]) => tried.some((name) => pattern.test(name)))
    if (known) return known[1]
  }
  return names.some(isLockName) ? 'lock' : null
}

/** Without arguments, version and the mark of just-in-time code. */
const bareName = (name: string): string => name.replace(/[(@].*$/, '').replace(/_\[j\]$/, '')
