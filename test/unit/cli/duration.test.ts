import { expect, test } from 'vitest'
import { parseDuration } from '../../../cli/duration.ts'

test.each([
  ['500ms', 500],
  ['1.5s', 1500],
  ['30', 30_000],
  ['5m', 300_000],
  ['5min', 300_000],
  ['4h', 14_400_000],
])('%s is %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', '0s', '-1s', 'fast', '1d', '1 s', '1e3s', 'Infinity', 's'])('%j is refused', (text) => {
  expect(() => parseDuration(text)).toThrow(/expected a duration like .*, got/)
})

test.each([
  ['10ms', /at least 50ms, got "10ms"/],
  ['2h', /at most 60s, got "2h"/],
])('%s is refused where it makes no sense', (text, message) => {
  expect(() => parseDuration(text, { minMs: 50, maxMs: 60_000 })).toThrow(message)
})
