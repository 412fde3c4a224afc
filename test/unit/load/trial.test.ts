import { describe, expect, it } from 'vitest'
import type { LoadSlice } from '../../../audit/load/generator.ts'
import { createHdr } from '../../../audit/load/hdr.ts'
import { judgeTrial } from '../../../audit/load/trial.ts'

const hdr = (ms: number, times: number) => {
  const histogram = createHdr()
  for (let i = 0; i < times; i++) histogram.recordMs(ms)
  return histogram.encode()
}

/** A second of 100 requests. */
const second = (changes: Partial<LoadSlice> = {}, responseMs = 10, lagMs = 0.5): LoadSlice => ({
  phase: 1,
  startNs: 0n,
  endNs: 1_000_000_000n,
  target_rps: 100,
  sent: 100,
  done: 100,
  errors: {},
  in_flight: 0,
  queued: 0,
  hist: { response: hdr(responseMs, 100), service: hdr(responseMs, 100), send_lag: hdr(lagMs, 100) },
  ...changes,
})
const limits = { p50Ms: null, p99Ms: 50, p999Ms: null, errors: 0.01 }

describe('a trial of a search', () => {
  it.each([
    ['is kept within its thresholds', [second()], null, /p99 10 ms/],
    ['is broken by slow answers', [second({}, 80)], 'target', /p99 80.* ms, limit 50 ms/],
    ['is broken by errors', [second({ errors: { status: 2 } })], 'target', /errors 2 %, limit 1 %/],
    [
      'is broken by requests that never got a connection',
      [second({ sent: 60, errors: { timeout: 40 } })],
      'target',
      /errors 40 %/,
    ],
    [
      'is broken by a full queue',
      [second({ sent: 60, done: 60, errors: { dropped: 40 } })],
      'target',
      /40 requests waited in vain/,
    ],
    ['says nothing of the target when the generator was late', [second({}, 80, 30)], 'generator', /send lag/],
    [
      'says nothing of the target when the generator ran out of ports',
      [second({ errors: { EADDRNOTAVAIL: 1 } })],
      'generator',
      /ports/,
    ],
    ['says nothing of the target when too little was sent', [second({ sent: 80, done: 80 })], 'generator', /80.0 %/],
  ] as const)('%s', (_name, slices, brokenBy, text) => {
    expect(judgeTrial(100, slices, [limits, null])).toMatchObject({
      rps: 100,
      brokenBy,
      text: expect.stringMatching(text),
    })
  })

  it('keeps the thresholds of the plan and its own', () => {
    const strict = { ...limits, p99Ms: 5 }
    expect(judgeTrial(100, [second()], [limits, strict]).brokenBy).toBe('target')
    expect(judgeTrial(100, [second()], [strict, limits]).brokenBy).toBe('target')
  })
})
