import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createProfile } from '../../../audit/profile/build.ts'
import { filter, merge } from '../../../audit/profile/combine.ts'
import { changeOf, diffLayoutInput } from '../../../audit/profile/diff.ts'
import { findPath, frameClass, frameLabel, pathOf } from '../../../audit/profile/frame.ts'
import { columnTotals, totals } from '../../../audit/profile/totals.ts'
import { profileOf, type Stack, stacks, sumOf, weightsByPath } from './stacks.ts'

describe('a growing profile', () => {
  test('adds equal stacks and keeps phases apart', () => {
    const profile = createProfile('ns')
    profile.add(['main', 'read'], 10, 1, 'idle')
    profile.add(['main', 'read'], 5, 2, 'idle')
    profile.add(['main', 'read'], 7, 1, 'stress')
    profile.add(['main'], 1, 1, 'stress')
    const read = findPath(profile, ['main', 'read']) ?? -1
    expect(profile.size).toBe(3)
    expect(profile.columns).toEqual(['idle', 'stress'])
    expect([profile.self[0]?.[read], profile.selfCount[0]?.[read], profile.self[1]?.[read]]).toEqual([15, 3, 7])
    expect([...columnTotals(profile, 'stress').slice(0, 3)]).toEqual([8, 8, 7])
  })

  test('the root holds exactly what was added, in every phase', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        const profile = profileOf(added)
        const roots = totals(profile).map((total) => total[0])
        expect(roots).toEqual(['1', '2', '3'].map((column) => sumOf(added, column)))
      }),
    )
  })

  test('grows past its first size without losing a stack', () => {
    const profile = createProfile('samples')
    for (let i = 0; i < 5000; i++) profile.add([`f${i % 70}`, `g${i % 71}`, 'leaf'], 1, 1, String(i % 3))
    expect(totals(profile).reduce((sum, total) => sum + (total[0] ?? 0), 0)).toBe(5000)
    // 70 callers, and each pair of remainders of coprime periods once, with its leaf.
    expect(profile.size).toBe(1 + 70 + 2 * 70 * 71)
  })

  test('takes frame ids of a recording that appends names later', () => {
    const names = ['main']
    const profile = createProfile('samples', names)
    names.push('read_[k]')
    profile.add([0, 1], 3, 3, '1')
    expect(pathOf(profile, 2)).toEqual(['main', 'read_[k]'])
    expect(() => profile.add(['new'], 1, 1, '1')).toThrow('belong to the recording')
  })

  test('shows an id without a name as an unknown frame', () => {
    const profile = createProfile('samples', ['main'])
    profile.add([0, 99], 1, 1, '1')
    expect(pathOf(profile, 2)).toEqual(['main', '[unknown]'])
  })

  test.each([
    [-1, 1],
    [Number.NaN, 1],
    [Number.POSITIVE_INFINITY, 1],
    [1, -1],
  ])('refuses the weight %d with count %d', (value, count) => {
    const profile = createProfile('ns')
    expect(profile.add(['main'], value, count, '1')).toBe(false)
    expect(profile.size).toBe(1)
  })

  test('a path leads back to its node, and nowhere when there is no such stack', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        const profile = profileOf(added)
        for (let node = 0; node < profile.size; node++) expect(findPath(profile, pathOf(profile, node))).toBe(node)
        expect(findPath(profile, ['not there'])).toBeNull()
      }),
    )
  })
})

describe('combining', () => {
  test('merging adds both, column by column', () => {
    fc.assert(
      fc.property(stacks, stacks, (a, b) => {
        const together = profileOf([...a, ...b])
        expect(weightsByPath(merge(profileOf(a), profileOf(b)))).toEqual(weightsByPath(together))
      }),
    )
  })

  test('what passes through a frame and what does not add up to the whole', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        const whole = profileOf(added)
        const isHot = (name: string): boolean => name === 'hot_[j]'
        const through = filter(whole, 'through', isHot)
        const without = filter(whole, 'without', isHot)
        const hot = added.filter((stack) => stack.frames.includes('hot_[j]'))
        expect(rootOf(through)).toEqual(['1', '2', '3'].map((column) => sumOf(hot, column)))
        expect(weightsByPath(merge(through, without))).toEqual(weightsByPath(whole))
      }),
    )
  })
})

describe('comparing two phases', () => {
  const share: Stack[] = [
    { frames: ['main', 'same'], value: 10, column: '1' },
    { frames: ['main', 'same'], value: 100, column: '2' },
    { frames: ['main', 'gone'], value: 10, column: '1' },
    { frames: ['main', 'new'], value: 100, column: '2' },
  ]

  test('compares shares unless told what to divide by', () => {
    const profile = profileOf(share)
    const { base, candidate, union } = diffLayoutInput(profile, { base: '1', candidate: '2' })
    const at = (name: string): number => findPath(profile, ['main', name]) ?? -1
    expect([base[at('same')], candidate[at('same')]]).toEqual([0.5, 0.5])
    expect([base[at('new')], candidate[at('new')], union[at('new')]]).toEqual([0, 0.5, 0.5])
    expect([base[at('gone')], candidate[at('gone')], union[at('gone')]]).toEqual([0.5, 0, 0.5])
    expect(union[0]).toBe(1.5)
  })

  test('in the union nothing that either side holds is invisible, and callees fit their caller', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        const profile = profileOf(added)
        const { base, candidate, union } = diffLayoutInput(profile, {
          base: '1',
          candidate: '2',
          baseScale: 1,
          candidateScale: 1,
        })
        const callees = new Float64Array(profile.size)
        for (let node = 1; node < profile.size; node++) {
          expect(union[node]).toBeGreaterThanOrEqual(Math.max(base[node] ?? 0, candidate[node] ?? 0))
          const parent = profile.parentOf[node] ?? 0
          callees[parent] = (callees[parent] ?? 0) + (union[node] ?? 0)
        }
        for (let node = 0; node < profile.size; node++) expect(callees[node]).toBeLessThanOrEqual(union[node] ?? 0)
      }),
    )
  })

  test('a phase against itself is the same everywhere', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        const { base, candidate } = diffLayoutInput(profileOf(added), { base: '1', candidate: '1' })
        for (const [node, weight] of base.entries()) expect(changeOf(weight, candidate[node] ?? 0)).toBe('same')
      }),
    )
  })

  test.each([
    [0, 0, 'same'],
    [100, 109, 'same'],
    [100, 111, 'grown1'],
    [100, 160, 'grown2'],
    [100, 300, 'grown3'],
    [111, 100, 'shrunk1'],
    [160, 100, 'shrunk2'],
    [300, 100, 'shrunk3'],
    [0, 1, 'new'],
    [1, 0, 'gone'],
  ])('%d -> %d is %s', (base, candidate, change) => {
    expect(changeOf(base, candidate)).toBe(change)
  })
})

test.each([
  ['tcp_sendmsg_[k]', 'kernel', 'tcp_sendmsg'],
  ['handle_[j]', 'jit', 'handle'],
  ['std::map<int>::find', 'user', 'std::map<int>::find'],
  ['[unknown]', 'unknown', '[unknown]'],
  ['[unknown]_[k]', 'unknown', '[unknown]'],
  ['0x7f00dead', 'unknown', '0x7f00dead'],
  ['', 'unknown', ''],
])('frame %j is %s code and reads %j', (name, kind, label) => {
  expect(frameClass(name)).toBe(kind)
  expect(frameLabel(name)).toBe(label)
})

const rootOf = (profile: ReturnType<typeof profileOf>): number[] =>
  ['1', '2', '3'].map((column) => columnTotals(profile, column)[0] ?? 0)
