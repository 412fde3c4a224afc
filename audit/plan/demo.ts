import { DEMO_PEAK_RPS } from '../../fixtures/targets/start.ts'
import { completePlan } from './complete.ts'
import { documentOf } from './document.ts'
import type { Plan } from './plan.ts'

/**
 * The demo, a plan like any other: the classic course of an audit in a minute against its API at `url`, every request on a
 * connection of its own, never stopped for the errors it is there to show. The faults of each phase: fixtures/targets/faults.ts.
 */
export const demoPlan = ({ url, pid }: { url: string; pid: number }): Plan =>
  completePlan(
    documentOf({
      target: { url, pid },
      peak: `${DEMO_PEAK_RPS}/s`,
      load: { driver: 'builtin', connections: 512, keep_alive: false, timeout: '5s' },
      phases: [
        { name: 'idle', duration: '4s', rate: 0 },
        { name: 'warmup', duration: '3s', rate: '100%' },
        { name: 'baseline', duration: '12s', rate: '100%' },
        { name: 'stress', duration: '16s', rate: '200%' },
        { name: 'soak', duration: '12s', rate: '80%' },
      ],
      // It shows faults: nothing about it passes or fails.
      thresholds: { p99: null, errors: null },
      abort: false,
      // Its stress is a matter of seconds: a generator that is late by less on a busy host takes nothing away from it.
      budgets: { overhead: null, send_lag: '50ms' },
    }),
    { path: 'demo', env: {}, readFile: () => Buffer.alloc(0) },
  )
