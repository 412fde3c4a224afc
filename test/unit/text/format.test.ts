import { describe, expect, it } from 'vitest'
import {
  clip,
  formatBytes,
  formatClock,
  formatCount,
  formatFigure,
  formatMs,
  formatNs,
  formatPercent,
  formatRate,
  formatRatio,
  left,
  right,
} from '../../../ui/text/format.ts'

describe('numbers a person can read', () => {
  it.each([
    [formatNs, 0, '0'],
    [formatNs, 410, '0.41 µs'],
    [formatNs, 41, '0.041 µs'],
    [formatNs, 64_000, '64.0 µs'],
    [formatNs, 999_400, '999 µs'],
    [formatNs, 999_700, '1.00 ms'],
    [formatNs, 38_000_000, '38.0 ms'],
    [formatNs, 2_104_000_000, '2.10 s'],
    [formatNs, 2e12, '33.3 min'],
    [formatNs, 8e12, '2.22 h'],
    [formatMs, 38, '38.0 ms'],
    [formatMs, 0.03, '30.0 µs'],
    [formatCount, 0, '0'],
    [formatCount, 999, '999'],
    [formatCount, 999.6, '1.00 k'],
    [formatCount, 88.12, '88.1'],
    [formatCount, 12_480, '12.5 k'],
    [formatCount, 3_200_000, '3.20 M'],
    [formatRate, 4812, '4.81 k/s'],
    [formatBytes, 512, '512 B'],
    [formatBytes, 317_440, '310 KiB'],
    [formatBytes, 14 * 1024 ** 2, '14.0 MiB'],
    [formatPercent, 0, '0 %'],
    [formatPercent, 0.0004, '<0.01 %'],
    [formatPercent, 0.02, '0.02 %'],
    [formatPercent, 31, '31.0 %'],
    [formatPercent, 100, '100 %'],
    [formatRatio, 9.72, '×9.7'],
    [formatRatio, 310.4, '×310'],
    [formatRatio, 0.4, '×0.40'],
    [formatRatio, 12_000, '>×999'],
    [formatClock, 372_000_000, '06:12'],
    [formatClock, 3_972_000_000, '1:06:12'],
  ] as const)('%o(%d) is %s', (format, value, expected) => {
    expect(format(value)).toBe(expected)
  })

  it.each([formatNs, formatMs, formatCount, formatRate, formatBytes, formatPercent])(
    '%o says – for what is not known, never 0',
    (format) => {
      expect(format(null)).toBe('–')
      expect(format(undefined)).toBe('–')
      expect(format(Number.NaN)).toBe('–')
    },
  )

  it.each([
    ['ns', 21e6, '21.0 ms'],
    ['ns_per_request', 4.1e6, '4.10 ms'],
    ['count', 412, '412'],
    ['per_s', 4790, '4.79 k/s'],
    ['per_request', 88.1, '88.1'],
    ['percent', 24, '24.0 %'],
  ] as const)('a figure in %s carries its unit', (unit, value, expected) => {
    expect(formatFigure({ value, unit })).toBe(expected)
  })

  it('keeps a column of one width', () => {
    expect(right('21.0 ms', 9)).toBe('  21.0 ms')
    expect(left('accept', 8)).toBe('accept  ')
    expect(clip('connection_refused', 8)).toBe('connect…')
    expect(clip('abc', 0)).toBe('')
  })
})
