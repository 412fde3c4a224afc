import { createProfile, type ProfileBuilder } from '../../../audit/profile/build.ts'

/** A stream of numbers in [0, 1), the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A Poisson number: as many as there are arrivals of a unit process in [0, mean). */
export function poisson(mean: number, random: () => number): number {
  let count = -1
  let at = 0
  while (at <= mean) {
    at -= Math.log(1 - random())
    count++
  }
  return count
}

/** A call tree of `nodes` frames with a rate each, few hot ones and many cold, and the empty columns `a` and `b`. */
export function randomTree(
  nodes: number,
  random: () => number,
): { profile: ProfileBuilder; rates: Float64Array<ArrayBuffer> } {
  const profile = createProfile('samples')
  for (const column of ['a', 'b']) profile.column(column)
  while (profile.size < nodes) {
    const parent = random() < 0.6 ? profile.size - 1 : Math.floor(random() * profile.size)
    profile.child(parent, profile.intern(`f${Math.floor(random() * nodes)}`))
  }
  const rates = Float64Array.from({ length: profile.size }, (_, node) => (node === 0 ? 0 : 300 * random() ** 8))
  return { profile, rates }
}
