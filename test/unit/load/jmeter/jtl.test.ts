import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { importSamples } from '../../../../audit/load/follow/import.ts'
import type { WallSample } from '../../../../audit/load/follow/wall-sample.ts'
import type { LoadSlice } from '../../../../audit/load/generator.ts'
import { sumHdr } from '../../../../audit/load/hdr.ts'
import { createSampleBooks } from '../../../../audit/load/samples.ts'
import { jmeterSample, read, testFolder } from '../follow/reading.ts'

/** A recorded row, by a way of reading that shares nothing with the one under test. */
interface Raw {
  startMs: number
  elapsedMs: number
  group: string
  ok: boolean
}
const groupOf = (thread: string) => thread.replace(/ \d+-\d+$/, '')

/** None of the recorded CSVs has a quote in it. */
function rawCsv(text: string, [time, elapsed, thread, success]: readonly [number, number, number, number]): Raw[] {
  const rows = text.split('\n').filter((line) => /^\d/.test(line))
  return rows.map((row) => {
    const fields = row.split(',')
    return {
      startMs: Number(fields[time]),
      elapsedMs: Number(fields[elapsed]),
      group: groupOf(fields[thread] ?? ''),
      ok: fields[success] === 'true',
    }
  })
}
function rawXml(text: string): Raw[] {
  const attribute = (tag: string, name: string) => new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? ''
  return [...text.matchAll(/<httpSample [^>]*>/g)].map(([tag]) => ({
    startMs: Number(attribute(tag, 'ts')),
    elapsedMs: Number(attribute(tag, 't')),
    group: groupOf(attribute(tag, 'tn')),
    ok: attribute(tag, 's') === 'true',
  }))
}
const countByGroup = (samples: readonly WallSample[]) =>
  Object.fromEntries([...Map.groupBy(samples, ({ group }) => group)].map(([group, own]) => [group, own.length]))
const nearestRank = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

const recorded = [
  {
    name: 'jmeter-2.13-default.csv.jtl',
    raw: (text: string) => rawCsv(text, [0, 1, 5, 7]),
    counts: { baseline: 107, stress: 1713, soak: 485 },
    errors: { soak: 10 },
  },
  {
    name: 'jmeter-2.13-full.csv.jtl',
    raw: (text: string) => rawCsv(text, [0, 1, 5, 7]),
    counts: { baseline: 116, stress: 2756, soak: 485 },
    errors: { soak: 5 },
  },
  {
    name: 'jmeter-2.13-distributed.csv.jtl',
    raw: (text: string) => rawCsv(text, [0, 1, 5, 7]),
    counts: { baseline: 118, stress: 2470, soak: 484 },
    errors: { soak: 8 },
  },
  {
    name: 'jmeter-2.13.xml.jtl',
    raw: rawXml,
    counts: { baseline: 115, stress: 2516, soak: 482 },
    errors: { soak: 10 },
  },
]

describe.each(recorded)('$name', ({ name, raw, counts, errors }) => {
  const text = jmeterSample(name).toString('utf8')
  const rows = raw(text)

  test('is read row by row as it is written', () => {
    const { samples, skipped, notes } = read(text)
    expect({ skipped, notes }).toEqual({ skipped: [], notes: [] })
    expect(
      samples.map(({ startMs, responseMs, group, outcome }) => ({
        startMs,
        elapsedMs: responseMs,
        group,
        ok: outcome === 'ok',
      })),
    ).toEqual(rows)
  })

  test('has the counts and errors of each thread group', () => {
    const { samples } = read(text)
    const failed = samples.filter((sample) => sample.outcome !== 'ok')
    expect(countByGroup(samples)).toEqual(counts)
    expect(countByGroup(failed)).toEqual(errors)
    expect(new Set(failed.map((s) => s.outcome))).toEqual(new Set(['status']))
  })

  test('gives each phase the percentiles of its raw rows', async () => {
    const file = join(testFolder(), 'run.jtl')
    writeFileSync(file, text)
    const slices: LoadSlice[] = []
    const books = createSampleBooks((slice) => slices.push(slice))
    const groups = Object.keys(counts)
    const ns = (ms: number) => BigInt(ms) * 1_000_000n
    for (const [index, group] of groups.entries()) {
      const first = Math.min(...rows.filter((row) => row.group === group).map((row) => row.startMs))
      books.begin({ id: index + 1, atNs: ns(first), plannedRps: null })
    }
    let lastMs = 0
    for await (const { group, groupNumber, startMs, ...sample } of importSamples(file)) {
      expect(groupNumber).toBe(groups.indexOf(group ?? '') + 1)
      books.add({ ...sample, startNs: ns(startMs), phase: groups.indexOf(group ?? '') + 1 })
      lastMs = Math.max(lastMs, startMs + sample.responseMs)
    }
    books.close(ns(lastMs + 1))
    for (const [index, group] of groups.entries()) {
      const own = slices.filter((slice) => slice.phase === index + 1)
      const told = sumHdr(own.map((slice) => slice.hist.response)).percentiles()
      const elapsed = rows.filter((row) => row.group === group).map((row) => row.elapsedMs)
      for (const [key, share] of [
        ['p50', 0.5],
        ['p90', 0.9],
        ['p99', 0.99],
        ['p999', 0.999],
        ['max', 1],
      ] as const) {
        const truth = nearestRank(elapsed, share)
        // Three significant digits, and 0 ms has none.
        expect(Math.abs((told[key] ?? Number.NaN) - truth)).toBeLessThanOrEqual(truth / 1000 + 0.001)
      }
    }
  })

  test('is the same however its bytes come', () => {
    const whole = read(text)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 40 }), (sizes) => {
        expect(read(text, 'auto', sizes)).toEqual(whole)
      }),
      { numRuns: 15 },
    )
  })
})

test('the service time leaves connecting out where the file tells it', () => {
  const text = jmeterSample('jmeter-2.13-full.csv.jtl').toString('utf8')
  const truth = text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
    .map((fields) => Number(fields[1]) - Number(fields[18]))
  expect(read(text).samples.map((sample) => sample.serviceMs)).toEqual(truth)
  expect(truth[0]).toBe(91 - 72)
  expect(read(jmeterSample('jmeter-2.13-default.csv.jtl')).samples.every((s) => s.serviceMs === null)).toBe(true)
})

const HEADER_5 =
  'timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect'
const row5 = (over: Partial<Record<'code' | 'message' | 'thread' | 'success' | 'failure', string>> = {}) =>
  [
    '1795427676349,137,GET /',
    over.code ?? '200',
    over.message ?? 'OK',
    over.thread ?? 'load 1-1',
    'text',
    over.success ?? 'true',
    over.failure ?? '',
    '134,120,1,1,http://127.0.0.1/,37,0,12',
  ].join(',')

test('the header of JMeter 5 is read by its names', () => {
  expect(read(`${HEADER_5}\n${row5()}\n`).samples).toEqual([
    {
      startMs: 1795427676349,
      responseMs: 137,
      serviceMs: 125,
      outcome: 'ok',
      group: 'load',
      groupNumber: 1,
    },
  ])
})

test.each([
  ['true', '200', 'OK', 'ok'],
  // What the plan wants is right.
  ['true', '404', 'Not Found', 'ok'],
  ['false', '404', 'Not Found', 'status'],
  ['false', '503', 'Service Unavailable', 'status'],
  // An assertion failed.
  ['false', '200', 'OK', 'body'],
  ['false', '302', 'Found', 'body'],
  [
    'false',
    'Non HTTP response code: java.net.ConnectException',
    'Non HTTP response message: Connection refused (Connection refused)',
    'connect_refused',
  ],
  [
    'false',
    'Non HTTP response code: org.apache.http.conn.HttpHostConnectException',
    'Non HTTP response message: Connect to 127.0.0.1:1 failed: Connection refused',
    'connect_refused',
  ],
  [
    'false',
    'Non HTTP response code: org.apache.http.conn.ConnectTimeoutException',
    'Non HTTP response message: Connect to 10.0.0.1:80 failed: connect timed out',
    'timeout',
  ],
  [
    'false',
    'Non HTTP response code: java.net.SocketTimeoutException',
    'Non HTTP response message: Read timed out',
    'timeout',
  ],
  ['false', 'Non HTTP response code: java.net.SocketException', 'Non HTTP response message: Connection reset', 'reset'],
  [
    'false',
    'Non HTTP response code: org.apache.http.NoHttpResponseException',
    'Non HTTP response message: 127.0.0.1:8080 failed to respond',
    'reset',
  ],
  [
    'false',
    'Non HTTP response code: java.net.NoRouteToHostException',
    'Non HTTP response message: Cannot assign requested address (Address not available)',
    'EADDRNOTAVAIL',
  ],
  [
    'false',
    'Non HTTP response code: java.net.SocketException',
    'Non HTTP response message: Too many open files',
    'EMFILE',
  ],
  ['false', 'Non HTTP response code: java.net.UnknownHostException', 'Non HTTP response message: nowhere', 'other'],
  ['false', '', '', 'other'],
])('success %s, code "%s", message "%s" is %s', (success, code, message, outcome) => {
  expect(read(`${HEADER_5}\n${row5({ success, code, message })}\n`).samples[0]?.outcome).toBe(outcome)
})

test('quoted fields may hold delimiters, quotes and newlines', () => {
  const message = '"a, ""b""\r\nand a second, line"'
  const text = `${HEADER_5}\n${row5({ message })}\n${row5({ thread: '"a ""b"", c 2-1"' })}\n`
  const whole = read(text)
  expect(whole.samples.map((sample) => sample.group)).toEqual(['load', 'a "b", c'])
  expect(whole.skipped).toEqual([])
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 80 }), (sizes) => {
      expect(read(text, 'jtl', sizes)).toEqual(whole)
      expect(read(text, 'auto', sizes)).toEqual(whole)
    }),
  )
})

test.each([
  ['baseline 1-1', 'baseline', 1],
  ['Thread Group 2-17', 'Thread Group', 2],
  ['10.1.2.3:1099-stress 3-4', 'stress', 3],
  ['a 1-2 b 4-5', 'a 1-2 b', 4],
  ['stress-1', null, null],
  ['', null, null],
  ['evil\u001b[2J\u202e 1-1', 'evil\\x1b[2J\\u202e', 1],
])('thread "%s" is of group %s', (thread, group, groupNumber) => {
  expect(read(`${HEADER_5}\n${row5({ thread })}\n`).samples[0]).toMatchObject({ group, groupNumber })
})

describe('rows of a Transaction Controller', () => {
  const transaction = (count: number) =>
    row5({ message: `"Number of samples in transaction : ${count}, number of failing samples : 0"`, code: '' })

  test('are not counted beside the requests in them', () => {
    const text = [HEADER_5, row5(), row5(), transaction(2), row5(), transaction(1), transaction(1)].join('\n')
    expect(read(text)).toMatchObject({ samples: { length: 3 }, notes: [] })
  })

  test('without these requests say that they are missing', () => {
    const text = [HEADER_5, ...Array.from({ length: 100 }, () => transaction(3))].join('\n')
    const { samples, notes } = read(text)
    expect(samples).toEqual([])
    expect(notes).toEqual([expect.stringMatching(/^requests are missing: .*parent samples/)])
  })
})

describe('XML', () => {
  const tag = (name: string, thread: string, message = 'OK') =>
    `<${name} t="10" ts="1795428846328" s="true" rc="200" rm="${message}" tn="${thread} 1-1" ct="4">`
  const nested = `<?xml version="1.0"?>
<testResults version="1.2">
${tag('httpSample', 'redirected')}<responseHeader class="java.lang.String">a &lt;httpSample t="1" ts="1"/&gt; b</responseHeader>
 ${tag('httpSample', 'hop 1')}</httpSample>${tag('sample', 'hop 2')}${tag('httpSample', 'resource')}</httpSample></sample>
</httpSample>
${tag('sample', 'transaction', 'Number of samples in transaction : 2, number of failing samples : 0')}
  ${tag('httpSample', 'inner &amp; &#x201c;quoted&#8221;')}</httpSample>
  ${tag('sample', 'transaction', 'Number of samples in transaction : 1, number of failing samples : 0')}
    ${tag('httpSample', 'innermost')}</httpSample>
  </sample>
</sample>
<!-- ${tag('httpSample', 'in a comment')} --><![CDATA[ ${tag('httpSample', 'in character data')} ]]>
`

  test('counts a request once, whatever it is made of, and what is in a transaction instead of it', () => {
    const { samples, skipped } = read(nested)
    expect(samples.map((sample) => sample.group)).toEqual(['redirected', 'inner & “quoted”', 'innermost'])
    expect(samples[0]).toMatchObject({ responseMs: 10, serviceMs: 6, outcome: 'ok' })
    expect(skipped).toEqual([])
  })

  test('is the same however its bytes come, and needs no end', () => {
    const whole = read(nested)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }), (sizes) => {
        expect(read(nested, 'jtl', sizes)).toEqual(whole)
      }),
    )
    const cut = nested.indexOf('innermost')
    expect(read(nested.slice(0, cut)).samples).toHaveLength(2)
  })
})

describe('a file that cannot be right', () => {
  test.each([
    ['local dates', `${HEADER_5}\n${row5().replace('1795427676349', '2026/11/24 11:00:00.123')}`, /times .* are dates/],
    ['local dates without a header', '11:00:00.123,137,GET /,200,OK,load 1-1,,true,134,3,3,137', /times .* are dates/],
  ])('%s are refused with what to do', (_what, text, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({
        code: 'samples_unreadable',
        message: expect.stringMatching(message),
        fix: expect.stringContaining('timestamp_format=ms'),
      }),
    )
  })

  test.each(['hello world\n', 'a,b,c\n1,2,3\n', '\0\0\0\n'])('%j is no JTL', (text) => {
    expect(() => read(text, 'jtl')).toThrow(expect.objectContaining({ code: 'samples_unreadable' }))
  })

  test('rows that are broken are passed over and told, the others read', () => {
    const text = [HEADER_5, row5(), '1795427', '', 'x'.repeat(50), `NaN${row5()}`, row5(), row5().slice(0, 40)].join(
      '\n',
    )
    const { samples, skipped } = read(text)
    expect(samples).toHaveLength(2)
    expect(skipped).toHaveLength(4)
  })

  test('a second run in the same file brings its own header', () => {
    const other = 'timeStamp,threadName,success,elapsed\n1795427676999,late 1-1,false,7'
    const { samples } = read(`${HEADER_5}\n${row5()}\n${other}\n`)
    expect(samples.map((sample) => [sample.group, sample.responseMs])).toEqual([
      ['load', 137],
      ['late', 7],
    ])
  })

  test('a row without end is dropped, and reading goes on after it', () => {
    const text = `${HEADER_5}\n${row5({ message: `"${'x'.repeat(3_000_000)}"` })}\n${row5()}\n`
    const { samples, skipped } = read(text)
    expect({ count: samples.length, skipped }).toEqual({ count: 1, skipped: ['it is too long'] })
  })

  test('a tag without end is dropped, and reading goes on after it', () => {
    const sample = '<httpSample t="1" ts="1795428846328" s="true" tn="a 1-1"/>'
    const { samples, skipped } = read(`<r><junk a="${'x'.repeat(3_000_000)}"/>${sample}`)
    expect({ count: samples.length, skipped: skipped.length }).toEqual({ count: 1, skipped: 1 })
  })

  test('entities of its own are never expanded', () => {
    const bomb = `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>`
    const { samples } = read(`${bomb}<r><httpSample t="1" ts="1795428846328" s="true" tn="&b;&f; 1-1"/></r>`)
    expect(samples[0]?.group).toBe('&b;&f;')
  })

  test('samples in samples without end do not pile up', () => {
    const open = '<sample t="1" ts="1795428846328" s="true" tn="a 1-1">'
    const text = `<r>${open.repeat(50_000)}${'</sample>'.repeat(50_000)}${open}</sample></r>`
    expect(read(text).samples).toHaveLength(2)
  })

  test('no bytes make it throw anything but its own errors', () => {
    const piece = fc.oneof(
      fc.constantFrom('\0', '"', ',', '\n', '<', '>', '</sample>', '<sample ', '&', '<!--', '<![CDATA[', ']]>', '-->'),
      fc.constantFrom('\ufeff', HEADER_5, row5(), '<httpSample t="1" ts="1795428846328" tn="a 1-1" s="true">', '{}'),
      fc.string(),
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
        (pieces, sizes) => {
          const outcome = (chunks: readonly number[]) => {
            try {
              return read(pieces.join(''), 'auto', chunks)
            } catch (error) {
              expect(error).toMatchObject({ name: 'LoadError', code: 'samples_unreadable' })
              return null
            }
          }
          expect(outcome(sizes)).toEqual(outcome([1_000_000]))
        },
      ),
      { numRuns: 300 },
    )
  })
})
