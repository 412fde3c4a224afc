import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { importSamples } from '../../../../audit/load/follow/import.ts'
import { wallTimeMs } from '../../../../audit/load/follow/plain-row.ts'
import type { WallSample } from '../../../../audit/load/follow/wall-sample.ts'
import { read, testFolder } from './reading.ts'

const sample = (over: object) => ({
  startMs: 1795427676349,
  responseMs: 12.5,
  serviceMs: null,
  outcome: 'ok',
  group: null,
  groupNumber: null,
  ...over,
})

test('a CSV is read by the names in its header, in any order and case', () => {
  const text = `Status;Phase;Latency_MS;Time;note
200;warmup;12.5;1795427676.349;"a; note"
503;stress;12.5;1795427676349;
;stress;12.5;2026-11-23T09:54:36.349Z;
`
  expect(read(text)).toEqual({
    samples: [sample({ group: 'warmup' }), sample({ group: 'stress', outcome: 'status' }), sample({ group: 'stress' })],
    skipped: [],
    notes: [],
  })
})

test('NDJSON is read by its keys', () => {
  const text = `{"time":1795427676.349,"duration_ms":12.5,"status":200,"error":null}
{"timestamp":"2026-11-23T10:54:36.349+01:00","latency_ms":12.5,"phase":"stress","error":"read ECONNRESET"}
{"time":1795427676349,"latency_ms":12.5,"error":true}

{"time":1795427676349,"latency_ms":12.5,"error":{"deep":1}}`
  expect(read(text)).toEqual({
    samples: [sample({}), sample({ group: 'stress', outcome: 'reset' }), sample({ outcome: 'other' }), sample({})],
    skipped: [],
    notes: [],
  })
})

test.each([
  ['', 'ok'],
  ['false', 'ok'],
  ['0', 'ok'],
  ['connect ECONNREFUSED 127.0.0.1:80', 'connect_refused'],
  ['dial tcp 127.0.0.1:80: connect: connection refused', 'connect_refused'],
  ['context deadline exceeded (Client.Timeout exceeded while awaiting headers)', 'timeout'],
  ['i/o timeout', 'timeout'],
  ['socket hang up', 'reset'],
  ['EOF', 'reset'],
  ['write: broken pipe', 'reset'],
  ['connect: cannot assign requested address', 'EADDRNOTAVAIL'],
  ['socket: too many open files', 'EMFILE'],
  ['body', 'body'],
  ['true', 'other'],
  ['no idea', 'other'],
])('the error "%s" is %s', (error, outcome) => {
  expect(read(`time,latency_ms,error\n1795427676,1,${error}\n`).samples[0]?.outcome).toBe(outcome)
})

test.each([
  ['1795427676', 1795427676000],
  ['1795427676.3491', 1795427676349.1],
  ['1795427676349', 1795427676349],
  ['2026-11-23T09:54:36Z', 1795427676000],
  ['2026-11-23t09:54:36.349250z', 1795427676349.25],
  ['2026-11-23 10:54:36+01:00', 1795427676000],
  ['2026-11-23T09:54:36', null],
  ['2026-13-23T09:54:36Z', null],
  ['1795427676349000000', null],
  ['12', null],
  ['', null],
  ['now', null],
])('the time "%s" is %s', (text, ms) => {
  if (ms === null) expect(wallTimeMs(text)).toBeNull()
  else expect(wallTimeMs(text)).toBeCloseTo(ms, 3)
})

describe('rows that cannot be read', () => {
  test('are told and passed over', () => {
    const rows = ['yesterday,1', '1795427676,soon', '1795427676,-1', '1795427676', '1795427676,', '1795427676,7']
    const { samples, skipped } = read(`time,latency_ms\n${rows.join('\n')}\n`)
    expect({ read: samples.length, skipped: skipped.length }).toEqual({ read: 1, skipped: 5 })
    expect(skipped[0]).toContain('"yesterday"')
  })

  test('of NDJSON do not end the reading', () => {
    const line = '{"time":1795427676,"latency_ms":1}'
    const bad = ['[', 'null', '[1]', '"text"', '{"time":1}', `{"a":"${'x'.repeat(2_000_000)}"}`, '{"a":"\0']
    const { samples, skipped } = read([line, ...bad, line].join('\n'))
    expect({ read: samples.length, skipped: skipped.length }).toEqual({ read: 2, skipped: bad.length })
  })
})

test.each([
  ['{"type":"Metric","data":{},"metric":"http_reqs"}\n', 'k6-json'],
  ['metric_name,timestamp,metric_value,check,error\n', 'k6-csv'],
  ['hello\n', 'time,phase,latency_ms'],
  ['time,phase\n', 'time,phase,latency_ms'],
  ['x'.repeat(100_000), 'time,phase,latency_ms'],
])('%s is refused with what to do: %s', (text, fix) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({ code: 'samples_unreadable', fix: expect.stringContaining(fix) }),
  )
})

test.each([
  'time,latency_ms,phase,error\n1795427676,1,"a\n""b""",\r\n1795427677,2,ü,timed out\n',
  '{"time":1795427676,"latency_ms":1,"phase":"ü\\n\\""}\n\n{"time":1795427677,"latency_ms":2}',
])('%j is the same however its bytes come', (text) => {
  const whole = read(text)
  expect(whole.samples).toHaveLength(2)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 60 }), (sizes) => {
      expect(read(text, 'auto', sizes)).toEqual(whole)
    }),
  )
})

describe('importing', () => {
  const all = async (file: string, notes: string[] = []) => {
    const samples: WallSample[] = []
    for await (const read of importSamples(file, { onNote: (text) => notes.push(text) })) samples.push(read)
    return samples
  }

  test('tells once what was passed over', async () => {
    const file = join(testFolder(), 'run.csv')
    writeFileSync(file, 'time,latency_ms\n1795427676,1\nbad,1\nworse,1\n')
    const notes: string[] = []
    expect(await all(file, notes)).toHaveLength(1)
    expect(notes).toEqual([expect.stringMatching(/^2 rows of .*run\.csv could not be read; the first: .*"bad"/)])
  })

  test.each(['', 'time,latency_ms\n', '\n\n'])('%j holds no samples', async (text) => {
    const file = join(testFolder(), 'run.csv')
    writeFileSync(file, text)
    await expect(all(file)).rejects.toMatchObject({
      code: 'samples_unreadable',
      message: expect.stringContaining('run.csv holds no samples'),
    })
  })

  test('names the file that it cannot read', async () => {
    const file = join(testFolder(), 'photo.jpg')
    writeFileSync(file, Buffer.from([0xff, 0xd8, 0xff, 0, 10, 0]))
    await expect(all(file)).rejects.toMatchObject({ message: expect.stringContaining('photo.jpg: ') })
    await expect(all('/nowhere/run.jtl')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
