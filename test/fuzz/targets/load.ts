import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { openPlan, timetableOf } from '../../../audit/index.ts'
import { importSamples } from '../../../audit/load/follow/import.ts'
import { parseJmxPlan } from '../../../audit/load/jmeter/plan.ts'
import { timetableOf as jmeterTimetable } from '../../../audit/load/jmeter/timetable.ts'
import { createCsvReader } from '../../../audit/load/k6/csv.ts'
import { createJsonReader } from '../../../audit/load/k6/json.ts'
import { createLedger } from '../../../audit/load/k6/ledger.ts'
import { readLogLine } from '../../../audit/load/k6/log.ts'
import { timetableOf as k6Timetable } from '../../../audit/load/k6/plan.ts'
import { thresholdsOf } from '../../../audit/load/k6/summary.ts'
import { mutateJson, mutateLines, NUMBERS } from '../mutate.ts'
import { type FuzzTarget, harmIn } from '../target.ts'

const samples = join(import.meta.dirname, '../../../fixtures/samples')
const text = (name: string) => readFileSync(join(samples, name), 'utf8')
const unpacked = (name: string) => gunzipSync(readFileSync(join(samples, name))).toString()
const head = (all: string, lines: number) => all.split('\n').slice(0, lines).join('\n')

const PLAIN = `time,phase,latency_ms,status,error\n${Array.from({ length: 30 }, (_, i) => `${1_700_000_000_000 + i * 100},base,${i},200,`).join('\n')}\n`
const PLAIN_JSON = Array.from({ length: 30 }, (_, i) =>
  JSON.stringify({ time: 1_700_000_000 + i, latency_ms: i, status: 200, phase: 'p' }),
).join('\n')
const XML_WORDS = [
  '<!DOCTYPE x [<!ENTITY a "b">]>',
  '&a;',
  '&#x0;',
  '&#1114112;',
  '&#xD800;',
  '<sample',
  '</testResults>',
  '<a '.repeat(500),
  '<a>'.repeat(3_000),
  `<a ${'b'.repeat(60_000)}>`,
]

const results: FuzzTarget = {
  about: "results of load tools: JMeter's JTL (CSV, XML), plain CSV and NDJSON",
  cases: 400,
  open: (folder) => {
    const seeds = [
      head(unpacked('jmeter/jmeter-2.13-full.csv.jtl.gz'), 60),
      head(unpacked('jmeter/jmeter-2.13.xml.jtl.gz'), 80),
      ...[PLAIN, PLAIN_JSON],
    ]
    const words = ['"', '""', '"a,b', 'timeStamp,elapsed', ...XML_WORDS, `${'1:1-'.repeat(20_000)} 1-1x`]
    return {
      generate: (random) => ({
        kind: random.pick(['auto', 'auto', 'jtl', 'csv', 'ndjson']),
        bytes: mutateLines(random, random.pick(seeds), words),
      }),
      read: async ({ kind, bytes }) => {
        const path = join(folder, 'results')
        writeFileSync(path, bytes)
        try {
          const notes: string[] = []
          const format = kind as 'auto' | 'jtl' | 'csv' | 'ndjson'
          for await (const sample of importSamples(path, { format, onNote: (note) => notes.push(note) })) {
            if (!(sample.responseMs >= 0 && sample.responseMs < Infinity))
              return `an answer took ${sample.responseMs} ms`
            const harm = harmIn('a group', sample.group ?? '')
            if (harm) return harm
          }
          return harmIn('a note', notes.join('\n'))
        } finally {
          rmSync(path)
        }
      },
    }
  },
}

const k6Rows: FuzzTarget = {
  about: "k6's rows (CSV, JSON) → the books of a run",
  cases: 300,
  open: () => {
    const seeds = {
      csv: head(text('k6/phases.v2.2.0.excerpt.csv'), 200),
      json: head(text('k6/phases.v1.8.1.head400.ndjson'), 200),
    }
    const words = [
      'metric_name,timestamp,metric_value',
      '2026-13-99T99:99:99Z',
      '{"type":"Point"}',
      '{"metric":"http_reqs","type":"Point","data":{"time":"x","value":1e400,"tags":{"__proto__":"x"}}}',
    ]
    return {
      generate: (random) => {
        const kind = random.pick(['csv', 'json'] as const)
        return { kind, bytes: mutateLines(random, seeds[kind], words) }
      },
      read: ({ kind, bytes }) => {
        const notes: string[] = []
        const course = {
          firstPhase: 1,
          begin: async () => ({ id: 2, atNs: process.hrtime.bigint() }),
          slice: () => undefined,
          note: (note: string) => void notes.push(note),
        }
        const phase = { name: 'a', kind: 'mark', startMs: 0, endMs: 1000, scenarios: ['a', 'default'], rates: {} }
        const ledger = createLedger(course, [phase])
        ledger.released(process.hrtime.bigint())
        const reader = (kind === 'csv' ? createCsvReader : createJsonReader)(ledger.row)
        for (let at = 0; at < bytes.length; at += 1_777) reader.write(bytes.subarray(at, at + 1_777))
        reader.end()
        ledger.settle()
        ledger.end()
        return harmIn('a note', notes.join('\n'))
      },
    }
  },
}

const k6Answers: FuzzTarget = {
  about: 'what k6 inspect, its summaries and its log say',
  cases: 500,
  open: () => {
    const inspection: unknown = JSON.parse(text('k6/phases.inspect.json'))
    const summaries = ['v1.8.1.handleSummary', 'v2.2.0.summary-export'].map((name): unknown =>
      JSON.parse(text(`k6/phases.${name}.json`)),
    )
    const log = text('k6/phases.v2.2.0.stderr.ndjson')
    return {
      generate: (random) => {
        const kind = random.pick(['inspect', 'inspect', 'summary', 'log'])
        if (kind === 'log') return { kind, bytes: mutateLines(random, log) }
        return {
          kind,
          bytes: Buffer.from(
            JSON.stringify(mutateJson(random, kind === 'inspect' ? inspection : random.pick(summaries))),
          ),
        }
      },
      read: ({ kind, bytes }) => {
        const said = bytes.toString()
        if (kind === 'log')
          return harmIn(
            'a line',
            said
              .split('\n')
              .map((line) => readLogLine(line)?.text ?? '')
              .join('\n'),
          )
        if (kind === 'summary')
          return harmIn('a threshold', (thresholdsOf(said) ?? []).map((one) => one.text).join('\n'))
        const { phases } = k6Timetable(JSON.parse(said))
        for (const phase of phases)
          for (const rate of Object.values(phase.rates))
            for (const ms of [0, 1, 1e9, ...NUMBERS.slice(0, 4)]) rate?.(ms)
        return harmIn('a phase', phases.map(({ name }) => name).join('\n'))
      },
    }
  },
}

/** A call of a function, as JMeter writes it. */
const call = (...of: string[]): string => `\${__${of.join('')}}`

const jmx: FuzzTarget = {
  about: "JMeter's plans",
  cases: 400,
  open: () => {
    const seed = text('jmeter/plan.jmx')
    const words = [
      ...['<hashTree>', '</hashTree>', '<ThreadGroup>', '<ThreadGroup enabled="true" testname="a">', ...XML_WORDS],
      ...[
        call('P(a,', call('P(b)')),
        call('property(x,,', call(''), ')'),
        call(`P(${'('.repeat(3_000)})`),
        call(`P(${' '.repeat(60_000)}`),
        call('P(').repeat(5_000),
      ],
      ...['rate(10/s) random_arrivals(10 min)', `rate(${'1'.repeat(60_000)}/s)`, '/*'.repeat(30_000)],
    ]
    return {
      generate: (random) => ({ kind: 'jmx', bytes: mutateLines(random, seed, words) }),
      read: ({ bytes }) => {
        const plan = parseJmxPlan(bytes, 'a.jmx', { a: '1' })
        const names = [
          ...plan.groups.map(({ name }) => name ?? ''),
          ...jmeterTimetable(plan).phases.map(({ name }) => name),
        ]
        return harmIn('a name', names.join('\n'))
      },
    }
  },
}

const PLAN = `target:
  url: "http://127.0.0.1:8080/a?b=c"
  follow: true
peak: 100/s
load:
  connections: 50
  timeout: 10s
  headers: { x-a: "b", authorization: $TOKEN }
  requests:
    - path: "/"
      expect: { status: 200 }
    - { method: POST, path: /orders, body: "abc", weight: 0.2 }
phases:
  - { name: idle, duration: 30s, rate: 0 }
  - { name: climb, duration: 1m, ramp: [100%, 200%] }
  - { name: stress, duration: 5m, rate: 200%, thresholds: { p99: 100ms } }
  - { name: stairs, step: { rates: [50%, 100%, 150%], each: 30s } }
  - { name: capacity, search: { from: 100%, to: 1000%, each: 30s } }
thresholds: { p99: 50ms, errors: 1% }
abort: { errors: 1%, window: 5s, min: 200 }
probes: [accept-queue, syscalls, off-cpu]
budgets: { overhead: 20%, loss: 5% }
`

const plan: FuzzTarget = {
  about: 'plans (YAML, JSON)',
  cases: 400,
  open: (folder) => {
    const words = [
      ...[
        '.nan',
        '.inf',
        '&a [*a,*a]',
        '*a',
        '<<: *a',
        '!!js/function x',
        '!!binary AAAA',
        '0x7fffffffffffffff',
        '1e999%',
        '200%',
        `${'9'.repeat(400)}s`,
      ],
      ...[
        '[]',
        '{}',
        'null',
        '~',
        '- - - - -',
        '{a: {a: {a: 1}}}',
        '['.repeat(200),
        '? x',
        '---',
        '%YAML 1.1',
        '"\\u0000"',
        '5m',
        '100000%',
        'rate: 0',
      ],
      ...['$NOPE', `$${'{HOME}'}`, '$$', '2001-01-01', '|\n  x', '>-'],
    ]
    return {
      generate: (random) => ({ kind: random.pick(['yaml', 'yaml', 'json']), bytes: mutateLines(random, PLAN, words) }),
      read: async ({ kind, bytes }) => {
        const path = join(folder, `plan.${kind}`)
        writeFileSync(path, bytes)
        try {
          const read = await openPlan(path, { HOME: '/root', TOKEN: 't' })
          const { rows } = timetableOf(read)
          for (const { durationMs, fromRps, toRps } of rows)
            for (const number of [durationMs, fromRps, toRps])
              if (!(number >= 0 && number < Infinity)) return `a phase of ${number}`
          return harmIn('what is recorded of it', JSON.stringify(read.written))
        } finally {
          rmSync(path)
        }
      },
    }
  },
}

export const loadTargets = { results, 'k6-rows': k6Rows, 'k6-answers': k6Answers, jmx, plan }
