import type { K6Event } from './rows.ts'

/** What a run did, counted as it is reported. */
export interface K6Counts {
  take(event: K6Event): void
  /** of one scenario so far; null before its first iteration has ended */
  requestsPerIteration(scenario: string): number | null
  totals(): { iterations: number; requests: number }
  readonly checks: ReadonlyMap<string, { passed: number; failed: number }>
  readonly dropped: ReadonlyMap<string, number>
}

/** A script names its checks; one that makes up names must not fill the memory. */
const CHECKS_LIMIT = 200
const OTHERS = 'other checks'

export function createCounts(): K6Counts {
  const requests = new Map<string, number>()
  const iterations = new Map<string, number>()
  const dropped = new Map<string, number>()
  const checks = new Map<string, { passed: number; failed: number }>()
  const add = (counts: Map<string, number>, key: string, count: number) =>
    counts.set(key, (counts.get(key) ?? 0) + count)
  return {
    take: (event) => {
      if (event.type === 'request') add(requests, event.scenario, 1)
      else if (event.type === 'iteration') add(iterations, event.scenario, 1)
      else if (event.type === 'dropped') add(dropped, event.scenario, event.count)
      else if (event.type === 'check') {
        const name = checks.has(event.name) || checks.size < CHECKS_LIMIT ? event.name : OTHERS
        const count = checks.get(name) ?? { passed: 0, failed: 0 }
        checks.set(name, count)
        if (event.passed) count.passed++
        else count.failed++
      }
    },
    requestsPerIteration: (scenario) => {
      const ended = iterations.get(scenario) ?? 0
      return ended === 0 ? null : (requests.get(scenario) ?? 0) / ended
    },
    totals: () => ({ iterations: sumOf(iterations), requests: sumOf(requests) }),
    checks,
    dropped,
  }
}

const sumOf = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0)
