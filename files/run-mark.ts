import { readFileSync, readlinkSync } from 'node:fs'

/**
 * What the names of our working files carry of the process that made them: when it is gone they are left-overs. The pid
 * alone would not do: numbers are used again, and another namespace counts its own.
 */
export const runMark = (): string => [pidNamespace(), process.pid, startedAt('self')].join('-')

/** How a mark stands in a pattern: three groups. */
export const RUN_MARK = String.raw`(\d+)-(\d+)-(\d+)`

/** @param groups of RUN_MARK in a match */
export function isOfDeadRun([namespace, pid, started]: readonly (string | undefined)[]): boolean {
  return pid !== undefined && namespace === pidNamespace() && startedAt(pid) !== started
}

/** When a process began, in the kernel's ticks since its start; empty when it is gone. */
function startedAt(pid: string): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

const pidNamespace = (): string => /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
