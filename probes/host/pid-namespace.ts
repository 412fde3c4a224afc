import { readlinkSync } from 'node:fs'
import { lacking, type Support, supported, undetermined } from './support.ts'

/** Inode of the first pid namespace, the one the kernel counts in (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
const FIRST = 0xef_ff_ff_fc

/**
 * Whether process ids mean here what they mean to the kernel. In a pid namespace of its own (a container, unless it shares
 * the host's) they do not: kernel programs would look for other processes, and the recorder would not be heard.
 *
 * @param link what /proc/self/ns/pid points to; null: it may not be read
 */
export function judgePidNamespace(link: string | null = readLink()): Support {
  const inode = Number(/^pid:\[(\d+)\]$/.exec(link ?? '')?.[1] ?? Number.NaN)
  if (!Number.isInteger(inode)) return undetermined('/proc/self/ns/pid cannot be read')
  if (inode === FIRST) return supported('those of the kernel')
  return lacking(
    'process ids are not the kernel’s here: this is a pid namespace of its own',
    'run it on the host, where it sees into containers; or docker run --pid=host, hostPID: true in a pod; from a privileged shell of the host: nsenter -t 1 -p',
  )
}

function readLink(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return null // no /proc, or not ours to read
  }
}
