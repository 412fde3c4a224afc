import fc from 'fast-check'
import { createProfile, type ProfileBuilder } from '../../../audit/profile/build.ts'
import { pathOf } from '../../../audit/profile/frame.ts'
import type { Profile } from '../../../audit/profile/profile.ts'

/** One stack of a random profile: frames root first, weight, phase. */
export interface Stack {
  frames: string[]
  value: number
  column: string
}

/** Few names and short stacks, so that stacks share prefixes, recurse and repeat. */
export const frameName = fc.constantFrom(
  'main',
  'a',
  'b',
  'c',
  'read_[k]',
  'hot_[j]',
  '[unknown]',
  'ns::f<int>(x &&)',
  'ß 語',
)

export const stacks = fc.array(
  fc.record({
    frames: fc.array(frameName, { minLength: 1, maxLength: 7 }),
    value: fc.integer({ min: 0, max: 1_000_000 }),
    column: fc.constantFrom('1', '2', '3'),
  }),
  { maxLength: 60 },
)

export function profileOf(stacks: readonly Stack[], unit: 'samples' | 'ns' = 'samples'): ProfileBuilder {
  const profile = createProfile(unit)
  for (const key of ['1', '2', '3']) profile.column(key)
  for (const { frames, value, column } of stacks) profile.add(frames, value, unit === 'ns' ? 1 : value, column)
  return profile
}

export const sumOf = (stacks: readonly Stack[], column: string): number =>
  stacks.reduce((sum, stack) => sum + (stack.column === column ? stack.value : 0), 0)

/** Self weights that are not zero, by column and path: what a profile says, whatever the order of its nodes. */
export function weightsByPath(profile: Profile): Record<string, number> {
  const weights: Record<string, number> = {}
  for (const [index, key] of profile.columns.entries())
    for (let node = 0; node < profile.size; node++) {
      const weight = profile.self[index]?.[node] ?? 0
      if (weight !== 0) weights[[key, ...pathOf(profile, node)].join('\u0000')] = weight
    }
  return weights
}
