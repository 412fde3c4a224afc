import { readdirSync, readlinkSync } from 'node:fs'
import { numberOf, readOnce } from './proc-file.ts'

/**
 * Events for which the kernel ran no program of ours, since another BPF program was running on that processor just then
 * (one that an interrupt met, also of our own; whoever reads or changes a map is enough): `recursion_misses` in /proc/TRACER/fdinfo of each program
 * (kernel/bpf/syscall.c, bpf_prog_show_fdinfo). Samples of the processor (perf events) are skipped as well and counted nowhere.
 */
export interface SkipCount {
  read: (tracerPids: readonly number[]) => void
  /** since the programs were loaded; `null`: this kernel does not count them, or they may not be looked at */
  total: () => number | null
  /** since this was last asked */
  grown: () => number
}

/**
 * @param isCounted whether the counter means something for programs on tracepoints here; where it does not, zero is
 *   unknown, and more than zero a lower bound
 * @param root of the tree of processes
 */
export function createSkipCount(isCounted: boolean, root = '/proc'): SkipCount {
  const programs = new Map<number, readonly string[]>()
  let seen: number | null = null
  let told = 0
  return {
    read: (pids) => {
      const counts = pids.flatMap((pid) => {
        const files = programs.get(pid) ?? programFiles(`${root}/${pid}`)
        if (files.length > 0) programs.set(pid, files)
        return files.flatMap((file) => parseSkipped(readOnce(file) ?? '') ?? [])
      })
      // Gone with the tracer: what was counted stands.
      if (counts.length > 0)
        seen = Math.max(
          seen ?? 0,
          counts.reduce((sum, count) => sum + count, 0),
        )
    },
    total: () => (isCounted || (seen ?? 0) > 0 ? seen : null),
    grown: () => {
      const grown = (seen ?? 0) - told
      told = seen ?? 0
      return grown
    },
  }
}

/** `null` where this kernel has no such line (before 5.12). */
export const parseSkipped = (fdinfo: string): number | null =>
  numberOf(/^recursion_misses:\s*(\d+)$/m.exec(fdinfo)?.[1])

/** A tracer that runs opens no programs any more: its descriptors are looked through once. */
function programFiles(process: string): string[] {
  try {
    return readdirSync(`${process}/fd`).flatMap((fd) =>
      linkOf(`${process}/fd/${fd}`) === PROGRAM ? [`${process}/fdinfo/${fd}`] : [],
    )
  } catch {
    return [] // ended, or another user's
  }
}

const PROGRAM = 'anon_inode:bpf-prog'

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // closed since it was listed
  }
}
