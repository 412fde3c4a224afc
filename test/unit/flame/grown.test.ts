import { describe, expect, it } from 'vitest'
import { createProfile } from '../../../audit/index.ts'
import { grownMost, stackWords } from '../../../ui/flame/grown.ts'

/** Two phases; the second has twice the requests, so half the scale. */
const pair = { base: '0', candidate: '1', baseScale: 1, candidateScale: 0.5 }

function profileOf(rows: readonly [stack: string, base: number, candidate: number][]) {
  const profile = createProfile('ns')
  for (const [stack, base, candidate] of rows) {
    profile.add(stack.split(';'), base, 1, '0')
    profile.add(stack.split(';'), candidate, 1, '1')
  }
  return profile
}

describe('where stacks have grown most', () => {
  it('is the deepest frame that holds half of the growth', () => {
    const found = grownMost(
      profileOf([
        ['main;serve;cache;lock;wait', 10, 180], // +80
        ['main;serve;cache;copy', 0, 20], // +10
        ['main;serve;database', 500, 1020], // +10: large, but hardly grown
      ]),
      pair,
    )
    expect(found?.path).toEqual(['main', 'serve', 'cache', 'lock', 'wait'])
    expect(found?.share).toBeCloseTo(0.8)
  })

  it('stays where it is spread below', () => {
    const rows = ['a', 'b', 'c'].map((leaf) => [`main;serve;${leaf}`, 0, 20] as [string, number, number])
    expect(grownMost(profileOf(rows), pair)?.path).toEqual(['main', 'serve'])
  })

  it('is nowhere when stacks have not grown, by request', () => {
    expect(grownMost(profileOf([['main;serve', 10, 20]]), pair)).toBeNull()
    expect(grownMost(profileOf([['main;serve', 10, 12]]), pair)).toBeNull()
  })

  it('sees what grew although others shrank', () => {
    const found = grownMost(
      profileOf([
        ['main;new;way', 0, 40],
        ['main;old;way', 10, 0],
      ]),
      pair,
    )
    expect(found?.path).toEqual(['main', 'new', 'way'])
    expect(found?.share).toBeCloseTo(2)
  })

  it.each([
    [
      ['main', 'serve', 'cache_get', 'mutex_lock', 'futex_wait_[k]'],
      ['cache_get › mutex_lock', 'cache_get'],
    ],
    [
      ['a_[k]', 'b_[k]', 'c_[k]'],
      ['b › c', 'b'],
    ],
    [['main', 'serve'], []],
  ])('is said of %j as %j', (path, words) => {
    expect(stackWords(path, 'ns')).toEqual(words)
  })

  it('is said of time on a CPU by the last function', () => {
    expect(stackWords(['main', 'serve', 'parse', 'scan'], 'samples')).toEqual(['parse › scan', 'scan'])
  })
})
