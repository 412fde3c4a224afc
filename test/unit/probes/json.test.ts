import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readLine } from '../../../probes/engine/decode.ts'
import { entry, parseTolerant, type Tolerant, toNumber } from '../../../probes/engine/json.ts'

/** Plain JSON from what the tolerant reader keeps; only for objects without repeated keys. */
function plain(value: Tolerant): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(value.entries.map(([key, inner]) => [key, plain(inner)]))
  return value
}

describe('a line of the tracer', () => {
  test('that is JSON is read as JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        // JSON.parse keeps the last of repeated keys and treats __proto__ apart: texts without either.
        fc.pre(!text.includes('__proto__'))
        expect(plain(parseTolerant(text))).toEqual(JSON.parse(text))
      }),
    )
  })

  test('keeps every one of repeated keys, in order', () => {
    const data = entry(parseTolerant('{"type": "map", "data": {"@m": {"1": 3, "2": 4, "1": 5}}}'), 'data')
    expect(entry(data, '@m')).toEqual({
      entries: [
        ['1', 3],
        ['2', 4],
        ['1', 5],
      ],
    })
  })

  test.each([
    ['one character of two bytes', String.raw`"caf\uffffffc3\uffffffa9"`, 'café'],
    ['one of three', String.raw`"\uffffffe8\uffffffaa\uffffff9e"`, '語'],
    ['one of four', String.raw`"\uffffffF0\uffffff9f\uffffff98\uffffff80"`, '😀'],
    ['two apart', String.raw`"\uffffffc3\uffffffa9x\uffffffc3\uffffff9f"`, 'éxß'],
    ['half of one', String.raw`"\uffffffc3"`, '�'],
    ['an escaped backslash before the same letters', String.raw`"\\uffffffc3"`, String.raw`\uffffffc3`],
    ['an ordinary escape', String.raw`"\u00e9"`, 'é'],
    ['a surrogate pair', String.raw`"\ud83d\ude00"`, '😀'],
    ['the short escapes', String.raw`"\n\t\r\b\f\"\\\/"`, '\n\t\r\b\f"\\/'],
    ['an escape nobody knows', String.raw`"\q"`, 'q'],
    ['raw bytes', '"é"', 'é'],
  ])('bytes above 0x7f: %s', (_, text, expected) => {
    expect(parseTolerant(text)).toBe(expected)
  })

  test.each([
    ['a number', 12, 12],
    ['a large number as text', '9007199254740992', 2 ** 53],
    ['a negative number', -7, -7],
    ['an empty text', '', Number.NaN],
    ['another text', 'abc', Number.NaN],
    ['nothing', undefined, Number.NaN],
    ['null', null, Number.NaN],
    ['a list', [1], Number.NaN],
  ])('a count that is %s', (_, value, expected) => {
    expect(toNumber(value)).toBe(expected)
  })

  test.each(['', '{', '{"a"', '{"a":', '{"a":1', '{"a":1,}', '[1,', '"abc', '"abc\\', 'nul', '1 2', '{a:1}', '\\u00'])(
    'that is no JSON is an error: %j',
    (text) => {
      expect(() => parseTolerant(text)).toThrow(SyntaxError)
    },
  )
})

describe('readLine', () => {
  const kinds: [string, string, ReturnType<typeof readLine>][] = [
    ['a map', '{"type": "map", "data": {"@n": 4}}', { type: 'map', name: '@n', data: 4 }],
    [
      'a map of 0.27',
      '{"type": "map", "data": {"@t2": {"bpftrace": "18446744073709551615"}}}',
      { type: 'map', name: '@t2', data: { entries: [['bpftrace', '18446744073709551615']] } },
    ],
    ['text', '{"type": "printf", "data": "CUT 12 1\\n"}', { type: 'text', text: 'CUT 12 1\n' }],
    ['what is attached', '{"type": "attached_probes", "data": {"probes": 9}}', { type: 'attached', probes: 9 }],
    [
      'what is attached, 0.27',
      '{"type": "attached_probes", "count": 9, "data": {"probes": 9}}',
      { type: 'attached', probes: 9 },
    ],
    ['lost events', '{"type": "lost_events", "data": {"events": 12}}', { type: 'lost', events: 12 }],
    ['a blank line', '', null],
    ['a line of blanks', '  \t', null],
    ['plain text', 'No probes to attach', { type: 'unknown', text: 'No probes to attach' }],
    ['a broken line', '{"type": "map", "da', { type: 'unknown', text: '{"type": "map", "da' }],
    [
      'a type of a later version',
      '{"type": "new", "data": 1}',
      { type: 'unknown', text: '{"type": "new", "data": 1}' },
    ],
    ['an object without a type', '{"a": 1}', { type: 'unknown', text: '{"a": 1}' }],
  ]
  test.each(kinds)('%s', (_, line, expected) => {
    expect(readLine(line)).toEqual(expected)
  })

  test('reads stats and hist like maps', () => {
    expect(readLine('{"type": "stats", "data": {"@s": {"count": 2, "average": 15, "total": 30}}}')).toMatchObject({
      type: 'map',
      name: '@s',
    })
    expect(readLine('{"type": "hist", "data": {"@h": []}}')).toMatchObject({ type: 'map', name: '@h' })
  })

  test('never throws, whatever the line', () => {
    const damaged = fc
      .tuple(fc.constantFrom(...kinds.map(([, line]) => line)), fc.nat(80), fc.string({ maxLength: 6 }))
      .map(([line, at, noise]) => line.slice(0, at) + noise + line.slice(at + 1))
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), damaged), (line) => {
        for (const text of [line, `{${line}`, `{"type":"map","data":${line}`]) readLine(text)
      }),
    )
  })

  test('does not fall over a line nested without end', () => {
    expect(readLine(`{"type":"map","data":${'['.repeat(200_000)}`)).toMatchObject({ type: 'unknown' })
  })
})
