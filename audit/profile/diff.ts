import { createProfile, type ProfileBuilder } from './build.ts'
import type { Profile } from './profile.ts'
import { fromRoot, namesIn } from './rewrite.ts'
import { columnOf, inclusive } from './totals.ts'

/** Two columns to compare. Scales make them comparable: 1/requests, 1/seconds, or by default 1/total (shares). */
export interface ColumnPair {
  base: string
  candidate: string
  baseScale?: number
  candidateScale?: number
}

export interface DiffLayoutInput {
  /** inclusive weights x scale, by node */
  base: Float64Array
  candidate: Float64Array
  /**
   * Widths of the union picture: a stack is as wide as on the side where it weighs more, and boxes are sums of their
   * stacks. So what is new and what is gone are both visible, and children never outgrow their parent.
   */
  union: Float64Array
}

/** Inclusive weights of both sides and of their union. A column that does not exist weighs nothing. */
export function diffLayoutInput(profile: Profile, pair: ColumnPair): DiffLayoutInput {
  const base = scaledSelf(profile, pair.base, pair.baseScale)
  const candidate = scaledSelf(profile, pair.candidate, pair.candidateScale)
  return {
    base: inclusive(profile, base),
    candidate: inclusive(profile, candidate),
    union: inclusive(
      profile,
      base.map((weight, node) => Math.max(weight, candidate[node] ?? 0)),
    ),
  }
}

/**
 * Candidate minus base as a profile with the one column `delta`, whose weights may be negative; stacks that weigh the same
 * on both sides are not in it. Its events are those of both sides.
 */
export function signedDiff(profile: Profile, pair: ColumnPair): ProfileBuilder {
  const base = scaledSelf(profile, pair.base, pair.baseScale)
  const candidate = scaledSelf(profile, pair.candidate, pair.candidateScale)
  const counts = [pair.base, pair.candidate].map((key) => columnOf(profile, key, profile.selfCount))
  const diff = createProfile(profile.unit)
  const column = diff.column('delta')
  const nameIn = namesIn(profile, diff)
  const place = fromRoot(profile, (caller, node) => (node === 0 ? 0 : diff.child(caller, nameIn(node))))
  for (let node = 0; node < profile.size; node++) {
    const delta = (candidate[node] ?? 0) - (base[node] ?? 0)
    const events = counts.reduce((sum, count) => sum + (count[node] ?? 0), 0)
    if (delta !== 0) diff.weigh(place(node), column, delta, events)
  }
  return diff
}

/** Ratios at which a change gets its next colour. */
export const CHANGE_STEPS = [1.1, 1.5, 3] as const

/** How a weight changed. Steps are fixed ratios (10 %, x1.5, x3 and their inverses), so colours mean the same in every picture. */
export type Change = 'gone' | 'shrunk3' | 'shrunk2' | 'shrunk1' | 'same' | 'grown1' | 'grown2' | 'grown3' | 'new'

export function changeOf(base: number, candidate: number): Change {
  if (base === candidate) return 'same'
  if (base === 0) return 'new'
  if (candidate === 0) return 'gone'
  const ratio = candidate / base
  const size = ratio > 1 ? ratio : 1 / ratio
  const [small, middle, large] = CHANGE_STEPS
  if (size < small) return 'same'
  const step = size < middle ? 1 : size < large ? 2 : 3
  return `${ratio > 1 ? 'grown' : 'shrunk'}${step}`
}

function scaledSelf(profile: Profile, key: string, scale: number | undefined): Float64Array {
  const self = columnOf(profile, key, profile.self).subarray(0, profile.size)
  const factor = scale ?? 1 / (self.reduce((sum, weight) => sum + weight, 0) || 1)
  return self.map((weight) => weight * factor)
}
