import { completePlan } from './complete.ts'
import { demoPlan } from './demo.ts'
import { documentOf } from './document.ts'
import type { Plan } from './plan.ts'
import { durationText, percentText } from './quantity.ts'

/**
 * The demo as a plan like any other: its API at `url`, every request on a connection of its own, never stopped for the
 * errors it is there to show. Which faults the API has in which phase stays with `demoPlan`.
 */
export function demoAsPlan({ url, pid }: { url: string; pid: number }): Plan {
  const { peakRps, phases } = demoPlan()
  return completePlan(
    documentOf({
      target: { url, pid },
      peak: `${peakRps}/s`,
      load: { driver: 'builtin', connections: 512, keep_alive: false, timeout: '5s' },
      phases: phases.map(({ name, durationMs, fromRps, discard }) => ({
        name,
        duration: durationText(durationMs),
        rate: percentText(fromRps / peakRps),
        discard,
      })),
      // It shows faults: nothing about it passes or fails.
      thresholds: { p99: null, errors: null },
      abort: false,
      // Its stress is a matter of seconds: a generator that is late by less on a busy host takes nothing away from it.
      budgets: { overhead: null, send_lag: '50ms' },
    }),
    { path: 'demo', env: {}, readFile: () => Buffer.alloc(0) },
  )
}
