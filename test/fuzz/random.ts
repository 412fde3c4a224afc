/** Numbers of a seed: the same each time, whatever else was drawn before. */
export interface Random {
  /** 0 to below 1 */
  next: () => number
  /** a whole number from 0 to below `limit` */
  int: (limit: number) => number
  pick: <T>(choices: readonly T[]) => T
  /** true in so many cases of 1 */
  chance: (share: number) => boolean
}

export function randomOf(seed: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0
  // mulberry32: small, and good enough to choose by
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (limit: number): number => Math.floor(next() * limit)
  return {
    next,
    int,
    pick: (choices) => {
      const chosen = choices[int(choices.length)]
      if (chosen === undefined && choices.length === 0) throw new RangeError('nothing to pick from')
      return chosen as (typeof choices)[number]
    },
    chance: (share) => next() < share,
  }
}
