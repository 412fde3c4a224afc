import { expect, test } from 'vitest'
import type { LoadSlice } from '../../../audit/load/generator.ts'
import { createLedger, type K6Ledger } from '../../../audit/load/k6/ledger.ts'
import { timetableOf } from '../../../audit/load/k6/plan.ts'
import { followClock } from '../../../audit/load/wall-clock.ts'

const arrivals = (startTime: string, duration: string, rate: number) => ({
  ...{ executor: 'constant-arrival-rate', startTime, duration, rate },
})

/** A ledger of two scenarios; `longAgo` is when it was released, so that all of its time is over. */
function ledgerOf(scenarios: Record<string, unknown>) {
  const slices: LoadSlice[] = []
  const notes: string[] = []
  const course = {
    firstPhase: 1,
    begin: () => Promise.reject(new Error('the ledger begins nothing')),
    slice: (slice: LoadSlice) => void slices.push(slice),
    note: (text: string) => void notes.push(text),
  }
  return { ledger: createLedger(course, timetableOf({ scenarios }).phases), slices, notes }
}

function send(ledger: K6Ledger, scenario: string, unixMs: number, metric = 'http_req_duration', value = 1) {
  const tags: Record<string, string> = { scenario, expected_response: 'true' }
  ledger.row({ metric, unixMs, value, tag: (name) => tags[name] ?? '' })
}
const countsOf = (slices: readonly LoadSlice[]) => {
  const counts: Record<number, number> = {}
  for (const { phase, done } of slices) counts[phase] = (counts[phase] ?? 0) + done
  return counts
}

test('what comes before its phase is cut waits for that', () => {
  const { ledger, slices } = ledgerOf({ a: arrivals('0s', '1s', 1), b: arrivals('1s', '1s', 1) })
  const nowMs = Date.now()
  send(ledger, '', nowMs - 3000) // setup()
  send(ledger, 'a', nowMs - 2500)
  ledger.released(process.hrtime.bigint() - 3_000_000_000n)
  send(ledger, 'b', nowMs - 1500)
  send(ledger, 'a', nowMs - 1400) // stops gracefully
  ledger.begun({ id: 2, atNs: process.hrtime.bigint() - 1_900_000_000n })
  send(ledger, 'b', nowMs - 1300)
  ledger.end()
  expect(countsOf(slices)).toEqual({ 1: 3, 2: 2 })
})

test('what waits for a phase that never begins is not lost', () => {
  const { ledger, slices } = ledgerOf({ a: arrivals('0s', '1s', 1), b: arrivals('1s', '1s', 1) })
  ledger.released(process.hrtime.bigint() - 3_000_000_000n)
  send(ledger, 'b', Date.now() - 1500)
  send(ledger, 'b', Date.now() - 1500, 'dropped_iterations', 4)
  ledger.end()
  expect(countsOf(slices)).toEqual({ 1: 1 })
  expect(slices.flatMap(({ errors }) => Object.entries(errors))).toEqual([['dropped', 4]])
})

/** Requests planned in a phase of two seconds that began three seconds ago, as told in slices. */
function plannedOf(
  scenarios: Record<string, unknown>,
  iterations: number,
  requests: number,
  cutLateNs = 0n,
): number | null {
  const { ledger, slices } = ledgerOf({ a: arrivals('0s', '1s', 1), ...scenarios })
  const zeroNs = process.hrtime.bigint() - 4_000_000_000n
  ledger.released(zeroNs)
  ledger.begun({ id: 2, atNs: zeroNs + 1_000_000_000n + cutLateNs })
  const unixMs = Date.now() - 2500
  for (let n = 0; n < requests; n++) send(ledger, 'b', unixMs + n)
  for (let n = 0; n < iterations; n++) send(ledger, 'b', unixMs + 500, 'iterations')
  ledger.planOver()
  ledger.end()
  const own = slices.filter(({ phase }) => phase === 2)
  if (own.every(({ target_rps }) => target_rps === null)) return null
  return own.reduce((sum, slice) => sum + ((slice.target_rps ?? 0) * Number(slice.endNs - slice.startNs)) / 1e9, 0)
}

test.each([
  ['one request each', 20, 20, 20],
  ['none ended yet', 0, 0, 20],
  ['several requests each: never short of the plan for that', 5, 15, 20],
  ['a request in half of them', 20, 10, 10],
  ['none with a request', 20, 0, 0],
])('a plan of 20 iterations, %s', (_, iterations, requests, planned) => {
  expect(plannedOf({ b: arrivals('1s', '2s', 10) }, iterations, requests)).toBeCloseTo(planned, 3)
})

test('a plan ends with the timetable, not with the second', () => {
  expect(plannedOf({ b: arrivals('1s', '1500ms', 10) }, 0, 0)).toBeCloseTo(15, 3)
})

test('what was due before a late cut is in the plan of its phase', () => {
  const ramp = {
    executor: 'ramping-arrival-rate',
    startTime: '1s',
    startRate: 10,
    stages: [{ duration: '2s', target: 90 }],
  }
  expect(plannedOf({ b: ramp }, 0, 0)).toBeCloseTo(100, 3)
  expect(plannedOf({ b: ramp }, 0, 0, 300_000_000n)).toBeCloseTo(100, 3)
})

test('virtual users plan nothing', () => {
  expect(plannedOf({ b: { executor: 'constant-vus', startTime: '1s', duration: '2s' } }, 3, 3)).toBeNull()
})

test('a wall clock that is set is noticed, and followed', () => {
  const notes: string[] = []
  let offsetMs = 0
  let nowNs = 0n
  const relate = () => {
    const offset = offsetMs
    return (unixMs: number) => BigInt(Math.round((unixMs - offset) * 1e6))
  }
  const toMonotonic = followClock(
    (text) => notes.push(text),
    relate,
    () => nowNs,
  )
  expect(toMonotonic(1000)).toBe(1_000_000_000n)
  offsetMs = 250
  nowNs = 999_999_999n
  expect(toMonotonic(1000)).toBe(1_000_000_000n)
  nowNs = 1_000_000_000n
  expect(toMonotonic(1000)).toBe(750_000_000n)
  offsetMs = 254
  nowNs = 2_000_000_000n
  expect(toMonotonic(1000)).toBe(746_000_000n)
  expect(notes).toEqual(['the wall clock jumped by 250.0 ms: requests around it may be misplaced'])
})
