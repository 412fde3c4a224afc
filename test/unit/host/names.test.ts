import { existsSync, readdirSync } from 'node:fs'
import os from 'node:os'
import { describe, expect, test } from 'vitest'
import { errnoName } from '../../../probes/host/errno.ts'
import { isWaiting, knowsSyscallsOf, syscallName } from '../../../probes/host/syscalls.ts'

describe('system call names', () => {
  test.each([
    // arch/x86/entry/syscalls/syscall_64.tbl
    ['x86_64', 0, 'read'],
    ['x86_64', 232, 'epoll_wait'],
    ['x86_64', 257, 'openat'],
    ['x86_64', 288, 'accept4'],
    ['x86_64', 334, 'rseq'],
    ['x86_64', 335, 'uretprobe'],
    ['x86_64', 336, 'uprobe'],
    ['x86_64', 337, 'syscall_337'],
    ['x86_64', 424, 'pidfd_send_signal'],
    ['x86_64', 441, 'epoll_pwait2'],
    ['x86_64', 453, 'map_shadow_stack'],
    ['x86_64', 462, 'mseal'],
    ['x86_64', 469, 'file_setattr'],
    // scripts/syscall.tbl
    ['aarch64', 22, 'epoll_pwait'],
    ['aarch64', 25, 'fcntl'],
    ['aarch64', 63, 'read'],
    ['aarch64', 79, 'newfstatat'],
    ['aarch64', 98, 'futex'],
    ['aarch64', 222, 'mmap'],
    ['aarch64', 242, 'accept4'],
    ['aarch64', 250, 'syscall_250'],
    ['aarch64', 260, 'wait4'],
    ['aarch64', 291, 'statx'],
    ['aarch64', 449, 'futex_waitv'],
    // neither a number of ours nor a machine of ours
    ['x86_64', 0x4000_0000, 'syscall_1073741824'],
    ['x86_64', -1, 'syscall_-1'],
    ['riscv64', 63, 'syscall_63'],
  ])('%s %i is %s', (machine, id, name) => {
    expect(syscallName(id, machine)).toBe(name)
  })

  const events = '/sys/kernel/tracing/events/syscalls'
  test.runIf(existsSync(events) && knowsSyscallsOf(os.machine()))(
    'cover every system call this kernel can trace',
    () => {
      // Tracepoints carry the kernel function's name, which differs from the system call's for these.
      const called: Record<string, string> = {
        newstat: 'stat',
        newlstat: 'lstat',
        newfstat: 'fstat',
        newuname: 'uname',
        sendfile64: 'sendfile',
        umount: 'umount2',
      }
      const ours = new Set(Array.from({ length: 600 }, (_, id) => syscallName(id, os.machine())))
      const unnamed = readdirSync(events)
        .filter((name) => name.startsWith('sys_enter_'))
        .map((name) => name.slice('sys_enter_'.length))
        .filter((name) => !ours.has(called[name] ?? name))
      expect(unnamed).toEqual([])
    },
  )

  test('no name stands for two numbers of one machine', () => {
    for (const machine of ['x86_64', 'aarch64']) {
      const named = Array.from({ length: 600 }, (_, id) => syscallName(id, machine))
      expect(new Set(named).size, machine).toBe(named.length)
    }
  })

  test.each(['epoll_wait', 'epoll_pwait', 'poll', 'select', 'accept4', 'futex', 'clock_nanosleep'])(
    '%s waits',
    (name) => {
      expect(isWaiting(name)).toBe(true)
    },
  )
  test.each(['read', 'write', 'openat', 'connect', 'fsync', ''])('%j does work', (name) => {
    expect(isWaiting(name)).toBe(false)
  })
})

describe('error names', () => {
  test.each([
    [24, 'EMFILE'],
    [-24, 'EMFILE'],
    [99, 'EADDRNOTAVAIL'],
    [133, 'EHWPOISON'],
    [512, 'ERESTARTSYS'],
    [-516, 'ERESTART_RESTARTBLOCK'],
    [41, 'errno_41'],
    [134, 'errno_134'],
    [0, 'errno_0'],
  ])('%i is %s', (errno, name) => {
    expect(errnoName(errno)).toBe(name)
  })

  test('agree with the numbers Node knows', () => {
    // Two names for one number: ours is the one the kernel's header defines by number.
    const aliases: Record<string, string> = { EWOULDBLOCK: 'EAGAIN', ENOTSUP: 'EOPNOTSUPP' }
    const disagreeing = Object.entries(os.constants.errno).filter(
      ([name, number]) => errnoName(number) !== (aliases[name] ?? name),
    )
    expect(disagreeing).toEqual([])
  })
})
