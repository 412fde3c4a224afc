import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createProfile } from '../../../audit/profile/build.ts'
import { movers } from '../../../audit/profile/movers.ts'
import { moversText } from '../../../ui/text/movers.ts'
import { profileOf, stacks, sumOf } from './stacks.ts'

/** 1000 requests a side: `write` costs 20 % more, `idle` is gone, `log` is new, the rest is as it was. */
function changed() {
  const profile = createProfile('samples')
  const add = (path: string, base: number, candidate: number) => {
    profile.add(path.split(' '), base, base, 'a')
    profile.add(path.split(' '), candidate, candidate, 'b')
  }
  add('start main handle write', 10_000, 12_000)
  add('start main handle parse', 5_000, 5_010)
  add('start main other write', 100, 100)
  add('start main idle', 500, 0)
  add('start main handle log', 0, 300)
  return profile
}
const perRequest = { base: 'a', candidate: 'b', baseScale: 1 / 1000, candidateScale: 1 / 1000 }

describe('top movers', () => {
  test('are ranked by what each request pays, significant ones first, with ratio, interval and place', () => {
    const { bySelf, significant } = movers(changed(), perRequest)
    expect(bySelf.map(({ name, self }) => [name, self.significant])).toEqual([
      ['write', true],
      ['idle', true],
      ['log', true],
      ['parse', false],
    ])
    const [write, idle, log, parse] = bySelf
    expect(write).toMatchObject({
      self: { base: 10.1, candidate: 12.1 },
      total: { base: 10.1, candidate: 12.1 },
      path: ['start', 'main', 'handle', 'write'],
    })
    expect(write?.self.delta).toBeCloseTo(2)
    expect(write?.self.interval?.low).toBeGreaterThan(1.16)
    expect(write?.self.interval?.high).toBeLessThan(1.24)
    expect([idle?.self.ratio, log?.self.ratio]).toEqual([0, Infinity])
    expect(parse?.self.interval).toMatchObject({ low: expect.toSatisfy((low) => low < 1) })
    expect(significant).toBe(6)
  })

  test('by total name the last of a chain of callers that changed alike', () => {
    const { byTotal } = movers(changed(), perRequest)
    const names = byTotal.map(({ name }) => name)
    expect(names).toContain('handle')
    expect(names).not.toContain('start')
    expect(byTotal.find(({ name }) => name === 'handle')?.total.delta).toBeCloseTo(2.31)
  })

  test('a function that calls itself has a total that counts each stack once', () => {
    const profile = createProfile('samples')
    profile.add(['f', 'g', 'f'], 10, 10, 'a')
    profile.add(['f', 'g', 'f'], 30, 30, 'b')
    const scales = { baseScale: 1, candidateScale: 1 }
    const found = movers(profile, { base: 'a', candidate: 'b', ...scales })
    expect(found.bySelf).toMatchObject([{ name: 'f', total: { base: 10, candidate: 30, ratio: 3 } }])
  })

  test('nothing moves against itself', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        const found = movers(profileOf(added), { base: '1', candidate: '1' })
        expect(found).toMatchObject({ bySelf: [], byTotal: [], significant: 0 })
      }),
    )
  })

  test('self changes add up to the change of the whole, and swapping the sides changes signs only', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        const scales = { baseScale: 1, candidateScale: 1 }
        const profile = profileOf(added)
        const there = movers(profile, { base: '1', candidate: '2', ...scales }, 1000)
        const back = movers(profile, { base: '2', candidate: '1', ...scales }, 1000)
        expect(there.bySelf.reduce((sum, { self }) => sum + self.delta, 0)).toBe(sumOf(added, '2') - sumOf(added, '1'))
        expect(back.bySelf.map(({ name, self }) => [name, -self.delta, self.significant])).toEqual(
          there.bySelf.map(({ name, self }) => [name, self.delta, self.significant]),
        )
      }),
    )
  })

  test('as text: one line each, at most 100 columns, chance marked as such', () => {
    const text = moversText(movers(changed(), perRequest), {
      base: 'baseline',
      candidate: 'stress',
      unit: 'samples',
      per: 'request',
    })
    const lines = text.split('\n')
    expect(lines[0]).toBe('stress against baseline, per request: 6 of 8 functions differ significantly')
    expect(lines.every((line) => line.length <= 100)).toBe(true)
    expect(text).toMatch(/^ {8,}\+2 ×1\.20 \(1\.17\.\.1\.23\) +10\.1 +12\.1 {2}write < handle < main < start$/m)
    expect(text).toMatch(/^~ .*parse/m)
    expect(text).toMatch(/ new \(over ×62\.\d\).* log </)
    expect(text).toContain('~ may be chance')
  })
})
