import os from 'node:os'
import { AARCH64_SYSCALLS, I386_SYSCALLS, type NumberedRun, X86_64_SYSCALLS } from './syscall-tables.ts'

/** Added to the number of a call made through the 32-bit gate of a 64-bit x86 kernel, which has numbers of its own. */
export const COMPAT = 65_536
const MOST_CALLS = 4096

/**
 * Name of a system call number, e.g. 0 -> "read" on x86_64; `syscall_N` for a number this table does not have (a newer
 * kernel, the x32 interface) and on other machines. A 32-bit call of x86 is `COMPAT` and its number.
 *
 * @param machine as `uname -m` says
 */
export function syscallName(id: number, machine: string = os.machine()): string {
  const own = id - COMPAT
  if (own >= 0 && own < MOST_CALLS) return namesOf('i386').get(own) ?? `32-bit syscall_${own}`
  return namesOf(machine).get(id) ?? `syscall_${id}`
}

/** Number of a 32-bit call of x86 as scripts tell it apart; null when there is none of that name. */
export function compatNumber(name: string): number | null {
  for (const [number, known] of namesOf('i386')) if (known === name) return COMPAT + number
  return null
}

/** Whether the table has names for this machine. */
export const knowsSyscallsOf = (machine: string): boolean => machine in tables

/**
 * System calls whose purpose is to wait: long ones are idleness as often as trouble, so they are counted but left out of
 * rankings of slow calls. Reads and writes are not here: a slow one is a finding.
 */
export const isWaiting = (name: string): boolean => waiting.has(name)

const waiting = new Set(
  `accept accept4 clock_nanosleep epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old futex futex_wait futex_waitv
  io_getevents io_pgetevents io_uring_enter mq_timedreceive msgrcv nanosleep pause poll ppoll pselect6 restart_syscall
  rt_sigsuspend rt_sigtimedwait select semop semtimedop wait4 waitid`.split(/\s+/),
)

const tables: Readonly<Record<string, readonly NumberedRun[]>> = {
  x86_64: X86_64_SYSCALLS,
  aarch64: AARCH64_SYSCALLS,
  i386: I386_SYSCALLS,
}
const unpacked = new Map<string, ReadonlyMap<number, string>>()

function namesOf(machine: string): ReadonlyMap<number, string> {
  const seen = unpacked.get(machine)
  if (seen) return seen
  const names = new Map<number, string>()
  for (const [first, run] of tables[machine] ?? [])
    for (const [offset, name] of run.trim().split(/\s+/).entries()) names.set(first + offset, name)
  unpacked.set(machine, names)
  return names
}
