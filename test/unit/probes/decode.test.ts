import { describe, expect, test } from 'vitest'
import { readKey, readOpen, readRows } from '../../../probes/engine/decode.ts'
import type { KeyValue, RawFrame, Row } from '../../../probes/engine/frame.ts'
import { parseTolerant } from '../../../probes/engine/json.ts'
import { type KeyPart, openMap, resultMap } from '../../../probes/script/maps.ts'
import { frame, printed, type SampleVersion, tracerSample } from './subjects.ts'

/** Stacks by their symbols, or addresses: enough to see where they begin and end. */
const short = (part: KeyValue): unknown =>
  Array.isArray(part) ? part.map((f: RawFrame) => f.symbol ?? `0x${f.address}`) : part

const keys: { what: string; parts: KeyPart[]; raw: string; key: unknown[] }[] = [
  { what: 'one number', parts: ['int'], raw: '12', key: [12] },
  { what: 'two numbers', parts: ['int', 'int'], raw: '202,308', key: [202, 308] },
  { what: 'two numbers with a blank', parts: ['int', 'int'], raw: '202, 308', key: [202, 308] },
  { what: 'a negative number', parts: ['int', 'int'], raw: '1,-131365202642304', key: [1, -131365202642304] },
  {
    what: 'a kernel address printed unsigned is the one printed signed',
    parts: ['int', 'int'],
    raw: '1,18446612708506909312',
    key: [1, -131365202642304],
  },
  {
    what: 'an address printed signed',
    parts: ['int', 'address'],
    raw: '1,-131365202642304',
    key: [1, '0xffff888627c2ba80'],
  },
  {
    what: 'an address printed unsigned',
    parts: ['int', 'address', 'stack'],
    raw: '1,18446612708506909312,\n\tffffffff82203f4b _raw_spin_lock+59\n',
    key: [1, '0xffff888627c2ba80', ['_raw_spin_lock']],
  },
  { what: 'texts after numbers', parts: ['int', 'text', 'text'], raw: '80,10.0.0.1,::1', key: [80, '10.0.0.1', '::1'] },
  { what: 'an empty text', parts: ['int', 'text', 'int'], raw: '1,,7', key: [1, '', 7] },
  {
    what: 'a stack of 0.17',
    parts: ['int', 'stack'],
    raw: '1,\n\tffffffff821facd8 __schedule+1560\n\tffffffff821fb643 schedule+35\n',
    key: [1, ['__schedule', 'schedule']],
  },
  {
    what: 'two stacks of 0.17',
    parts: ['int', 'stack', 'stack'],
    raw: '1,\n\tffffffff821fb643 schedule+35\n,\n\t7f7f1c3931f5 start_thread+773 (/lib/libc.so.6)\n',
    key: [1, ['schedule'], ['start_thread']],
  },
  {
    what: 'two stacks of 0.23, escaped twice',
    parts: ['int', 'stack', 'stack'],
    raw: String.raw`0,\n\tffffffff81d16ca7 schedule+39\n,\n\t7f74c37bb6b9 syscall+25 (/lib/libc.so.6)\n`,
    key: [0, ['schedule'], ['syscall']],
  },
  {
    what: 'frames of 0.23 without addresses, escaped twice',
    parts: ['stack', 'stack'],
    raw: String.raw`\n        schedule+39\n,\n        nap+25\n        worker+3\n`,
    key: [['schedule'], ['nap', 'worker']],
  },
  {
    what: 'bytes above 0x7f of 0.23, escaped twice',
    parts: ['stack'],
    raw: String.raw`\n\t564ef56ffeb9 gr\uffffffc3\uffffffb6\uffffffc3\uffffff9fe(void*)+63 (/srv/app)\n`,
    key: [['größe(void*)']],
  },
  {
    what: 'two stacks of 0.24 and later, without a blank',
    parts: ['int', 'stack', 'stack'],
    raw: '1,\nschedule+39\n__x64_sys_futex+3\n,\nnap+25\nworker+3\n',
    key: [1, ['schedule', '__x64_sys_futex'], ['nap', 'worker']],
  },
  {
    what: 'C++ names with commas and parentheses, and a stack after them',
    parts: ['int', 'stack', 'stack'],
    raw: '1,\n\t7f00 std::map<int, a, (b)0>::f(int, char)+12 (/srv/app)\n\t7f08 main+1 (/srv/app)\n,\n\t7f10 g(int, (x))+3 (/srv/app)\n',
    key: [1, ['std::map<int, a, (b)0>::f(int, char)', 'main'], ['g(int, (x))']],
  },
  {
    what: 'the same without blanks (0.27)',
    parts: ['stack', 'stack'],
    raw: '\nf(int,char)+12\n,\ng(int,(x))+3\n',
    key: [['f(int,char)'], ['g(int,(x))']],
  },
  {
    what: 'an empty kernel stack',
    parts: ['stack', 'stack'],
    raw: ',\n\t7f00 main+1 (/srv/app)\n',
    key: [[], ['main']],
  },
  {
    what: 'an empty user stack',
    parts: ['int', 'stack', 'stack'],
    raw: '0,\n\tffffffff81 schedule+39\n,',
    key: [0, ['schedule'], []],
  },
  {
    what: 'a number between stacks, some of them empty',
    parts: ['stack', 'stack', 'int', 'stack', 'stack'],
    raw: '\n\tffffffff81 schedule+39\n,\n\t7f00 main+1 (/srv/app)\n,4242,\n\tffffffff82 try_to_wake_up+1\n,',
    key: [['schedule'], ['main'], 4242, ['try_to_wake_up'], []],
  },
  { what: 'two empty stacks', parts: ['stack', 'stack'], raw: ',', key: [[], []] },
  { what: 'one empty stack', parts: ['stack'], raw: '', key: [[]] },
  {
    what: 'a name with the letters of an escape beside real newlines',
    parts: ['stack'],
    raw: '\n\t7f00 C:\\new+1 (/srv/app)\n',
    key: [['C:\\new']],
  },
]

describe('a printed key', () => {
  test.each(keys)('$what', ({ parts, raw, key }) => {
    expect(readKey(parts, raw).map(short)).toEqual(key)
  })
})

describe('rows of a printed map', () => {
  const twice = '{"1,7": 3, "2,7": 4, "1,7": 5}'
  const cases: [string, ReturnType<typeof resultMap>, string, Row[]][] = [
    [
      'counts with the same key add',
      resultMap('m', 'count', 'int', 'int'),
      twice,
      [
        { key: [1, 7], value: 8, count: 8 },
        { key: [2, 7], value: 4, count: 4 },
      ],
    ],
    [
      'sums with the same key add',
      resultMap('m', 'sum', 'int', 'int'),
      twice,
      [
        { key: [1, 7], value: 8, count: 2 },
        { key: [2, 7], value: 4, count: 1 },
      ],
    ],
    [
      'of maxima with the same key the highest counts',
      resultMap('m', 'max', 'int', 'int'),
      twice,
      [
        { key: [1, 7], value: 5, count: 2 },
        { key: [2, 7], value: 4, count: 1 },
      ],
    ],
    [
      'stats give total and number, and add',
      resultMap('m', 'stats', 'int'),
      '{"1": {"count": 2, "average": 15, "total": 30}, "1": {"count": 1, "average": 7, "total": 7}}',
      [{ key: [1], value: 37, count: 3 }],
    ],
    [
      'a number printed as text is a number',
      resultMap('m', 'sum', 'int'),
      '{"1": "42"}',
      [{ key: [1], value: 42, count: 1 }],
    ],
    ['a map without keys is one row', resultMap('m', 'count'), '9', [{ key: [], value: 9, count: 9 }]],
    ['stats of nothing are nothing', resultMap('m', 'stats'), '{"count": 0, "average": 0, "total": 0}', []],
    ['empty stats are nothing', resultMap('m', 'stats'), '{}', []],
    [
      'what is no number is left out',
      resultMap('m', 'sum', 'int'),
      '{"1": {"a": 1}, "2": 5}',
      [{ key: [2], value: 5, count: 1 }],
    ],
    ['a list is no map', resultMap('m', 'sum', 'int'), '[1, 2]', []],
  ]
  test.each(cases)('%s', (_, map, text, rows) => {
    expect(readRows(map, parseTolerant(text))).toEqual(rows)
  })
})

describe('open waits', () => {
  test('are numbers or stacks by number', () => {
    const since = openMap('since', 'int', 'int', 'int')
    expect(readOpen(since, parseTolerant('{"7,202": 4121, "8,202": 0}'))).toEqual([
      { key: [7, 202], value: 4121 },
      { key: [8, 202], value: 0 },
    ])
    const stack = openMap('stack', 'stack', 'int')
    expect(readOpen(stack, parseTolerant('{"7": "\\n\\t7f00 nap+1 (/srv/app)\\n", "8": ""}'))).toEqual([
      { key: [7], value: [{ address: '7f00', symbol: 'nap', module: '/srv/app' }] },
      { key: [8], value: [] },
    ])
  })

  test('of a map that is no map are none', () => {
    expect(readOpen(openMap('since', 'int', 'int'), parseTolerant('5'))).toEqual([])
  })
})

describe.each<SampleVersion>(['0.17.0', '0.23.2'])('what bpftrace %s really printed', (version) => {
  const lines = tracerSample(version)
  const rows = (map: ReturnType<typeof resultMap>) =>
    ['a', 'b'].flatMap((side) => printed(lines, `@${map.name}_${side}`)).flatMap((data) => readRows(map, data))

  test('is understood line by line', () => {
    expect(lines.filter((line) => line.type === 'unknown')).toEqual([])
    const cuts = lines.flatMap((line) => (line.type === 'text' && line.text.startsWith('CUT ') ? [line.text] : []))
    expect(cuts.map((text) => text.trim().split(' ').slice(2))).toEqual([
      ['1', '1'],
      ['1', '1'],
      ['2', '1'],
    ])
  })

  test('gives stacks with named frames from leaf to thread', () => {
    const stacks = rows(resultMap('off_stacks', 'stats', 'int', 'stack', 'stack'))
    expect(stacks.length).toBeGreaterThan(3)
    for (const { key, value, count } of stacks) {
      const [state, kernel, user] = key as [number, RawFrame[], RawFrame[]]
      expect([0, 1]).toContain(state)
      expect(kernel.at(0)?.symbol).toBe('__schedule')
      expect(kernel.at(-1)?.symbol).toMatch(/^(entry_SYSCALL_64_after_hwframe|asm_sysvec_\w+)$/)
      expect(user.map((f) => f.symbol)).toContain('größe(void*)')
      expect([...kernel, ...user].every((f) => f.address !== null)).toBe(true)
      expect(user.every((f) => f.module !== null)).toBe(true)
      expect(count).toBeGreaterThan(0)
      expect(value).toBeGreaterThan(0)
    }
  })

  test('has each stack of a state once, whatever the number of threads in it', () => {
    const map = resultMap('futex_stacks', 'stats', 'int', 'int', 'stack')
    for (const data of [...printed(lines, '@futex_stacks_a'), ...printed(lines, '@futex_stacks_b')]) {
      const found = readRows(map, data).map(({ key }) => JSON.stringify(key))
      expect(new Set(found).size).toBe(found.length)
    }
  })

  test('adds up: the stacks hold the time that the sums hold', () => {
    const total = (all: Row[]) => all.reduce((n, row) => n + row.value, 0)
    expect(total(rows(resultMap('off_stacks', 'stats', 'int', 'stack', 'stack')))).toBe(
      total(rows(resultMap('off_ns', 'sum', 'int'))),
    )
    expect(total(rows(resultMap('futex_stacks', 'stats', 'int', 'int', 'stack')))).toBe(
      total(rows(resultMap('futex_ns', 'stats', 'int', 'int'))),
    )
  })

  test('lists open waits with stacks that read like the others', () => {
    const open = printed(lines, '@off_ustack').flatMap((data) => readOpen(openMap('off_ustack', 'stack', 'int'), data))
    expect(open.length).toBeGreaterThan(0)
    for (const { value } of open) expect((value as RawFrame[]).map((f) => f.symbol)).toContain('größe(void*)')
  })
})

test('bpftrace 0.17 prints one key for each thread, and nothing is lost by it', () => {
  const [data] = printed(tracerSample('0.17.0'), '@futex_stacks_a')
  const entries = data as { entries: [string, unknown][] }
  expect(entries.entries.length).toBeGreaterThan(1)
  expect(new Set(entries.entries.map(([key]) => key)).size).toBe(1)
  expect(readRows(resultMap('m', 'stats', 'int', 'int', 'stack'), entries as never)).toHaveLength(1)
})

test('a frame made by hand is like one that was read', () => {
  expect(readKey(['stack'], '\n0x7f00\nnap+1\n')).toEqual([[frame('0x7f00'), frame('nap')]])
})
