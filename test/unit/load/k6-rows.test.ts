import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCsvReader } from '../../../audit/load/k6/csv.ts'
import { createJsonReader } from '../../../audit/load/k6/json.ts'
import { createRequestAssembler, type K6Event } from '../../../audit/load/k6/rows.ts'
import { parseTime } from '../../../audit/load/k6/time.ts'

const HEADER =
  'metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,scenario,service,status,subproto,tls_version,url,extra_tags,metadata'
const sample = (name: string) => readFileSync(new URL(`../../../fixtures/samples/k6/${name}`, import.meta.url))

interface Read {
  events: K6Event[]
  skipped: number
  wholeSeconds: boolean
}

function read(format: 'csv' | 'json', chunks: readonly (Buffer | string)[]): Read {
  const events: K6Event[] = []
  const assembler = createRequestAssembler((event) => events.push(event))
  const reader = format === 'csv' ? createCsvReader(assembler.row) : createJsonReader(assembler.row)
  for (const chunk of chunks) reader.write(Buffer.from(chunk))
  reader.end()
  assembler.end()
  return { events, skipped: reader.skipped, wholeSeconds: reader.wholeSeconds }
}
const csv = (...lines: string[]) => read('csv', [[HEADER, ...lines].join('\n')])
const row = (metric: string, value: number, columns: Record<string, string | number> = {}) => {
  const fields: Record<string, string | number> = {
    ...{ metric_name: metric, timestamp: '1795427946526215431', metric_value: value.toFixed(6) },
    ...{ scenario: 'stress', status: 200, expected_response: 'true' },
    ...columns,
  }
  return HEADER.split(',')
    .map((name) => fields[name] ?? '')
    .join(',')
}

describe('a request', () => {
  it('is put together from its rows: blocked holds connecting, so response is blocked + duration', () => {
    const { events } = csv(
      row('http_reqs', 1),
      row('http_req_duration', 2.5),
      row('http_req_blocked', 0.5),
      row('http_req_connecting', 0.25),
      row('http_req_tls_handshaking', 0.125),
      row('http_req_sending', 0.1),
      row('http_req_waiting', 2.3),
      row('http_req_receiving', 0.1),
      row('http_req_failed', 0),
    )
    expect(events).toEqual([
      {
        type: 'request',
        scenario: 'stress',
        endUnixMs: expect.closeTo(1795427946526.215, 2),
        responseMs: 3,
        serviceMs: 2.5,
        outcome: 'ok',
      },
    ])
  })

  it('counts the making of its connection also where blocked does not hold it, as over HTTP/2', () => {
    const { events } = csv(
      row('http_req_duration', 2),
      row('http_req_blocked', 0.001),
      row('http_req_connecting', 0.5),
      row('http_req_tls_handshaking', 1.5),
    )
    expect(events).toMatchObject([{ responseMs: 4, serviceMs: 2 }])
  })

  it('is told apart from the next one, even at the same time or without all of its rows', () => {
    const { events } = csv(
      row('http_req_duration', 1),
      row('http_req_blocked', 0.25),
      row('http_req_duration', 2),
      row('http_req_duration', 3, { scenario: 'soak' }),
      row('http_req_blocked', 0.5, { scenario: 'soak' }),
      row('http_req_blocked', 9, { timestamp: '1795427947000000000' }),
    )
    expect(events.map((event) => event.type === 'request' && [event.scenario, event.responseMs])).toEqual([
      ['stress', 1.25],
      ['stress', 2],
      ['soak', 3.5],
    ])
  })

  it('without the tags that judge it is judged by http_req_failed', () => {
    const untold = { expected_response: '', status: '', error_code: '' }
    const { events } = csv(row('http_req_duration', 1, untold), row('http_req_failed', 1, untold))
    expect(events).toMatchObject([{ outcome: 'status' }])
  })
})

it('iterations, drops, checks and the heartbeat are told apart from metrics of the script', () => {
  const { events } = csv(
    row('iterations', 1),
    row('dropped_iterations', 1),
    row('checks', 0, { check: 'is 200' }),
    row('checks', 1, { check: 'is 200' }),
    row('checks', 1, { check: 'GET /?token=s3cr3t' }),
    row('vus', 7),
    row('biz_latency', 4),
    row('http_req_durations', 4),
  )
  expect(events).toMatchObject([
    { type: 'iteration', scenario: 'stress' },
    { type: 'dropped', scenario: 'stress', count: 1 },
    { type: 'check', name: 'is 200', passed: false },
    { type: 'check', name: 'is 200', passed: true },
    { type: 'check', name: 'GET /?token=(hidden)', passed: true },
    { type: 'alive' },
  ])
})

describe('CSV', () => {
  it('finds its columns by the header', () => {
    const { events } = read('csv', [
      'scenario,metric_value,metric_name,timestamp\nstress,2.5,http_req_duration,1795427946526\n',
    ])
    expect(events).toMatchObject([{ scenario: 'stress', responseMs: 2.5, endUnixMs: 1795427946526 }])
  })

  it('reads quoted fields, also over several lines', () => {
    const line = row('checks', 1, { check: '"says ""yes, or\nno"""' })
    expect(csv(line, row('vus', 1)).events).toMatchObject([{ name: 'says "yes, or\\x0ano"' }, { type: 'alive' }])
  })

  it('counts what is no metric instead of stumbling', () => {
    const { events, skipped } = csv(
      'http_req_duration,yesterday,1',
      'http_req_duration,1795427946,',
      'http_req_duration,1795427946,fast',
      row('vus', 1),
      `http_req_duration,${'9'.repeat(100_000)},1`,
      row('checks', 1, { check: '"never closed' }),
    )
    expect(events).toEqual([{ type: 'alive' }])
    expect(skipped).toBe(5)
  })

  it('makes names harmless', () => {
    const { events } = csv(row('checks', 1, { check: '\u001b[2Jgone' }), row('iterations', 1, { scenario: '\u202eX' }))
    expect(JSON.stringify(events)).not.toMatch(/\\u001b|\u202e/)
  })

  it('says when times are whole seconds', () => {
    expect(csv(row('vus', 1, { timestamp: 1795427946 })).wholeSeconds).toBe(true)
    expect(csv(row('vus', 1)).wholeSeconds).toBe(false)
    expect(csv().wholeSeconds).toBe(false)
  })
})

describe('JSON', () => {
  it('reads what k6 2.2.0 wrote', () => {
    const { events, skipped } = read('json', [sample('phases.v2.2.0.head60.ndjson')])
    expect(skipped).toBe(0)
    expect(events[0]).toEqual({
      type: 'request',
      scenario: 'baseline',
      endUnixMs: expect.closeTo(Date.parse('2026-11-23T09:59:06.526Z') + 0.215, 2),
      responseMs: 0.723008 + 0.228664,
      serviceMs: 0.723008,
      outcome: 'ok',
    })
  })

  it('counts what is no metric', () => {
    expect(
      read('json', ['{"type":"Point"}\nnull\n{"metric":"checks","type":"Point","data":3}\n\n{"type":"Metric"}'])
        .skipped,
    ).toBe(3)
  })
})

it('the sample of one run is the same, as CSV and as JSON of k6 2.2.0', () => {
  const excerpt = read('csv', [sample('phases.v2.2.0.excerpt.csv')])
  expect(excerpt.events.map(({ type }) => type)).toEqual(['request', 'dropped', 'dropped', 'dropped', 'request'])
})

describe('any bytes, in any chunks', () => {
  const whole = Buffer.from(
    [HEADER, row('http_req_duration', 1), row('checks', 1, { check: '"a\n""b"' }), row('vus', 1)].join('\n'),
  )
  const head = sample('phases.v2.2.0.head60.ndjson').subarray(0, 8000)

  it.each([
    ['csv', whole],
    ['json', head],
  ] as const)('%s reads the same however it is cut', (format, bytes) => {
    const expected = read(format, [bytes])
    const cuts = fc.array(fc.nat(bytes.length), { maxLength: 8 })
    fc.assert(
      fc.property(cuts, (at) => {
        const points = [0, ...at.sort((a, b) => a - b), bytes.length]
        const chunks = points.slice(1).map((end, index) => bytes.subarray(points[index], end))
        expect(read(format, chunks)).toEqual(expected)
      }),
      { numRuns: 50 },
    )
  })

  it.each(['csv', 'json'] as const)('%s takes anything', (format) => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom(HEADER, '\n', '"', ',', row('vus', 1))), { maxLength: 20 }),
        (texts) => {
          for (const event of read(format, texts).events) expect(event.type).toBeTypeOf('string')
        },
      ),
    )
  })
})

describe('a time', () => {
  it.each([
    ['1795427946', 1795427946000, true],
    ['1795427946526', 1795427946526, false],
    ['1795427946526215', 1795427946526.215, false],
    ['1795427946526215431', 1795427946526.215, false],
    ['2026-11-23T09:59:06Z', 1795427946000, true],
    ['2026-11-23T10:59:06+01:00', 1795427946000, true],
    ['2026-11-23T09:59:06.526215431Z', 1795427946526.215, false],
    ['2026-11-23T10:59:06.5+01:00', 1795427946500, false],
  ])('%s', (text, unixMs, wholeSeconds) => {
    const time = parseTime(text)
    expect(time?.unixMs).toBeCloseTo(unixMs, 2)
    expect(time?.wholeSeconds).toBe(wholeSeconds)
  })

  it.each(['', 'now', '17', '2026-11-23', '2026-99-23T09:59:06Z', '-1795427946'])('%j is none', (text) => {
    expect(parseTime(text)).toBeNull()
  })
})
