import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { patternOf } from '../../../ui/flame/pattern.ts'
import { VIEWER_PATTERN } from '../../../ui/flame/viewer/pattern.ts'

/** The viewer's own, which travels as text. */
const viewerPatternOf = new Function(`${VIEWER_PATTERN}; return patternOf`)() as typeof patternOf
const both = [
  ['the screen', patternOf],
  ['the viewer', viewerPatternOf],
] as const

const names = [
  'main',
  'do_syscall_64_[k]',
  'v8::internal::Builtins::Call(int, v8::Local<v8::Value>)',
  'a.b-c',
  'Größe',
  'tcp_v4_rcv',
  'std::vector<int>::push_back(int&&)',
  '',
  'aaaa!',
  '[unknown]',

  'été 語',
]

describe.each(both)('a search pattern of %s', (_, of) => {
  test.each(
    [
      ...[
        'main',
        'MAIN',
        '^do_',
        'k\\]$',
        '^main$',
        'v[0-9]::',
        '\\bv8\\b',
        'call\\(int',
        'a\\.b',
        'a.b',
        'tcp|udp',
        '(tcp|udp)_v[46]',
      ],
      ...[
        'a+!',
        '(a+)+$',
        '(?:a|b)*!',
        '<.*>',
        '[^a-z]',
        '\\d+',
        '\\W',
        '\\s',
        'x{2}',

        '^$',
        '',
        '|a',
        'größe',
      ],
      ...[
        '[\\w.]+',
        '[]a]',
        'a-c',
        '[a-]',
        '\\[unknown\\]',
        'x\\{2\\}',

        'a*?',
        'É',
        '.$',
        '\\$',

        'a{,2}',
        'x{',
        'a|b|',
      ],
    ].map((pattern) => [pattern]),
  )('%j finds what RegExp finds', (pattern) => {
    const expected = new RegExp(pattern, 'i')
    expect(names.filter((name) => of(pattern).test(name))).toEqual(names.filter((name) => expected.test(name)))
  })

  test.each([
    ['foo('],
    ['['],
    ['*a'],
    ['a**'],
    ['\\'],
    ['(?=a)'],
    ['(?!a)b'],
    ['(a)\\1'],
    ['a)'],
    ['[b-a]'],
    ['a{2}'],
    ['(?<n>a)'],
    [`${'x'.repeat(600)}.`],
  ])('%j is no pattern, and looked for as it stands', (text) => {
    const found = of(text)
    expect([found.isPattern, found.test(`<${text.toUpperCase()}>`), found.test('a')]).toEqual([false, true, false])
  })

  test('random patterns find what RegExp finds', () => {
    const atom = fc.constantFrom('a', 'b', '.', '\\w', '[ab]', '[^a]', '^', '$', '\\b', '\\B', '-', '\\.')
    const { pattern } = fc.letrec<{ pattern: string; item: string }>((tie) => ({
      pattern: fc.array(tie('item'), { maxLength: 4 }).map((items) => items.join('')),
      item: fc.oneof(
        { withCrossShrink: true },
        atom,
        fc.tuple(fc.constantFrom('a', '.', '[ab]'), fc.constantFrom('*', '+', '?', '*?')).map(([a, b]) => a + b),
        fc.tuple(tie('pattern'), fc.constantFrom('', '*', '+', '?')).map(([inner, sign]) => `(${inner})${sign}`),
        fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(?:${a}|${b})`),
      ),
    }))
    const name = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '-', '.'), maxLength: 8 })
    fc.assert(
      fc.property(pattern, fc.array(name, { maxLength: 6 }), (text, all) => {
        const found = of(text)
        const expected = new RegExp(text, 'i')
        expect([found.isPattern, ...all.map(found.test)]).toEqual([true, ...all.map((one) => expected.test(one))])
      }),
      { numRuns: 600 },
    )
  })

  test('patterns that make others go back for ever, and large ones, end', () => {
    const hostile = [
      '(a+)+$',
      '(a|a)*b',
      '(\\w+)+!$',
      '(.*)*x',
      '(a?){200}a{200}x',
      '((((a*)*)*)*)*b',
      '(a|b)*a(a|b){14}c',
      'a{999}{999}',
      '((){999}){999}',
      '[a-z]*'.repeat(60),
    ]
    const long = ['a'.repeat(4000), 'ab'.repeat(2000), `${'a'.repeat(4000)}!`]
    for (const text of hostile) {
      const found = of(text)
      for (let i = 0; i < 50; i++) for (const name of long) found.test(name + i)
    }
  })
})
