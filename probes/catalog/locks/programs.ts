import { classifyFutex, FUTEX, WAITS } from '../../locks/futex-wait.ts'
import type { LockClass } from '../../locks/lock-class.ts'
import { all, eq, gt, kstack, nsecs, read, since, tid, u64, ustack } from '../../script/expr.ts'
import { phaseStart } from '../../script/frame.ts'
import { addTo, countIn, openAddressMap, openMap, resultMap, stateMap } from '../../script/maps.ts'
import {
  assign,
  bind,
  forget,
  type Handler,
  log16,
  maskedIn,
  on,
  positive,
  record,
  set,
  type TargetFilter,
  when,
} from '../../script/parts.ts'
import type { PerThread } from '../../script/thread-end.ts'

/** What the call tells (locks/futex-wait.ts). */
const CLASSES: Record<number, LockClass> = {
  [FUTEX.mutex]: 'mutex',
  [FUTEX.priorityInheriting]: 'mutex',
  [FUTEX.condition]: 'condition',
  [FUTEX.other]: 'other',
  [FUTEX.rwlock]: 'rwlock',
  [FUTEX.semaphore]: 'semaphore',
  [FUTEX.join]: 'join',
}
export const classOf = (code: unknown): LockClass => CLASSES[Number(code)] ?? 'other'
const OP_MASK = 127

export const began = openMap('futex_since', 'int', 'int')
export const address = openAddressMap('futex_address', 'int')
export const kind = openMap('futex_class', 'int', 'int')
export const place = openMap('futex_stack', 'stack', 'int')
export const waits = resultMap('futex_latency', 'count', 'int', 'int')
export const time = resultMap('futex_ns', 'stats', 'int', 'address')
export const stacks = resultMap('futex_stacks', 'stats', 'int', 'address', 'stack')
/** of a user lock; `kind` is there as long as anything is */
export const perThread: PerThread = {
  since: began,
  maps: [began, address, place, kind],
  isKnown: (thread) => positive(read(kind, thread)),
}

const kernelBegan = stateMap('lock_since', 'int', 'int', 'int')
const kernelFlags = stateMap('lock_flags', 'int', 'int', 'int')
export const kernelWaits = resultMap('lock_ns', 'stats', 'int')
export const kernelStacks = resultMap('lock_stacks', 'stats', 'int', 'address', 'stack')

export const userHandlers = (filter: TargetFilter): Handler[] => [
  on('syscalls:sys_enter_futex', 'a thread is about to sleep on a futex', (args) => ({
    when: all(filter.mine, maskedIn(args.op, OP_MASK, WAITS)),
    body: classifyFutex({ address: args.uaddr, op: args.op, value: args.val }, (itsClass) => [
      set(kind, [tid], itsClass),
      set(address, [tid], u64(args.uaddr)),
      set(place, [tid], ustack),
      set(began, [tid], nsecs),
    ]),
  })),
  on('syscalls:sys_exit_futex', 'it goes on', () => ({
    when: filter.mine,
    body: bind('t0', read(began, tid), (t0) => [
      when(
        positive(t0),
        bind('phase_start', read(phaseStart), (phase) =>
          bind('from', t0, (from) => [
            when(gt(phase, from), [assign(from, phase)]),
            ...bind('class', read(kind, tid), (itsClass) =>
              bind('ns', since(nsecs, from), (ns) =>
                log16(ns, 'lat', (bucket) => [
                  record(
                    countIn(waits, itsClass, bucket),
                    addTo(time, [itsClass, read(address, tid)], ns),
                    addTo(stacks, [itsClass, read(address, tid), read(place, tid)], ns),
                  ),
                  forget(began, tid),
                ]),
              ),
            ),
          ]),
        ),
      ),
    ]),
  })),
]

export const kernelHandlers = (filter: TargetFilter): Handler[] => [
  on(
    'lock:contention_begin',
    'the slow path of a kernel lock (a mutex may begin several times: the first counts)',
    (args) => ({
      when: filter.mine,
      body: [
        when(eq(read(kernelBegan, tid, u64(args.lock_addr)), 0), [
          set(kernelBegan, [tid, u64(args.lock_addr)], nsecs),
          set(kernelFlags, [tid, u64(args.lock_addr)], u64(args.flags)),
        ]),
      ],
    }),
  ),
  on('lock:contention_end', 'it has the lock', (args) => ({
    when: filter.mine,
    body: bind('t0', read(kernelBegan, tid, u64(args.lock_addr)), (t0) => [
      when(
        positive(t0),
        bind('flags', read(kernelFlags, tid, u64(args.lock_addr)), (flags) =>
          bind('ns', since(nsecs, t0), (ns) => [
            record(addTo(kernelWaits, [flags], ns), addTo(kernelStacks, [flags, u64(args.lock_addr), kstack], ns)),
            forget(kernelBegan, tid, u64(args.lock_addr)),
            forget(kernelFlags, tid, u64(args.lock_addr)),
          ]),
        ),
      ),
    ]),
  })),
]
