import { z } from 'zod'
import type { DecodedStack } from '../../define.ts'
import { namesLock } from '../../locks/lock-class.ts'
import { count, mostRows, rows } from '../../record.ts'
import { CALLER_NOT_SEEN } from '../../symbols/frames.ts'

/** Waits by what was waited for and where: one row for each lock, class and waiting function. */
export const byLockSchema = rows(
  z.array(
    z.object({
      /** a pthread mutex, condition, ...; of the kernel's own locks `kernel mutex`, ... */
      class: z.string(),
      /** of the futex, or of the kernel's lock */
      address: z.string(),
      /** the variable that it is or lies in, where that is a symbol of a file */
      name: z.string().nullable().optional(),
      /** the innermost function that is not part of the locking itself, or what it was called from; null where none has a name */
      waiter: z.string().nullable(),
      count: count(),
      wait_ns: count(),
    }),
  ),
  (row) => `${row.class} ${row.address} ${row.waiter}`,
)
export type ByLock = z.infer<typeof byLockSchema>

/** Adds up stack rows whose names are readable. */
export function waitsByLock(stacks: readonly DecodedStack[]): ByLock {
  const sums = new Map<string, ByLock[number]>()
  for (const { value, count: waited, frames, dims } of stacks) {
    const isKernel = dims?.['lock'] === 'kernel'
    const row = {
      class: isKernel ? `kernel ${dims?.['class']}` : (dims?.['class'] ?? 'other'),
      address: dims?.['address'] ?? '0x0',
      ...(dims?.['name'] === undefined ? {} : { name: dims['name'] }),
      waiter: waiterIn(frames, isKernel),
    }
    const key = Object.values(row).join(' ')
    const sum = sums.get(key) ?? { ...row, count: 0, wait_ns: 0 }
    sums.set(key, { ...sum, count: sum.count + waited, wait_ns: sum.wait_ns + value })
  }
  return mostRows([...sums.values()])
}

const KERNEL = '_[k]'
/** Ways into the kernel's locks, and what they call. */
const KERNEL_LOCK = /lock|mutex|rwsem|^down(_|$)|contention|schedule|rt_waiter/i

/** Frames are root first. Names in brackets are of no function; one of them says that a function was passed over. */
function waiterIn(frames: readonly string[], isKernel: boolean): string | null {
  let isPassedOver = false
  for (let at = frames.length - 1; at >= 0; at--) {
    const name = frames[at] ?? ''
    isPassedOver ||= name === CALLER_NOT_SEEN
    if (name.startsWith('[') || name.endsWith(KERNEL) !== isKernel) continue
    const bare = isKernel ? name.slice(0, -KERNEL.length) : name
    if (isKernel ? KERNEL_LOCK.test(bare) : namesLock(bare)) continue
    return isPassedOver ? `called from ${bare}` : bare
  }
  return null
}
