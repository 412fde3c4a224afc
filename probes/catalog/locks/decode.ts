import { z } from 'zod'
import type { Decoded, DecodedStack } from '../../define.ts'
import type { DecodeContext, RawFrame, WindowFrame } from '../../engine/frame.ts'
import { emptyHistogram, histogramOf } from '../../histogram.ts'
import { isLock, type LockClass, refineClass } from '../../locks/lock-class.ts'
import { byKey, count, histogram } from '../../record.ts'
import { byLockSchema } from './by-lock.ts'
import { address, began, classOf, kernelStacks, kernelWaits, kind, place, stacks, time, waits } from './programs.ts'

export const recordSchema = z.object({
  user: z.object({
    /** waits for locks and their time, by what the calls tell */
    waits: count(),
    wait_ns: count(),
    latency: histogram(),
    /** different lock addresses waited for in one window, summed over windows */
    contended: count(),
    by_class: byKey(z.object({ waits: count(), wait_ns: count() })),
    /** those that are for locks by the names in their stacks or of what they wait for alone: an interpreter's */
    by_name: z.object({ waits: count(), wait_ns: count() }).optional(),
    /** the same waits by lock and by who waits, also in the kernel; in windows that have stacks */
    by_lock: byLockSchema.optional(),
  }),
  kernel: z.object({ waits: count(), wait_ns: count(), by_kind: byKey(count()) }).nullable(),
})
type Data = z.infer<typeof recordSchema>

export function decode(frame: WindowFrame, context: DecodeContext, withKernel: boolean): Decoded<Data> {
  const rows: DecodedStack[] = []
  const byName = { waits: 0, wait_ns: 0 }
  const byClass = new Map<LockClass, { waits: number; wait_ns: number }>()
  const addresses = new Set<string>()
  const note = (as: LockClass, waited: number, ns: number, lock: string) => {
    const seen = byClass.get(as) ?? { waits: 0, wait_ns: 0 }
    byClass.set(as, { waits: seen.waits + waited, wait_ns: seen.wait_ns + ns })
    if (isLock(as)) addresses.add(lock)
  }
  for (const { key, value, count: waited } of frame.rows(time)) note(classOf(key[0]), waited, value, String(key[1]))
  for (const { key, value, count: waited } of frame.rows(stacks)) {
    const frames = context.names(key[2] as RawFrame[], [])
    const [told, lock] = [classOf(key[0]), String(key[1])]
    const name = context.dataName(lock)
    const as = refineClass(told, frames, name)
    const sign = Number(isLock(as)) - Number(isLock(told))
    byName.waits += sign * waited
    byName.wait_ns += sign * value
    rows.push({ value, count: waited, frames, dims: dimsOf(lock, as, name) })
  }
  const open = openWaits(frame, context)
  for (const wait of open) {
    // An unfinished wait adds its time, not a wait: it is counted where it ends.
    note(wait.class, 0, wait.ns, wait.address)
    rows.push({
      value: wait.ns,
      count: 1,
      frames: wait.frames,
      dims: dimsOf(wait.address, wait.class, context.dataName(wait.address)),
    })
  }
  for (const { key, value, count: waited } of withKernel ? frame.rows(kernelStacks) : [])
    rows.push({
      value,
      count: waited,
      frames: context.names([], key[2] as RawFrame[]),
      dims: { lock: 'kernel', address: String(key[1]), class: kernelKind(Number(key[0])) },
    })
  const locks = [...byClass].filter(([as]) => isLock(as)).map(([, sum]) => sum)
  const lockBuckets = frame.rows(waits).filter((row) => isLock(classOf(row.key[0])))
  const ended = frame
    .rows(time)
    .filter((row) => isLock(classOf(row.key[0])))
    .reduce((n, row) => n + row.value, 0)
  return {
    data: {
      user: {
        waits: locks.reduce((n, sum) => n + sum.waits, 0),
        wait_ns: locks.reduce((n, sum) => n + sum.wait_ns, 0),
        latency:
          lockBuckets.length > 0
            ? histogramOf(
                lockBuckets.map((row) => [Number(row.key[1]), row.value] as const),
                ended,
              )
            : emptyHistogram(),
        contended: addresses.size,
        by_class: Object.fromEntries(byClass),
        ...(frame.withStacks ? { by_name: byName } : {}),
      },
      kernel: withKernel ? kernelData(frame) : null,
    },
    stacks: rows,
  }
}

const dimsOf = (address: string, as: LockClass, name: string | null): Record<string, string> => ({
  ...{ lock: 'user', address, class: as },
  ...(name === null ? {} : { name }),
})

function kernelData(frame: WindowFrame): NonNullable<Data['kernel']> {
  const rows = frame.rows(kernelWaits)
  const byKind: Record<string, number> = {}
  for (const row of rows) {
    const as = kernelKind(Number(row.key[0]))
    byKind[as] = (byKind[as] ?? 0) + row.value
  }
  return {
    waits: rows.reduce((n, row) => n + row.count, 0),
    wait_ns: rows.reduce((n, row) => n + row.value, 0),
    by_kind: byKind,
  }
}

function openWaits(frame: WindowFrame, context: DecodeContext) {
  const byThread = (map: typeof began | typeof place) =>
    new Map((frame.open(map) ?? []).map((row) => [row.key[0], row.value]))
  const [addresses, kinds, places] = [byThread(address), byThread(kind), byThread(place)]
  return (frame.open(began) ?? []).flatMap(({ key, value }) => {
    const t0 = Number(value)
    if (t0 === 0 || t0 > frame.endNs) return []
    const frames = context.names((places.get(key[0]) ?? []) as RawFrame[], [])
    const lock = `0x${Number(addresses.get(key[0]) ?? 0).toString(16)}`
    const as = refineClass(classOf(kinds.get(key[0])), frames, context.dataName(lock))
    const from = Math.max(t0, context.phaseStartNs)
    const wholePhase =
      t0 <= context.phaseStartNs || frame.endNs - from >= IDLE_SHARE * (frame.endNs - context.phaseStartNs)
    return [
      {
        frames,
        ns: frame.endNs - from,
        address: lock,
        class: as === 'condition' && wholePhase ? ('idle' as const) : as,
      },
    ]
  })
}

/** A condition wait that lasts nine tenths of the phase or more is a thread without work, not a delay. */
const IDLE_SHARE = 0.9

/** Flags of lock:contention_begin (include/trace/events/lock.h). */
const kernelKind = (flags: number): string =>
  flags & 32
    ? 'mutex'
    : flags & 16
      ? 'percpu-rwsem'
      : flags & 8
        ? 'rtmutex'
        : flags & 6
          ? flags & 1
            ? 'rwlock'
            : 'rwsem'
          : flags & 1
            ? 'spinlock'
            : 'other'
