import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { complaintIn, readLogLine } from '../../../audit/load/k6/log.ts'
import { thresholdsOf } from '../../../audit/load/k6/summary.ts'
import { type K6End, verdictOf } from '../../../audit/load/k6/verdict.ts'

const sample = (name: string) => readFileSync(new URL(`../../../fixtures/samples/k6/${name}`, import.meta.url), 'utf8')

describe('thresholds', () => {
  it.each(['1.8.1', '2.2.0'])(
    'of k6 %s are the same in both summaries, which tell them in opposite ways',
    (version) => {
      const sorted = (text: string) => thresholdsOf(text)?.sort((a, b) => (a.text < b.text ? -1 : 1))
      const exported = sorted(sample(`phases.v${version}.summary-export.json`))
      expect(exported).toEqual(sorted(sample(`phases.v${version}.handleSummary.json`)))
      expect(exported).toHaveLength(7)
      expect(exported?.filter(({ failed }) => failed).map(({ text }) => text)).toEqual([
        'dropped_iterations{scenario:stress}: count<1',
      ])
      expect(exported?.filter(({ onNothing }) => onNothing).map(({ text }) => text)).toEqual([
        'dropped_iterations{phase:stress}: count<1',
      ])
    },
  )

  it('on what never happened say nothing; no drops of a scenario is something', () => {
    const told = (name: string, metric: object) =>
      thresholdsOf(JSON.stringify({ metrics: { [name]: { ...metric, thresholds: { x: false } } } }))?.[0]?.onNothing
    expect(told('http_req_failed{scenario:typo}', { passes: 0, fails: 0, value: 0 })).toBe(true)
    expect(told('http_req_failed', { passes: 0, fails: 3, value: 0 })).toBe(false)
    expect(told('http_reqs{scenario:typo}', { count: 0, rate: 0 })).toBe(true)
    expect(told('dropped_iterations{scenario:stress}', { count: 0, rate: 0 })).toBe(false)
    expect(told('dropped_iterations', { count: 0, rate: 0 })).toBe(false)
    expect(told('http_req_duration', { avg: 0, max: 0 })).toBe(false)
  })

  it('hide what an address in their tags carries', () => {
    const name = 'http_reqs{url:http://h/?token=s3cr3t}'
    const summary = { metrics: { [name]: { count: 1, thresholds: { 'count<1': true } } } }
    expect(thresholdsOf(JSON.stringify(summary))?.[0]?.text).toBe('http_reqs{url:http://h/?token=(hidden): count<1')
  })

  it.each(['', '{}', 'null', '{"metrics":[]}'])('are unknown in %j', (text) => {
    expect(thresholdsOf(text)).toBeNull()
  })
})

const end = (told: Partial<K6End>): K6End => ({
  ...{ code: 0, signal: null, stopped: false, ran: true, thresholds: null, complaint: null },
  ...{ checks: new Map(), dropped: new Map() },
  ...told,
})
const kept = { text: 'a: p(99)<50', failed: false, onNothing: false }

describe('the verdict', () => {
  it.each<[string, Partial<K6End>, boolean | null]>([
    ['0 without thresholds: no opinion, k6 ends so even when every iteration threw', { code: 0 }, null],
    ['0 with a threshold kept', { code: 0, thresholds: [kept] }, false],
    ['0 with thresholds on nothing', { code: 0, thresholds: [{ ...kept, onNothing: true }] }, null],
    ['99, thresholds crossed', { code: 99, thresholds: [{ ...kept, failed: true }] }, true],
    ['99 without a summary', { code: 99 }, true],
    ['100, setup() timed out', { code: 100 }, true],
    ['108, exec.test.abort', { code: 108 }, true],
    ['110, exec.test.fail', { code: 110 }, true],
    ['103, stopped by us', { code: 103, stopped: true }, null],
    ['103, stopped by us when a threshold was crossed', { code: 103, thresholds: [{ ...kept, failed: true }] }, true],
    ['105, interrupted by somebody', { code: 105 }, null],
    ['killed by us', { code: null, signal: 'SIGKILL', stopped: true }, null],
  ])('%s', (_, told, failed) => {
    expect(verdictOf(end(told)).failed).toBe(failed)
  })

  it.each<[Partial<K6End>, string]>([
    [{ code: 107 }, 'k6 ended with code 107: the script threw an exception'],
    [{ code: 107, complaint: 'ReferenceError: x' }, 'k6 ended with code 107: ReferenceError: x'],
    [{ code: 255, ran: false }, 'k6 ended with code 255'],
    [{ code: null, signal: 'SIGSEGV' }, 'k6 was killed by SIGSEGV'],
  ])('there is none of %o', (told, message) => {
    expect(() => verdictOf(end(told))).toThrow(expect.objectContaining({ code: 'tool_failed', message }))
  })

  it('names crossed thresholds, failed checks and drops, a line each', () => {
    const { reasons } = verdictOf(
      end({
        code: 99,
        thresholds: [kept, { text: 'b: rate<0.01', failed: true, onNothing: false }],
        checks: new Map([
          ['is 200', { passed: 90, failed: 10 }],
          ['has body', { passed: 100, failed: 0 }],
        ]),
        dropped: new Map([['stress', 3]]),
      }),
    )
    expect(reasons).toEqual([
      'k6 threshold crossed: b: rate<0.01',
      'check failed 10 of 100 times: is 200',
      '3 iterations of stress were dropped: no VU was free',
    ])
  })

  it('says in words of k6 what was crossed when there is no summary', () => {
    expect(verdictOf(end({ code: 99, complaint: 'thresholds on a' })).reasons).toEqual(['k6: thresholds on a'])
  })
})

test('the log of k6 2.2.0', () => {
  const lines = sample('phases.v2.2.0.stderr.ndjson')
    .trim()
    .split('\n')
    .map((line) => readLogLine(line))
  expect(lines).toEqual([
    {
      level: 'warning',
      text: 'Insufficient VUs, reached 10 active VUs and cannot initialize more (scenario stress)',
      fromScript: false,
    },
    {
      level: 'error',
      text: "thresholds on metrics 'dropped_iterations{scenario:stress}' have been crossed",
      fromScript: false,
    },
  ])
})

test('a complaint is the last error of k6 itself, or the head of a crash', () => {
  const line = (level: string, msg: string, rest = {}) => JSON.stringify({ level, msg, ...rest })
  expect(complaintIn([line('error', 'first'), line('error', 'last'), line('warning', 'later')].join('\n'))).toBe('last')
  expect(complaintIn(line('error', 'by the script', { source: 'console' }))).toBeNull()
  expect(complaintIn(`${line('error', 'x')}\npanic: nil map\n\ngoroutine 1:\n`)).toBe('panic: nil map')
  expect(complaintIn('')).toBeNull()
  expect(readLogLine(line('error', '\u001b[31mred'))?.text).not.toContain('\u001b')
})
