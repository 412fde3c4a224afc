import type { Course, LoadDriver } from './driver.ts'

export interface ClockPhase {
  name: string
  kind: string
  durationMs: number
}

/** Node's timers hold no more than 2^31 - 1 ms, 24.8 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * No load of ours: the phases begin by the clock, each lasting its duration from its own start. Without phases the first
 * one lasts until `stop()`; `probe mark` then divides it.
 *
 * @param options.phases the first is the one that runs when the driver is started
 */
export function noneDriver({ phases }: { phases: readonly ClockPhase[] }): LoadDriver {
  const stopped = new AbortController()
  return {
    name: 'none',
    pids: () => [],
    run: async (course: Course) => {
      let atNs = process.hrtime.bigint()
      for (const [index, phase] of phases.entries()) {
        if (index > 0) atNs = (await course.begin(phase.name, phase.kind)).atNs
        await until(atNs + BigInt(Math.round(phase.durationMs * 1e6)), stopped.signal)
        if (stopped.signal.aborted) break
      }
      if (phases.length === 0) await until(null, stopped.signal)
      return { failed: null, reasons: [] }
    },
    stop: async () => stopped.abort(),
  }
}

/** Resolves at a time of CLOCK_MONOTONIC, or when stopped; null: only then. */
function until(ns: bigint | null, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined
    const end = () => {
      clearTimeout(timer)
      stopped.removeEventListener('abort', end)
      resolve()
    }
    const arm = () => {
      const leftMs = ns === null ? Number.POSITIVE_INFINITY : Number(ns - process.hrtime.bigint()) / 1e6
      if (leftMs <= 0 || stopped.aborted) return end()
      timer = setTimeout(arm, Math.min(LONGEST_TIMER_MS, Math.ceil(leftMs)))
    }
    stopped.addEventListener('abort', end)
    arm()
  })
}
