import { merge } from './combine.ts'
import { nodeName } from './frame.ts'
import type { Profile } from './profile.ts'
import { fromRoot, isWeighted } from './rewrite.ts'

/**
 * `base` with the columns of the others beside its own. Where every stack of theirs is one of `base`, as those of a part
 * of a run are, the nodes are base's and nothing is copied but the new columns; else all are merged.
 */
export function joinColumns(base: Profile, ...others: readonly Profile[]): Profile {
  const placed = others.map((other) => columnsIn(base, other))
  const columns = placed.filter((found) => found !== null)
  if (columns.length < others.length) return others.reduce((sum: Profile, other) => merge(sum, other), base)
  const { unit, names, size, nameOf, parentOf, firstChild, nextSibling } = base
  return {
    ...{ unit, names, size, nameOf, parentOf, firstChild, nextSibling },
    columns: [...base.columns, ...others.flatMap((other) => other.columns)],
    self: [...base.self, ...columns.flatMap(({ self }) => self)],
    selfCount: [...base.selfCount, ...columns.flatMap(({ selfCount }) => selfCount)],
  }
}

type Columns = Pick<Profile, 'self' | 'selfCount'>

// By the base that grows: its nodes keep their numbers, so what was once found stays right while the arrays are long enough.
const found = new WeakMap<Profile, WeakMap<Profile, { capacity: number; columns: Columns }>>()

function columnsIn(base: Profile, other: Profile): Columns | null {
  const capacity = base.nameOf.length
  const known = found.get(base)?.get(other)
  if (known?.capacity === capacity) return known.columns
  const places = placesIn(base, other)
  if (places === null) return null
  const spread = (weights: Float64Array): Float64Array => {
    const wide = new Float64Array(capacity)
    places.forEach((place, node) => {
      if (place >= 0) wide[place] = (wide[place] ?? 0) + (weights[node] ?? 0)
    })
    return wide
  }
  const columns = { self: other.self.map(spread), selfCount: other.selfCount.map(spread) }
  const ofBase = found.get(base) ?? new WeakMap()
  found.set(base, ofBase.set(other, { capacity, columns }))
  return columns
}

/** Where the stacks of `other` that weigh something stand in `base`; -1 for the others; null when one of them is missing. */
function placesIn(base: Profile, other: Profile): Int32Array | null {
  const place = fromRoot(other, (caller, node) =>
    node === 0 ? 0 : caller < 0 ? -1 : childNamed(base, caller, nodeName(other, node)),
  )
  const weighted = isWeighted(other)
  const places = new Int32Array(other.size).fill(-1)
  for (let node = 0; node < other.size; node++) {
    if (!weighted(node)) continue
    const at = place(node)
    if (at < 0) return null
    places[node] = at
  }
  return places
}

function childNamed(profile: Profile, caller: number, name: string): number {
  for (let child = profile.firstChild[caller] ?? 0; child > 0; child = profile.nextSibling[child] ?? 0)
    if (nodeName(profile, child) === name) return child
  return -1
}
