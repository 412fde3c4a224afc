import { expect, test } from 'vitest'
import { readable } from '../../../probes/host/doorways.ts'

test.each([
  ['0100007F', '127.0.0.1'],
  ['00000000', '0.0.0.0'],
  ['00000000000000000000000001000000', '[::1]'],
  ['00000000000000000000000000000000', '[::]'],
  ['B80D0120000000000000000001000000', '[2001:db8::1]'],
  ['rubbish', 'rubbish'],
])('the address %s of a table is %s', (address, text) => {
  expect(readable(address)).toBe(text)
})
