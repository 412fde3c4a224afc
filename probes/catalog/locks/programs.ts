import type { LockClass } from '../../locks/lock-class.ts'
import { all, bitAnd, eq, gt, kstack, nsecs, read, since, tid, u64, ustack } from '../../script/expr.ts'
import { phaseStart } from '../../script/frame.ts'
import { addTo, countIn, openMap, resultMap, stateMap } from '../../script/maps.ts'
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

// Futex operations that wait (include/uapi/linux/futex.h); the mask removes PRIVATE and CLOCK_REALTIME.
const OP_MASK = 127
const WAIT = 0
const LOCK_PI = 6
const WAIT_BITSET = 9
const WAIT_REQUEUE_PI = 11
const LOCK_PI2 = 13

/**
 * What the arguments of the call alone tell. glibc's low-level lock waits with FUTEX_WAIT and the value 2; Rust's std
 * mutex with FUTEX_WAIT_BITSET and 2; condition variables and semaphores with WAIT_BITSET and 0.
 */
const CLASSES: Record<number, LockClass> = { 1: 'mutex', 2: 'mutex', 3: 'condition', 4: 'other' }
export const classOf = (code: unknown): LockClass => CLASSES[Number(code)] ?? 'other'
const LOW_LEVEL_LOCK = 1
const PRIORITY_INHERITING = 2
const BITSET = 3
const OTHER = 4

export const began = openMap('futex_since', 'int', 'int')
export const address = openMap('futex_address', 'int', 'int')
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
    when: all(filter.mine, maskedIn(args.op, OP_MASK, [WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2])),
    body: bind('class', u64(OTHER), (itsClass) => [
      when(all(eq(bitAnd(args.op, OP_MASK), WAIT), eq(args.val, 2)), [assign(itsClass, u64(LOW_LEVEL_LOCK))]),
      when(maskedIn(args.op, OP_MASK, [LOCK_PI, LOCK_PI2]), [assign(itsClass, u64(PRIORITY_INHERITING))]),
      when(maskedIn(args.op, OP_MASK, [WAIT_BITSET, WAIT_REQUEUE_PI]), [
        assign(itsClass, u64(BITSET)),
        when(eq(args.val, 2), [assign(itsClass, u64(LOW_LEVEL_LOCK))]),
      ]),
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
