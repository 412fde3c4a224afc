import { createProfile, type ProfileBuilder } from './build.ts'
import type { Profile } from './profile.ts'
import { addStacks, fromRoot, namesIn } from './rewrite.ts'

/** All stacks of both: equal stacks add, column by column. The unit is the first's. */
export function merge(a: Profile, b: Profile): ProfileBuilder {
  const merged = createProfile(a.unit)
  for (const profile of [a, b]) addStacks(profile, merged, asIs(profile, merged))
  return merged
}

/**
 * One column of each as two columns of one profile, to be compared. The unit is the first's. A column that does not exist
 * becomes an empty one.
 */
export function sideBySide(
  base: { profile: Profile; column: string },
  candidate: { profile: Profile; column: string },
): ProfileBuilder {
  const both = createProfile(base.profile.unit)
  for (const [key, { profile, column }] of [
    ['base', base],
    ['candidate', candidate],
  ] as const) {
    both.column(key)
    addStacks(onlyColumn(profile, column), both, asIs(profile, both), () => key)
  }
  return both
}

/**
 * The stacks that pass through a matching frame (`through`) or the others (`without`). Every column is kept, even when
 * nothing is left in it.
 */
export function filter(
  profile: Profile,
  keep: 'through' | 'without',
  matches: (name: string) => boolean,
): ProfileBuilder {
  const matching = profile.names.map(matches)
  return filterByNode(profile, keep, (node) => matching[profile.nameOf[node] ?? -1] ?? false)
}

/** The stacks that pass through one node, whole: its callers stay, without what else they call. 0 is all of them. */
export const under = (profile: Profile, top: number): ProfileBuilder =>
  filterByNode(profile, 'through', (node) => node === top || top === 0)

function filterByNode(profile: Profile, keep: 'through' | 'without', isHit: (node: number) => boolean): ProfileBuilder {
  const hit = new Uint8Array(profile.size)
  for (let node = 0; node < profile.size; node++)
    hit[node] = (node > 0 && hit[profile.parentOf[node] ?? 0]) || isHit(node) ? 1 : 0
  const kept = createProfile(profile.unit)
  const place = asIs(profile, kept)
  addStacks(profile, kept, (node) => ((hit[node] === 1) === (keep === 'through') ? place(node) : -1))
  return kept
}

/** Where a stack stands in another profile under the same names. */
function asIs(from: Profile, to: ProfileBuilder): (node: number) => number {
  const nameIn = namesIn(from, to)
  return fromRoot(from, (caller, node) => (node === 0 ? 0 : to.child(caller, nameIn(node))))
}

function onlyColumn(profile: Profile, key: string): Profile {
  const index = profile.columns.indexOf(key)
  const only = <T>(arrays: readonly T[]): T[] => arrays.slice(index, index + 1)
  return index < 0
    ? { ...profile, columns: [], self: [], selfCount: [] }
    : { ...profile, columns: [key], self: only(profile.self), selfCount: only(profile.selfCount) }
}
