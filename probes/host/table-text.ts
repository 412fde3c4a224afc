import { closeSync, openSync, readSync } from 'node:fs'

/** How the reading of a table ended: all of it, up to the limit, or as far as was wanted. */
export type TableEnd = 'whole' | 'cut' | 'stopped'

export interface TableLimits {
  /** bytes read at most; anybody can make a table of sockets long */
  most: number
  /** bytes asked for at once: the kernel goes on until it has as many, so who may stop early asks for few */
  atOnce?: number
}

/**
 * Reads a table of /proc (net/tcp, net/unix) and hands on its whole lines, as they come. Without waiting, and no further than
 * `take` wants or the limit allows. `null`: there is none, it may not be read, or its process ended meanwhile.
 *
 * @param take lines with their ends, the last perhaps without; returns whether to go on
 */
export function readTableText(
  path: string,
  { most, atOnce = 64 * 1024 }: TableLimits,
  take: (lines: string) => boolean,
): TableEnd | null {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return null
  }
  try {
    const chunk = Buffer.allocUnsafe(atOnce)
    let rest = ''
    for (let left = most; left > 0; ) {
      const length = readSync(fd, chunk, 0, Math.min(left, atOnce), null)
      if (length === 0) return rest === '' || take(rest) ? 'whole' : 'stopped'
      left -= length
      const text = rest + chunk.toString('latin1', 0, length)
      const end = text.lastIndexOf('\n') + 1
      rest = text.slice(end)
      if (end > 0 && !take(text.slice(0, end))) return 'stopped'
    }
    return 'cut'
  } catch {
    return null
  } finally {
    closeSync(fd)
  }
}
