import { describe, expect, it } from 'vitest'
import { dueAtMs, dueBefore, integralOf, type RateRamp } from '../../../audit/load/schedule.ts'

const ramps: [string, RateRamp, number][] = [
  ['constant', { fromRps: 1000, toRps: 1000, durationMs: 8000 }, 8000],
  ['rising from zero', { fromRps: 0, toRps: 200, durationMs: 10_000 }, 1000],
  ['falling to zero', { fromRps: 200, toRps: 0, durationMs: 10_000 }, 1000],
  ['rising', { fromRps: 100, toRps: 300, durationMs: 5000 }, 1000],
  ['slow', { fromRps: 0.5, toRps: 0.5, durationMs: 10_000 }, 5],
  ['idle', { fromRps: 0, toRps: 0, durationMs: 1000 }, 0],
]

describe.each(ramps)('a %s rate', (_name, ramp, total) => {
  it('is due as often as its integral says', () => {
    expect(dueBefore(ramp, ramp.durationMs)).toBe(total)
  })

  it('never differs from the integral by more than one request', () => {
    for (let ms = 0; ms <= ramp.durationMs; ms += ramp.durationMs / 997) {
      expect(Math.abs(dueBefore(ramp, ms) - integralOf(ramp, ms))).toBeLessThanOrEqual(1)
    }
  })

  it('is due in order, at times whose integral is the index', () => {
    let last = 0
    for (let index = 0; index < total; index++) {
      const ms = dueAtMs(ramp, index)
      expect(ms).toBeGreaterThan(last)
      expect(ms).toBeLessThan(ramp.durationMs)
      expect(integralOf(ramp, ms)).toBeCloseTo(index + 0.5, 6)
      last = ms
    }
  })

  it('counts a request as due right after its time and not before', () => {
    for (const index of [0, Math.floor(total / 2), total - 1]) {
      if (index < 0 || index >= total) continue
      expect(dueBefore(ramp, dueAtMs(ramp, index) - 1e-6)).toBe(index)
      expect(dueBefore(ramp, dueAtMs(ramp, index) + 1e-6)).toBe(index + 1)
    }
  })
})

it('asks nothing before the start and no more after the end', () => {
  const ramp = { fromRps: 10, toRps: 10, durationMs: 1000 }
  expect(dueBefore(ramp, -5)).toBe(0)
  expect(dueBefore(ramp, 5000)).toBe(10)
})
