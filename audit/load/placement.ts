import { readFileSync } from 'node:fs'
import type { BuiltinLoad } from '../plan/plan.ts'
import { findOfSystem } from './program.ts'

/** What one process sends without lagging, requests/s: a quarter to a half of what it can (bench `load`). */
const PER_WORKER = { kept: 15_000, anew: 4_000, h2: 5_000 }

/** Processes that a rate asks for, never more than all cores but one. */
export function workersFor(
  highestRps: number,
  { protocol, keepAlive }: Pick<BuiltinLoad, 'protocol' | 'keepAlive'>,
  cores: number,
): number {
  const perWorker = !keepAlive ? PER_WORKER.anew : protocol === 'h2' ? PER_WORKER.h2 : PER_WORKER.kept
  return Math.max(1, Math.min(Math.ceil(highestRps / perWorker), cores - 1))
}

/**
 * Where the processes of the generator run: on the last CPUs, one more than there are processes, for the compiler and the
 * collector have threads of their own. Null, anywhere, where that would leave less than half to others (on two CPUs the
 * scheduler does better: bench `load`), or without taskset(1).
 */
export function generatorCpus(workers: number): string | null {
  const cpus = allowedCpus()
  const own = Math.max(2, workers + 1)
  if (cpus === null || own * 2 > cpus.length || findOfSystem('taskset') === null) return null
  return cpus.slice(-own).join(',')
}

/** The CPUs this process may use; null where /proc does not say. */
function allowedCpus(): readonly number[] | null {
  try {
    const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    return list === undefined ? null : parseCpuList(list)
  } catch {
    return null // not a Linux /proc: nobody is pinned
  }
}

/** A list as the kernel writes it, e.g. "0-3,8". */
export function parseCpuList(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number)
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i)
  })
}
