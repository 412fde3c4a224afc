import { describe, expect, it } from 'vitest'
import type { LoadSlice } from '../../../audit/load/generator.ts'
import { createHdr, sumHdr } from '../../../audit/load/hdr.ts'
import { createSliceMerge } from '../../../audit/load/merge.ts'
import type { WireSlice } from '../../../audit/load/protocol.ts'

const ms = 1_000_000n
const hdr = (value: number) => {
  const histogram = createHdr()
  histogram.recordMs(value)
  return histogram.encode()
}
const part = (fromMs: number, toMs: number, changes: Partial<WireSlice> = {}): WireSlice => ({
  phase: 1,
  startNs: String(BigInt(fromMs) * ms),
  endNs: String(BigInt(toMs) * ms),
  planned: 10,
  sent: 9,
  done: 8,
  errors: { status: 1 },
  in_flight: 2,
  queued: 3,
  hist: { response: hdr(1), service: hdr(1), send_lag: hdr(1) },
  generator_cpu_us: 100,
  ...changes,
})

function mergeOf(workers: number, endMs = 5000) {
  const slices: LoadSlice[] = []
  const merge = createSliceMerge(workers, (slice) => slices.push(slice))
  merge.begin(1, 0n, BigInt(endMs) * ms)
  return { merge, slices, spans: () => slices.map(({ startNs, endNs }) => [Number(startNs / ms), Number(endNs / ms)]) }
}

describe('the seconds of several processes', () => {
  it('are told when all have told them, added up', () => {
    const { merge, slices } = mergeOf(2)
    merge.add(0, part(0, 1000))
    expect(slices).toEqual([])
    merge.add(1, part(0, 1000, { hist: { response: hdr(5), service: hdr(5), send_lag: hdr(5) }, errors: { reset: 2 } }))
    expect(slices).toMatchObject([
      {
        phase: 1,
        startNs: 0n,
        endNs: 1000n * ms,
        target_rps: 20,
        sent: 18,
        done: 16,
        in_flight: 4,
        queued: 6,
        generator_cpu_us: 200,
      },
    ])
    expect(slices[0]?.errors).toEqual({ status: 1, reset: 2 })
    expect(sumHdr([slices[0]?.hist.response ?? '']).total).toBe(2)
  })

  it('wait for a process that stood still, and lose nothing', () => {
    const { merge, slices, spans } = mergeOf(2)
    merge.add(0, part(0, 1000))
    merge.add(0, part(1000, 2000))
    merge.add(1, part(0, 2000, { planned: 20 }))
    expect(spans()).toEqual([
      [0, 1000],
      [1000, 2000],
    ])
    expect(slices.reduce((sum, slice) => sum + slice.sent, 0)).toBe(27)
  })

  it('come one after the other, also when late answers follow the end of the phase', () => {
    const { merge, slices, spans } = mergeOf(2, 700)
    merge.add(0, part(0, 700))
    // The first is through before the second has told the end of the phase.
    merge.add(0, part(700, 900, { planned: 0, in_flight: 0, queued: 0 }))
    merge.drained(0, 1)
    merge.add(1, part(0, 700))
    merge.add(1, part(700, 2000, { planned: 0, in_flight: 1, queued: 0 }))
    merge.add(1, part(2000, 2100, { planned: 0, in_flight: 0, queued: 0 }))
    merge.drained(1, 1)
    expect(spans()).toEqual([
      [0, 700],
      [700, 900],
      [900, 2000],
      [2000, 2100],
    ])
    expect(slices.map((slice) => slice.in_flight)).toEqual([4, 2, 1, 0])
    expect(slices.slice(1).every((slice) => slice.target_rps === 0)).toBe(true)
  })

  it('of one process pass as they are', () => {
    const { merge, slices } = mergeOf(1)
    const only = part(0, 1000)
    merge.add(0, only)
    expect(slices[0]).toMatchObject({ hist: only.hist, sent: 9 })
  })
})
