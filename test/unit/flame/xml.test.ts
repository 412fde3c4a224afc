import fc from 'fast-check'
import { expect, test } from 'vitest'
import { xmlNumber, xmlText } from '../../../ui/flame/xml.ts'

test('a coordinate is written as its rounded number is', () => {
  const plainly = (value: number): string => String(Math.round(value * 100) / 100)
  const coordinate = fc.oneof(fc.double({ noNaN: true }), fc.double({ min: -10, max: 3000, noNaN: true }), fc.integer())
  fc.assert(
    fc.property(coordinate, (value) => {
      expect(xmlNumber(value)).toBe(plainly(value))
    }),
  )
  for (let hundredths = 0; hundredths < 300; hundredths++)
    expect(xmlNumber(hundredths / 100)).toBe(plainly(hundredths / 100))
})

test('text is escaped character by character, whatever it holds', () => {
  const entities = new Map([...'&<>"\'\n'].map((c, i) => [c, ['&amp;', '&lt;', '&gt;', '&quot;', '&#39;', '\n'][i]]))
  const written = (character: string): string =>
    entities.get(character) ?? (/^[ -~]$/.test(character) ? character : `&#${codeOf(character)};`)
  const codeOf = (character: string) =>
    /[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(character) ? 0xfffd : character.codePointAt(0)
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'a<&\n\ud800\u0085µ😀"') }))
  fc.assert(
    fc.property(text, (any) => {
      expect(xmlText(any)).toBe([...any].map(written).join(''))
    }),
  )
})
