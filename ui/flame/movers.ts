import { type Change, type ColumnPair, changeOf, type Interval, movers, type Profile } from '../../audit/index.ts'

/** A function that changed between two phases; sides are scaled as the picture's. */
export interface ListedMover {
  name: string
  base: number
  candidate: number
  change: Change
  interval: Interval | null
  /** frames from the root to where most of the change is */
  path: readonly string[]
}

/** A picture's list counts further than it shows, up to here. */
export const MOST_MOVERS = 1000

/**
 * The functions whose own weight changed by more than chance would change it (any change where `isTested` is false), those
 * that changed most first, at most `most`.
 */
export function moversOf(
  profile: Profile,
  pair: ColumnPair,
  isTested: boolean,
  most: number = MOST_MOVERS,
): ListedMover[] {
  return movers(profile, pair, most)
    .bySelf.filter(({ self }) => !isTested || self.significant)
    .map(({ name, path, self: { base, candidate, interval } }) => ({
      name,
      base,
      candidate,
      change: changeOf(base, candidate),
      interval,
      path,
    }))
}
