import { readdirSync } from 'node:fs'
import { createGrowth } from './growth.ts'
import { PROCESSES_READ } from './members.ts'
import { numberOf, readOnce } from './proc-file.ts'
import type { Scope, Source, Values } from './source.ts'

/**
 * How the target's threads were scheduled, added up since the first sample: time on a processor, time waiting for one
 * (/proc/PID/task/TID/schedstat), switches (status). What an ended thread did after its last reading is missing.
 */
export const threads: Source = {
  name: 'threads',
  from: '/proc/PID/task/*/schedstat, status',
  every: 5,
  open: openThreads,
}

/** Parses "run_ns wait_ns timeslices" (Documentation/scheduler/sched-stats.rst); `null` where the kernel keeps none. */
export function parseSchedstat(text: string): Values | null {
  const [runNs, waitNs, slices] = text.trim().split(/\s+/).map(numberOf)
  if (runNs === null || waitNs === null || slices === null) return null
  return runNs === undefined || waitNs === undefined || slices === undefined
    ? null
    : { run_ns: runNs, wait_ns: waitNs, timeslices: slices }
}

/** Switches of one thread, from its status. */
export function parseSwitches(text: string): Values | null {
  const [voluntary, involuntary] = [VOLUNTARY.exec(text)?.[1], INVOLUNTARY.exec(text)?.[1]].map(numberOf)
  return voluntary === null || involuntary === null || voluntary === undefined || involuntary === undefined
    ? null
    : { voluntary_switches: voluntary, involuntary_switches: involuntary }
}

const VOLUNTARY = /^voluntary_ctxt_switches:\s+(\d+)$/m
const INVOLUNTARY = /^nonvoluntary_ctxt_switches:\s+(\d+)$/m
/** A target with more threads has these read. */
const THREADS_READ = 2048

function openThreads({ roster }: Scope) {
  const growth = createGrowth()
  return {
    read: () => {
      const seen = new Map<number, Values>()
      for (const { pid } of roster.living().slice(0, PROCESSES_READ))
        for (const tid of threadsOf(pid)) {
          if (seen.size >= THREADS_READ) break
          const schedstat = parseSchedstat(readOnce(`/proc/${pid}/task/${tid}/schedstat`) ?? '')
          const switches = parseSwitches(readOnce(`/proc/${pid}/task/${tid}/status`) ?? '')
          if (schedstat || switches) seen.set(tid, { ...schedstat, ...switches })
        }
      return seen.size > 0 ? growth.add(seen) : null
    },
    close: () => undefined,
  }
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number)
  } catch {
    return [] // ended
  }
}
