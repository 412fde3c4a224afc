import { createProfile, type ProfileBuilder } from './build.ts'
import { nodeName } from './frame.ts'
import type { Profile } from './profile.ts'

/** All stacks of both: equal stacks add, column by column. The unit is the first's. */
export function merge(a: Profile, b: Profile): ProfileBuilder {
  const merged = createProfile(a.unit)
  for (const profile of [a, b]) copyStacks(profile, merged, () => true)
  return merged
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
  const hit = new Uint8Array(profile.size)
  for (let node = 1; node < profile.size; node++)
    hit[node] = hit[profile.parentOf[node] ?? 0] || matching[profile.nameOf[node] ?? -1] ? 1 : 0
  const kept = createProfile(profile.unit)
  copyStacks(profile, kept, (node) => (hit[node] === 1) === (keep === 'through'))
  return kept
}

function copyStacks(from: Profile, to: ProfileBuilder, keep: (node: number) => boolean): void {
  const columns = from.columns.map((key) => to.column(key))
  // 0 stands for "not copied yet"; the root is the same node in both.
  const copyOf = new Int32Array(from.size)
  const copy = (node: number): number => {
    const missing: number[] = []
    let at = node
    for (; at > 0 && copyOf[at] === 0; at = from.parentOf[at] ?? 0) missing.push(at)
    let copied = copyOf[at] ?? 0
    for (const next of missing.reverse()) {
      copied = to.child(copied, to.intern(nodeName(from, next)))
      copyOf[next] = copied
    }
    return copied
  }
  for (let node = 0; node < from.size; node++) {
    for (const [index, column] of columns.entries()) {
      const value = from.self[index]?.[node] ?? 0
      const count = from.selfCount[index]?.[node] ?? 0
      if ((value > 0 || count > 0) && keep(node)) to.weigh(copy(node), column, value, count)
    }
  }
}
