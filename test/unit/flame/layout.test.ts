import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findPath, nodeName } from '../../../audit/profile/frame.ts'
import type { Profile } from '../../../audit/profile/profile.ts'
import { type FlameRect, type FlameView, layout } from '../../../ui/flame/layout.ts'
import { searchProfile } from '../../../ui/flame/search.ts'
import { profileOf, type Stack, stacks } from '../profile/stacks.ts'

const view: fc.Arbitrary<FlameView> = fc.constantFrom({ column: '1' }, { pair: { base: '1', candidate: '2' } })
const small: Stack[] = [
  { frames: ['main', 'b'], value: 30, column: '1' },
  { frames: ['main', 'a', 'leaf'], value: 60, column: '1' },
  { frames: ['main'], value: 10, column: '1' },
]

describe('layout', () => {
  test('widths are inclusive weights, siblings stand by name', () => {
    const profile = profileOf(small)
    const { rects, levels } = layout(profile, { view: { column: '1' }, width: 1000, minWidth: 1 })
    expect(rects.map((rect) => [nodeName(profile, rect.node), rect.x, rect.width, rect.depth])).toEqual([
      ['all', 0, 1000, 0],
      ['main', 0, 1000, 1],
      ['a', 0, 600, 2],
      ['b', 600, 300, 2],
      ['leaf', 0, 600, 3],
    ])
    expect(levels).toBe(4)
  })

  test('a zoomed node fills the width under its callers', () => {
    const profile = profileOf(small)
    const root = findPath(profile, ['main', 'b']) ?? -1
    const { rects } = layout(profile, { view: { column: '1' }, width: 100, minWidth: 1, root })
    expect(rects.map((rect) => [nodeName(profile, rect.node), rect.x, rect.width])).toEqual([
      ['all', 0, 100],
      ['main', 0, 100],
      ['b', 0, 100],
    ])
  })

  test('turned over, the root is the last row', () => {
    const { rects } = layout(profileOf(small), { view: { column: '1' }, width: 100, minWidth: 1, invert: true })
    expect(rects.find((rect) => rect.node === 0)?.depth).toBe(3)
  })

  test('callees too narrow to draw are counted where they would stand', () => {
    const many: Stack[] = Array.from({ length: 50 }, (_, i) => ({ frames: ['main', `f${i}`], value: 1, column: '1' }))
    const { rects } = layout(profileOf(many), { view: { column: '1' }, width: 20, minWidth: 1 })
    expect(rects.slice(2)).toMatchObject([{ folded: 50, x: 0, width: 20, depth: 2 }])
  })

  test.each([false, true])('boxes lie inside their caller and do not overlap (whole numbers: %s)', (whole) => {
    fc.assert(
      fc.property(stacks, view, fc.integer({ min: 1, max: 300 }), (added, shown, width) => {
        const profile = profileOf(added)
        const { rects } = layout(profile, { view: shown, width, minWidth: 1, whole })
        expectNested(profile, rects, width)
        if (whole) expect(rects.every((rect) => Number.isInteger(rect.x) && Number.isInteger(rect.width))).toBe(true)
      }),
    )
  })

  test('the order in which stacks came does not change the picture', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        const picture = (order: Stack[]) => {
          const profile = profileOf(order)
          const { rects } = layout(profile, { view: { column: '1' }, width: 500, minWidth: 1 })
          return rects.map((rect) => [nodeName(profile, rect.node), rect.x, rect.width, rect.depth, rect.folded])
        }
        expect(picture([...added].reverse())).toEqual(picture(added))
      }),
    )
  })

  test('a phase without a stack is an empty picture, not an error', () => {
    const { rects } = layout(profileOf(small), { view: { column: 'never seen' }, width: 100, minWidth: 1 })
    expect(rects).toEqual([{ x: 0, width: 100, depth: 0, node: 0, folded: 0 }])
  })

  test('in a difference, what is new and what is gone both have a box', () => {
    const profile = profileOf([
      { frames: ['gone'], value: 5, column: '1' },
      { frames: ['new'], value: 5, column: '2' },
    ])
    const { rects } = layout(profile, { view: { pair: { base: '1', candidate: '2' } }, width: 100, minWidth: 1 })
    expect(rects.map((rect) => [nodeName(profile, rect.node), rect.width])).toEqual([
      ['all', 100],
      ['gone', 50],
      ['new', 50],
    ])
  })
})

describe('search', () => {
  test.each([
    ['leaf', 1, 0.6],
    ['^(a|leaf)$', 2, 0.6],
    ['A', 3, 1],
    ['main|b', 2, 1],
    ['b(', 0, 0],
    ['', 0, 0],
  ])('%j matches %d frames, %d of the weight, nested matches once', (text, count, share) => {
    const result = searchProfile(profileOf(small), { column: '1' }, text)
    expect(result.nodes.length).toBe(count)
    expect(result.share).toBeCloseTo(share, 10)
  })

  test('text that is no pattern is looked for as it stands', () => {
    const profile = profileOf([{ frames: ['f(int'], value: 1, column: '1' }])
    expect(searchProfile(profile, { column: '1' }, 'F(').share).toBe(1)
  })
})

function expectNested(profile: Profile, rects: readonly FlameRect[], width: number): void {
  const boxes = new Map(rects.filter((rect) => rect.folded === 0).map((rect) => [rect.node, rect]))
  let left: FlameRect | undefined
  for (const rect of rects) {
    expect(rect.width).toBeGreaterThanOrEqual(1)
    expect(rect.x).toBeGreaterThanOrEqual(0)
    expect(rect.x + rect.width).toBeLessThanOrEqual(width * (1 + 1e-12))
    const caller = rect.folded > 0 ? boxes.get(rect.node) : boxes.get(profile.parentOf[rect.node] ?? 0)
    if (rect.node > 0 && caller) {
      expect(rect.x).toBeGreaterThanOrEqual(caller.x)
      expect(rect.x + rect.width).toBeLessThanOrEqual(caller.x + caller.width + 1e-9)
    }
    if (left?.depth === rect.depth) expect(rect.x).toBeGreaterThanOrEqual(left.x + left.width - 1e-9)
    left = rect
  }
}
