import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createNames, safeName } from '../../../files/index.ts'

test.each([
  ['baseline', 'baseline'],
  ['GET /users', 'GET-users'],
  ['../../etc/passwd', 'etc-passwd'],
  ['..', 'unnamed'],
  ['.hidden', 'hidden'],
  ['--help', 'help'],
  ['v1.2_rc', 'v1.2_rc'],
  ['größe', 'gr-e'],
  ['測試', 'unnamed'],
  ['a\0b\nc\u001b[31m', 'a-b-c-31m'],
  ['', 'unnamed'],
])('of %j the name is %s', (text, name) => {
  expect(safeName(text)).toBe(name)
})

test('whatever the text, the name is plain, short and no hidden one', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      expect(safeName(text)).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/)
    }),
  )
})

test('names of one folder are told apart, also where case counts for nothing', () => {
  const nameOf = createNames()
  expect(['a/b', 'a b', 'A-B', 'a-b-2', '測試', '生産'].map(nameOf)).toEqual([
    ...['a-b', 'a-b-2', 'A-B-3', 'a-b-2-2', 'unnamed', 'unnamed-2'],
  ])
})
