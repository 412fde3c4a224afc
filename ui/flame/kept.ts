import type { Profile } from '../../audit/index.ts'
import { columnOf, columnTotals } from '../../audit/index.ts'

/**
 * Remembers what is dear to compute of a profile, as long as the profile stays as it is: at most `most` values of each
 * profile, by key, and nothing of a profile that nobody holds any more.
 */
export function keeper<T>(most: number): (profile: Profile, key: string, make: () => T) => T {
  const known = new WeakMap<Profile, { revision: number | undefined; values: Map<string, T> }>()
  return (profile, key, make) => {
    let own = known.get(profile)
    if (!own || own.revision !== profile.revision) {
      own = { revision: profile.revision, values: new Map() }
      known.set(profile, own)
    }
    const { values } = own
    const value = values.get(key) ?? make()
    // What was asked for last goes last.
    values.delete(key)
    for (const oldest of values.keys()) {
      if (values.size < most) break
      values.delete(oldest)
    }
    values.set(key, value)
    return value
  }
}

const totals = keeper<Float64Array>(8)

/** Weight of all stacks of a column. */
export const totalOf = (profile: Profile, column: string): number =>
  columnOf(profile, column, profile.self).reduce((sum, weight) => sum + weight, 0)

/** `columnTotals`, computed once for each state of the profile. */
export const totalsKept = (profile: Profile, column: string): Float64Array =>
  totals(profile, column, () => columnTotals(profile, column))
