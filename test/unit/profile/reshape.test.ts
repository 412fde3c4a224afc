import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProfileBuilder } from '../../../audit/profile/build.ts'
import { filter, merge, sideBySide } from '../../../audit/profile/combine.ts'
import { type ColumnPair, signedDiff } from '../../../audit/profile/diff.ts'
import { nodeName, pathOf } from '../../../audit/profile/frame.ts'
import { functionsOf } from '../../../audit/profile/functions.ts'
import type { Profile } from '../../../audit/profile/profile.ts'
import { collapseRecursion, focus, groupFirstFrames, hide, reverse, sandwich } from '../../../audit/profile/reshape.ts'
import { columnTotals } from '../../../audit/profile/totals.ts'
import { frameName, profileOf, type Stack, stacks, sumOf, weightsByPath } from './stacks.ts'

const COLUMNS = ['1', '2', '3']
const rootOf = (profile: Profile): number[] => COLUMNS.map((key) => columnTotals(profile, key)[0] ?? 0)
const isHot = (name: string): boolean => name === 'hot_[j]'

describe('every reshaping keeps what was measured', () => {
  const through = (added: readonly Stack[], keep: (frames: string[]) => boolean): number[] =>
    COLUMNS.map((column) =>
      sumOf(
        added.filter(({ frames }) => keep(frames)),
        column,
      ),
    )
  const everything = () => true
  const rows: [what: string, reshape: (profile: Profile) => ProfileBuilder, keeps: (frames: string[]) => boolean][] = [
    ['reverse', reverse, everything],
    ['collapse recursion', collapseRecursion, everything],
    ['hide', (profile) => hide(profile, isHot), everything],
    ['group first frames', (profile) => groupFirstFrames(profile, () => 'threads'), everything],
    ['merge with nothing', (profile) => merge(profile, profileOf([])), everything],
    ['focus', (profile) => focus(profile, isHot), (frames) => frames.some(isHot)],
    ['filter through', (profile) => filter(profile, 'through', isHot), (frames) => frames.some(isHot)],
    ['filter without', (profile) => filter(profile, 'without', isHot), (frames) => !frames.some(isHot)],
    ['callers', (profile) => sandwich(profile, 'hot_[j]').callers, (frames) => frames.some(isHot)],
    ['callees', (profile) => sandwich(profile, 'hot_[j]').callees, (frames) => frames.some(isHot)],
  ]
  test.each(rows)('%s', (_, reshape, keeps) => {
    fc.assert(
      fc.property(stacks, (added) => {
        const reshaped = reshape(profileOf(added))
        expect(rootOf(reshaped)).toEqual(through(added, keeps))
        expect(reshaped.columns).toEqual(COLUMNS)
      }),
    )
  })
})

describe('reverse', () => {
  test('twice is the identity', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        expect(weightsByPath(reverse(reverse(profileOf(added))))).toEqual(weightsByPath(profileOf(added)))
      }),
    )
  })

  test('begins with the function that ran, whose self weight is its total there', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        const profile = profileOf(added)
        const ran = functionsOf(profile).self(profile.self[0] ?? new Float64Array())
        const reversed = reverse(profile)
        const total = columnTotals(reversed, '1')
        for (const [id, name] of functionsOf(profile).names.entries())
          expect(total[firstFrame(reversed, name)] ?? 0).toBe(ran[id])
      }),
    )
  })
})

describe('a sandwich', () => {
  test('has the total of the function above and below, recursion counted once', () => {
    fc.assert(
      fc.property(stacks, frameName, (added, name) => {
        const profile = profileOf(added)
        const functions = functionsOf(profile)
        const { callers, callees } = sandwich(profile, name)
        for (const [index, key] of COLUMNS.entries()) {
          const total = functions.total(profile.self[index] ?? new Float64Array())[functions.names.indexOf(name)] ?? 0
          expect([rootOf(callers)[index], rootOf(callees)[index]]).toEqual([total, total])
          for (const half of [callers, callees])
            expect(columnTotals(half, key)[firstFrame(half, name)] ?? 0).toBe(total)
        }
      }),
    )
  })

  test('shows callers outwards, and recursion below', () => {
    const profile = profileOf([
      { frames: ['main', 'a', 'b', 'a', 'c'], value: 3, column: '1' },
      { frames: ['a', 'c'], value: 4, column: '1' },
      { frames: ['main', 'c'], value: 5, column: '1' },
    ])
    const { callers, callees } = sandwich(profile, 'a')
    expect(weightsByPath(callers)).toEqual({ '1\0a\0main': 3, '1\0a': 4 })
    expect(weightsByPath(callees)).toEqual({ '1\0a\0b\0a\0c': 3, '1\0a\0c': 4 })
  })
})

describe('collapsing recursion', () => {
  test.each([
    ['direct', 'a a a b', 'a b'],
    ['mutual', 'a b a b c', 'a b c'],
    ['through different functions', 'main a b a c d', 'main a c d'],
    ['none', 'a b c', 'a b c'],
    ['that ends where it began', 'main a b a', 'main a'],
  ])('%s: %s becomes %s', (_, stack, expected) => {
    const collapsed = collapseRecursion(profileOf([{ frames: stack.split(' '), value: 7, column: '1' }]))
    expect(weightsByPath(collapsed)).toEqual({ [`1\0${expected.replaceAll(' ', '\0')}`]: 7 })
  })

  test('leaves every function at most once in a stack, its self weight as it was, and is done at once', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        const profile = profileOf(added)
        const collapsed = collapseRecursion(profile)
        for (let node = 1; node < collapsed.size; node++) {
          const path = pathOf(collapsed, node)
          expect(new Set(path).size).toBe(path.length)
        }
        expect(selfByName(collapsed)).toEqual(selfByName(profile))
        expect(weightsByPath(collapseRecursion(collapsed))).toEqual(weightsByPath(collapsed))
      }),
    )
  })

  test('every call that is left was a call before', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        const calls = (profile: Profile): Set<string> => {
          const seen = new Set<string>()
          for (let node = 1; node < profile.size; node++)
            seen.add(`${nodeName(profile, profile.parentOf[node] ?? 0)}\0${nodeName(profile, node)}`)
          return seen
        }
        const before = calls(profileOf(added))
        for (const call of calls(collapseRecursion(profileOf(added)))) expect(before).toContain(call)
      }),
    )
  })
})

test('hidden frames hand what they weigh to their callers, also at the root', () => {
  const profile = profileOf([
    { frames: ['main', 'hot_[j]', 'read_[k]'], value: 1, column: '1' },
    { frames: ['main', 'hot_[j]'], value: 2, column: '1' },
    { frames: ['hot_[j]'], value: 4, column: '1' },
  ])
  expect(weightsByPath(hide(profile, isHot))).toEqual({ '1\0main\0read_[k]': 1, '1\0main': 2, '1': 4 })
})

test('a stack in focus begins at the outermost matching frame', () => {
  const profile = profileOf([
    { frames: ['main', 'hot_[j]', 'a', 'hot_[j]'], value: 1, column: '2' },
    { frames: ['main', 'a'], value: 2, column: '2' },
  ])
  expect(weightsByPath(focus(profile, isHot))).toEqual({ '2\0hot_[j]\0a\0hot_[j]': 1 })
})

test('the threads of a pool become one first frame', () => {
  const profile = profileOf([
    { frames: ['worker-1', 'run'], value: 1, column: '1' },
    { frames: ['worker-27', 'run'], value: 2, column: '1' },
    { frames: ['main', 'run7'], value: 4, column: '1' },
  ])
  expect(weightsByPath(groupFirstFrames(profile))).toEqual({ '1\0worker-N\0run': 3, '1\0main\0run7': 4 })
})

describe('a difference as a profile with signs', () => {
  const ones = { baseScale: 1, candidateScale: 1 }

  test('of a column and itself is empty', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        for (const scales of [ones, {}])
          expect(signedDiff(profileOf(added), { base: '1', candidate: '1', ...scales }).size).toBe(1)
      }),
    )
  })

  test('changes its sign, and nothing else, when the sides are swapped', () => {
    fc.assert(
      fc.property(stacks, fc.constantFrom([1, 1], [0.25, 0.5], null), (added, scales) => {
        const profile = profileOf(added)
        const [baseScale, candidateScale] = scales ?? []
        const weights = (pair: ColumnPair) => weightsByPath(signedDiff(profile, pair))
        const there = weights({ base: '1', candidate: '2', ...given({ baseScale, candidateScale }) })
        const back = weights({
          base: '2',
          candidate: '1',
          ...given({ baseScale: candidateScale, candidateScale: baseScale }),
        })
        expect(Object.fromEntries(Object.entries(back).map(([path, weight]) => [path, -weight]))).toEqual(there)
      }),
    )
  })

  test('adds up to the difference of the totals', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        const delta = signedDiff(profileOf(added), { base: '1', candidate: '2', ...ones })
        expect(columnTotals(delta, 'delta')[0]).toBe(sumOf(added, '2') - sumOf(added, '1'))
      }),
    )
  })
})

test('two profiles side by side: equal stacks meet, and each keeps its weights', () => {
  fc.assert(
    fc.property(stacks, stacks, (a, b) => {
      const both = sideBySide({ profile: profileOf(a), column: '1' }, { profile: profileOf(b), column: '2' })
      const renamed = [
        ...a.filter(({ column }) => column === '1').map((stack) => ({ ...stack, column: 'base' })),
        ...b.filter(({ column }) => column === '2').map((stack) => ({ ...stack, column: 'candidate' })),
      ]
      expect(both.columns).toEqual(['base', 'candidate'])
      expect(weightsByPath(both)).toEqual(weightsByPath(profileOf(renamed)))
    }),
  )
})

const given = (scales: { baseScale: number | undefined; candidateScale: number | undefined }) =>
  scales.baseScale === undefined || scales.candidateScale === undefined
    ? {}
    : { baseScale: scales.baseScale, candidateScale: scales.candidateScale }

function firstFrame(profile: Profile, name: string): number {
  let node = profile.firstChild[0] ?? 0
  while (node > 0 && nodeName(profile, node) !== name) node = profile.nextSibling[node] ?? 0
  return node > 0 ? node : -1
}

function selfByName(profile: Profile): Record<string, number> {
  const functions = functionsOf(profile)
  const sums: Record<string, number> = {}
  for (const [index, key] of profile.columns.entries())
    for (const [id, weight] of functions.self(profile.self[index] ?? new Float64Array()).entries())
      if (weight > 0) sums[`${key} ${functions.names[id]}`] = weight
  return sums
}
