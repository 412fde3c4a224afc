import type { Profile } from './profile.ts'

/** Inclusive weights (the node and all below it) of every column, in the profile's unit, by node. */
export const totals = (profile: Profile): Float64Array[] => profile.self.map((self) => inclusive(profile, self))

/** Inclusive weights of one column; zeros when the profile has no such column. */
export const columnTotals = (profile: Profile, key: string): Float64Array =>
  inclusive(profile, columnOf(profile, key, profile.self))

/** Inclusive number of events of one column. */
export const columnCounts = (profile: Profile, key: string): Float64Array =>
  inclusive(profile, columnOf(profile, key, profile.selfCount))

/** Sums self weights upwards. A child's id is always above its parent's, so one pass from the end does it. */
export function inclusive(profile: Profile, self: Float64Array): Float64Array {
  const total = self.slice(0, profile.size)
  const { parentOf } = profile
  for (let node = profile.size - 1; node > 0; node--) {
    const parent = parentOf[node] ?? 0
    total[parent] = (total[parent] ?? 0) + (total[node] ?? 0)
  }
  return total
}

/** The array of a column by its key. What was never filled weighs nothing: a phase may pass without one stack. */
export const columnOf = (profile: Profile, key: string, arrays: readonly Float64Array[]): Float64Array =>
  arrays[profile.columns.indexOf(key)] ?? new Float64Array(profile.size)
