import { nodeName, UNKNOWN_FRAME } from './frame.ts'
import type { Profile } from './profile.ts'

/** What `make` says of a node's name, asked once for each name: a profile has far fewer names than nodes. */
export function byName<T extends NonNullable<unknown>>(
  profile: Profile,
  make: (name: string) => T,
): (node: number) => T {
  const { nameOf, names } = profile
  const made: (T | undefined)[] = new Array(names.length).fill(undefined)
  return (node) => {
    const id = nameOf[node] ?? -1
    const known = made[id]
    if (known !== undefined && node > 0) return known
    const fresh = make(nodeName(profile, node))
    if (node > 0 && id >= 0 && id < made.length) made[id] = fresh
    return fresh
  }
}

interface Ranking {
  /** name indices in the order of their names; -1 stands for every node whose name is not in the list */
  order: number[]
  /** by name index + 1 */
  ranks: Int32Array
}

/** Names are only ever appended, so an order holds until there are more; all pictures of a recording share it. */
const rankings = new WeakMap<readonly string[], Ranking>()

/**
 * Where a node's name stands among all names of the profile, by code unit: the same on every machine. Equal names have
 * equal ranks, so comparing ranks is comparing names.
 */
export function nameRank(profile: Profile): (node: number) => number {
  const { nameOf, names } = profile
  const { ranks } = rankingOf(names)
  return (node) => ranks[(nameOf[node] ?? -1) + 1] ?? ranks[0] ?? 0
}

function rankingOf(names: readonly string[]): Ranking {
  const known = rankings.get(names)
  if (known?.ranks.length === names.length + 1) return known
  const order = known?.order ?? [-1]
  while (order.length <= names.length) order.push(order.length - 1)
  const nameAt = (id: number): string => names[id] ?? UNKNOWN_FRAME
  // What was in order before is one run to the sort, which then only merges what is new.
  order.sort((a, b) => (nameAt(a) < nameAt(b) ? -1 : nameAt(a) > nameAt(b) ? 1 : a - b))
  const ranks = new Int32Array(order.length)
  let rank = 0
  let last: string | undefined
  for (const id of order) {
    const name = nameAt(id)
    if (last !== undefined && name !== last) rank++
    ranks[id + 1] = rank
    last = name
  }
  const ranking = { order, ranks }
  rankings.set(names, ranking)
  return ranking
}
