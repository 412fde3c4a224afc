import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sanitizeText } from '../../../probes/text.ts'

describe('sanitizeText', () => {
  test.each([
    ['a plain name', 'nginx: worker', 'nginx: worker'],
    ['letters of other scripts, emoji', 'Größe 日本 🚀', 'Größe 日本 🚀'],
    ['a colour sequence', '\u001b[31mred', '\\x1b[31mred'],
    ['the clipboard sequence', '\u001b]52;c;AAAA\u0007', '\\x1b]52;c;AAAA\\x07'],
    ['the one-byte CSI', 'a\u009b2Jb', 'a\\x9b2Jb'],
    ['newline, tab, NUL, DEL', 'a\nb\tc\0d\u007f', 'a\\x0ab\\x09c\\x00d\\x7f'],
    ['right-to-left override', 'gpj.\u202efdp', 'gpj.\\u202efdp'],
    ['isolates and marks', '\u2066x\u2069\u200e\u200f\u061c', '\\u2066x\\u2069\\u200e\\u200f\\u061c'],
    ['zero width', 'pay\u200bpal\ufeff', 'pay\\u200bpal\\ufeff'],
    ['separators', 'a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    ['lone surrogates', 'a\ud800b\udc00', 'a\\ud800b\\udc00'],
    ['tag characters', 'a\u{e0041}', 'a\\u{e0041}'],
    ['what XML forbids', '\uffff', '\\uffff'],
    ['a backslash of its own', 'C:\\x1b', 'C:\\x1b'],
  ])('%s', (_, text, expected) => {
    expect(sanitizeText(text)).toBe(expected)
  })

  test.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 5, 'abcd…'],
    ['🚀🚀🚀', 3, '🚀🚀🚀'],
    ['🚀🚀🚀', 2, '🚀…'],
    ['ab\u001bcd', 7, 'ab\\x1b…'],
    ['ab\u001bcd', 6, 'ab…'],
    ['ab', 1, '…'],
  ])('%j within %i code points is %j', (text, maxLength, expected) => {
    expect(sanitizeText(text, { maxLength })).toBe(expected)
  })

  test('a megabyte is bounded without a bound being asked for', () => {
    expect([...sanitizeText('\u0000'.repeat(1_000_000))].length).toBeLessThanOrEqual(4096)
  })

  const anyText = fc.string({
    unit: fc.oneof(
      fc.nat({ max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
      harmful(),
    ),
  })

  test('whatever comes in, nothing a terminal acts on or an eye misses comes out', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(sanitizeText(text)).not.toMatch(
          /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]|\p{Cs}/u,
        )
      }),
    )
  })

  test('a second pass changes nothing, with any bound', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 40 }), (text, maxLength) => {
        const once = sanitizeText(text, { maxLength })
        expect(sanitizeText(once, { maxLength })).toBe(once)
        expect([...once].length).toBeLessThanOrEqual(maxLength)
      }),
    )
  })

  test('text without anything harmful is kept to the letter', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        expect(sanitizeText(text)).toBe(text)
      }),
    )
  })
})

function harmful(): fc.Arbitrary<string> {
  return fc.constantFrom(
    '\u001b',
    '\u009b',
    '\u202e',
    '\u2066',
    '\u200b',
    '\u2028',
    '\ud800',
    '\udfff',
    '\n',
    '\0',
    '\u{e0001}',
  )
}
