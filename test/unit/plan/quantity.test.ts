import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  durationText,
  parseDurationMs,
  parsePercent,
  parseRate,
  percentText,
  rateText,
} from '../../../audit/plan/quantity.ts'

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['2s', 2000],
    ['1.5s', 1500],
    ['15m', 900_000],
    ['15min', 900_000],
    ['4h', 14_400_000],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms)
  })

  test.each(['', '30', '-1s', '1 s', 's', '1e3s', '1d', '1s ', '1s2', '٣s', `${'9'.repeat(400)}s`])(
    '%j is none: no unit is guessed',
    (text) => {
      expect(parseDurationMs(text)).toBeNull()
    },
  )

  test.each([
    [500, '500ms'],
    [1500, '1.5s'],
    [90_000, '90s'],
    [120_000, '2m'],
    [14_400_000, '4h'],
    [0.5, '0.5ms'],
  ])('%d ms is written %s', (ms, text) => {
    expect(durationText(ms)).toBe(text)
  })
})

describe('rates', () => {
  test.each([
    ['200%', { ofPeak: 2 }],
    ['0.5%', { ofPeak: 0.005 }],
    ['500/s', { rps: 500 }],
    ['30/m', { rps: 0.5 }],
    ['30/min', { rps: 0.5 }],
    ['3600/h', { rps: 1 }],
    ['0%', { ofPeak: 0 }],
  ])('%s', (text, rate) => {
    expect(parseRate(text)).toEqual(rate)
  })

  test.each(['', '500', 'fast', '-5/s', '5/d', '5 /s', '%', '1e3/s', '5/s '])('%j is none', (text) => {
    expect(parseRate(text)).toBeNull()
  })
})

test.each([
  ['1%', 0.01],
  ['0%', 0],
  ['12.5%', 0.125],
])('%s is the share %d', (text, share) => {
  expect(parsePercent(text)).toBe(share)
})

test.each(['', '1', '1 %', '%', '-1%', '1%%'])('%j is no percentage', (text) => {
  expect(parsePercent(text)).toBeNull()
})

describe('what is written is read as the same number', () => {
  const close = (value: number | null | undefined, wanted: number) =>
    expect(Math.abs((value ?? Number.NaN) - wanted)).toBeLessThanOrEqual(wanted * 1e-12)

  test('durations', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 604_800_000 }), (ms) => {
        close(parseDurationMs(durationText(ms)), ms)
      }),
    )
  })
  test('rates and shares of the peak', () => {
    const amount = fc.double({ min: 1e-6, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(amount, (number) => {
        const [rate, share] = [parseRate(rateText({ rps: number })), parseRate(rateText({ ofPeak: number }))]
        close(rate && 'rps' in rate ? rate.rps : null, number)
        close(share && 'ofPeak' in share ? share.ofPeak : null, number)
        close(parsePercent(percentText(number)), number)
      }),
    )
  })
})
