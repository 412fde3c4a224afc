import type { ProfileBuilder } from './build.ts'
import { nodeName } from './frame.ts'
import type { Profile } from './profile.ts'

/** Index in `to` of the name of a node of `from`; each name is looked up once. */
export function namesIn(from: Profile, to: ProfileBuilder): (node: number) => number {
  const idOf = new Int32Array(from.names.length).fill(-1)
  return (node) => {
    const name = from.nameOf[node] ?? -1
    const known = idOf[name] ?? -1
    if (known >= 0) return known
    const id = to.intern(nodeName(from, node))
    if (name >= 0 && name < idOf.length) idOf[name] = id
    return id
  }
}

/** Nodes whose stack weighs something or counts events, in any column. */
export function isWeighted(profile: Profile): (node: number) => boolean {
  const arrays = [...profile.self, ...profile.selfCount]
  return (node) => arrays.some((array) => array[node])
}

/**
 * Adds the weights of each stack at the node of `to` that `place` returns for it, or nowhere when that is negative.
 * `place` is asked only for stacks that weigh something. Every column is kept, under what `columnKey` makes of its key.
 */
export function addStacks(
  from: Profile,
  to: ProfileBuilder,
  place: (node: number) => number,
  columnKey: (key: string) => string = (key) => key,
): void {
  const columns = from.columns.map((key) => to.column(columnKey(key)))
  const weighted = isWeighted(from)
  for (let node = 0; node < from.size; node++) {
    const target = weighted(node) ? place(node) : -1
    if (target < 0) continue
    for (const [index, column] of columns.entries())
      to.weigh(target, column, from.self[index]?.[node] ?? 0, from.selfCount[index]?.[node] ?? 0)
  }
}

/**
 * Places stacks from their roots on: `step` says where a node goes whose caller went to `caller` (-1: nowhere yet).
 * Callers of what weighs nothing are not visited.
 */
export function fromRoot(from: Profile, step: (caller: number, node: number) => number): (node: number) => number {
  const UNVISITED = -2
  const placeOf = new Int32Array(from.size).fill(UNVISITED)
  const missing: number[] = []
  return (node) => {
    let at = node
    for (; at >= 0 && placeOf[at] === UNVISITED; at = from.parentOf[at] ?? -1) missing.push(at)
    let place = placeOf[at] ?? -1
    for (let next = missing.pop(); next !== undefined; next = missing.pop()) {
      place = step(place, next)
      placeOf[next] = place
    }
    return place
  }
}
