import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createProfile } from '../../../audit/profile/build.ts'
import { nodeName } from '../../../audit/profile/frame.ts'
import { byName, nameRank } from '../../../audit/profile/names.ts'
import type { Profile } from '../../../audit/profile/profile.ts'

/** A profile whose node 1, 2, ... has these names; null has none in the list. */
function named(names: readonly (string | null)[]): Profile {
  const list: string[] = []
  const profile = createProfile('samples', list)
  for (const name of names) profile.child(0, name === null ? -1 : list.push(name) - 1)
  return profile
}

const nodesOf = (profile: Profile): number[] => Array.from({ length: profile.size - 1 }, (_, i) => i + 1)

test('comparing ranks is comparing names, also of nodes without one', () => {
  const names = fc.array(fc.option(fc.oneof(fc.string(), fc.constantFrom('[unknown]', 'a', 'b', 'all'))))
  fc.assert(
    fc.property(names, (list) => {
      const profile = named(list)
      const rankOf = nameRank(profile)
      for (const a of nodesOf(profile))
        for (const b of nodesOf(profile)) {
          const [left, right] = [nodeName(profile, a), nodeName(profile, b)]
          expect(Math.sign(rankOf(a) - rankOf(b))).toBe(left < right ? -1 : left > right ? 1 : 0)
        }
    }),
  )
})

test('names that come later find their place among those that were ranked before', () => {
  const list = ['m', 'z']
  const profile = createProfile('samples', list)
  const nodeOf = (name: string): number => profile.child(0, list.indexOf(name))
  const before = nameRank(profile)
  expect(before(nodeOf('m'))).toBeLessThan(before(nodeOf('z')))
  list.push('a', 'p')
  const inOrder = ['a', 'm', 'p', 'z'].map((name) => [nodeOf(name), name] as const)
  const after = nameRank(profile)
  expect([...inOrder].sort(([a], [b]) => after(a) - after(b))).toEqual(inOrder)
})

test('what is made of a name is made once, and every node gets what its own name makes', () => {
  const asked: string[] = []
  const profile = createProfile('samples')
  profile.add(['main', 'read', 'main'], 1, 1, '1')
  profile.add(['read', 'main'], 1, 1, '1')
  const lengthOf = byName(profile, (name) => {
    asked.push(name)
    return name.length
  })
  for (const node of nodesOf(profile)) expect(lengthOf(node)).toBe(nodeName(profile, node).length)
  expect(asked.sort()).toEqual(['main', 'read'])
  expect(lengthOf(0)).toBe('all'.length)
  expect(byName(named([null]), (name) => name)(1)).toBe('[unknown]')
})
