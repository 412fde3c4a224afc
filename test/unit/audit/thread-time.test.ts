import { expect, test } from 'vitest'
import { applyRecord, createRunModel } from '../../../audit/model/apply.ts'
import { summarize } from '../../../audit/model/summary.ts'
import type { RecordingRecord } from '../../../audit/recording/format.ts'
import { offCpu } from '../../../probes/catalog/off-cpu.ts'
import { emptyHistogram } from '../../../probes/histogram.ts'
import { header, phase } from './records.ts'

const SECOND_NS = 1e9
const catalog = new Map([[offCpu.name, offCpu]])

/** A phase of ten seconds: how long threads waited and ran, how many there were at its beginning and end. */
function judged(waitedS: number, { ranS = 0, threads = [2, 2], joined = [0, 0] } = {}) {
  const model = createRunModel(catalog as never)
  const sample = (at: number, source: string, values: Record<string, number>): RecordingRecord => ({
    type: 'telemetry',
    t_us: at * 1e7,
    source,
    values,
  })
  const data = {
    switches: { voluntary: 1, involuntary: 0 },
    blocked_ns: waitedS * SECOND_NS,
    runnable_ns: 0,
    blocked: emptyHistogram(),
    runnable: emptyHistogram(),
    open: null,
  }
  const records: RecordingRecord[] = [
    header(),
    phase(1, 'a', 0),
    ...[0, 1].flatMap((at) => [
      sample(at, 'process', { threads: threads[at] ?? 0, cpu_ns: at * ranS * SECOND_NS }),
      sample(at, 'target', { joined: joined[at] ?? 0 }),
    ]),
    { type: 'window', probe: 'off-cpu', phase: 1, start_us: 0, end_us: 1e7, data },
    { ...phase(1, 'a', 0), end_us: 1e7 },
  ]
  for (const record of records) applyRecord(model, record)
  const [summary] = summarize(model, catalog as never).phases
  return { valid: summary?.valid, reasons: summary?.reasons }
}

test('two threads that waited and ran for all of a phase add up', () => {
  expect(judged(18, { ranS: 2 })).toEqual({ valid: true, reasons: [] })
})

test('two threads cannot have waited for 71 s in 10 s: the phase is invalid, and says why', () => {
  expect(judged(71.4)).toEqual({
    valid: false,
    reasons: ['2 threads cannot have spent 71.4 s in 10.0 s: off-cpu counted waits that were over'],
  })
})

test('waiting and running count together', () => {
  expect(judged(19, { ranS: 9 }).valid).toBe(false)
})

test.each([
  ['threads came or went', { threads: [2, 3] }],
  ['processes came or went', { joined: [0, 40] }],
])('nothing is said when %s', (_, changes) => {
  expect(judged(71.4, changes).valid).toBe(true)
})
