import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createAbortWatch } from '../../../audit/load/abort.ts'
import type { LoadSlice } from '../../../audit/load/generator.ts'

const rule = { errors: 0.01, windowMs: 5_000, minRequests: 200 }
const second = (n: number, done: number, errors: Record<string, number> = {}): LoadSlice => ({
  phase: 1,
  startNs: BigInt(n) * 1_000_000_000n,
  endNs: BigInt(n + 1) * 1_000_000_000n,
  target_rps: done,
  sent: done,
  done,
  errors,
  in_flight: 0,
  queued: 0,
  hist: { response: '', service: null, send_lag: null },
})

describe('the abort rule', () => {
  test('is broken in the second that takes the window over its share', () => {
    const watch = createAbortWatch(rule)
    expect(watch(second(0, 100))).toBeNull()
    expect(watch(second(1, 100, { status: 1 }))).toBeNull()
    expect(watch(second(2, 100, { status: 2, timeout: 1 }))).toEqual({
      failed: 4,
      ended: 300,
      share: 4 / 300,
      spanMs: 3000,
    })
  })

  test('exactly the allowed share is no break', () => {
    const watch = createAbortWatch(rule)
    expect(watch(second(0, 1000, { status: 10 }))).toBeNull()
    expect(watch(second(1, 1000, { status: 11 }))).not.toBeNull()
  })

  test('waits for enough requests', () => {
    const watch = createAbortWatch(rule)
    expect(watch(second(0, 199, { reset: 199 }))).toBeNull()
    expect(watch(second(1, 1, { reset: 1 }))).toMatchObject({ ended: 200, share: 1 })
  })

  test('forgets what is older than the window', () => {
    const watch = createAbortWatch(rule)
    expect(watch(second(0, 190, { status: 190 }))).toBeNull()
    for (let n = 6; n < 20; n++) expect(watch(second(n, 190))).toBeNull()
  })

  test('requests that were never sent are not the target’s failures', () => {
    const watch = createAbortWatch(rule)
    expect(watch(second(0, 1000, { dropped: 5000 }))).toBeNull()
  })

  test('late answers count where they ended', () => {
    const watch = createAbortWatch(rule)
    watch(second(10, 300))
    expect(watch({ ...second(10, 100, { timeout: 100 }), phase: 0 })).toMatchObject({ failed: 100, ended: 400 })
  })

  test('a target that fails steadily is found within a window, whatever its rate and share above the limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 50, max: 5000 }), fc.integer({ min: 2, max: 100 }), (rps, percent) => {
        const watch = createAbortWatch(rule)
        for (let n = 0; n < 10; n++) watch(second(n, rps))
        const failed = Math.ceil((rps * percent) / 100)
        const found = [10, 11, 12, 13, 14].findIndex((n) => watch(second(n, rps, { status: failed })) !== null)
        expect(found).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})
