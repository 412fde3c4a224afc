import type { ColumnPair } from './diff.ts'
import { pathOf } from './frame.ts'
import { functionsOf } from './functions.ts'
import type { Profile } from './profile.ts'
import { type Interval, ratioInterval, ratioOf, type Sides, sidesOf, significanceOf } from './significance.ts'
import { inclusive } from './totals.ts'

/** How one weight of a function changed; weights are multiplied by the pair's scales, e.g. per request, or shares. */
export interface Moved {
  base: number
  candidate: number
  /** candidate - base */
  delta: number
  /** candidate / base: Infinity is new, 0 is gone, null is neither here nor there */
  ratio: number | null
  /** 95 % interval of the ratio; null where the number of events is unknown */
  interval: Interval | null
  /** whether the sides differ, false discoveries held at 5 %; null where too few events, or nobody knows how many, were seen */
  significant: boolean | null
}

export interface Mover {
  /** the function, as recorded */
  name: string
  /** what it did itself */
  self: Moved
  /** what it and all it called did */
  total: Moved
  /** frames from the root to the place where most of the change is */
  path: string[]
}

export interface Movers {
  /** by the size of the change of self weight, what is significant first */
  bySelf: Mover[]
  /** the same by total weight; of a chain of callers with one and the same change, only the last */
  byTotal: Mover[]
  /** functions that were seen on either side, and of how many self or total weight differs significantly */
  functions: number
  significant: number
}

/** Of a caller's change, the part in one callee from which on the callee is the one to name. */
const EXPLAINED_BY_CALLEE = 0.9

/**
 * What changed most between two columns, function by function: at most `limit` of each list. What did not change at all is
 * in neither. Significance is that of significance.ts, with functions instead of frames as tests.
 */
export function movers(profile: Profile, pair: ColumnPair, limit = 20): Movers {
  const functions = functionsOf(profile)
  const self = readingOf(sidesOf(profile, pair, functions.self))
  const total = readingOf(sidesOf(profile, pair, functions.total))
  const selfDelta = deltaByNode(sidesOf(profile, pair, (weights) => weights))
  const totalDelta = deltaByNode(sidesOf(profile, pair, (weights) => inclusive(profile, weights)))
  const selfPlace = largestPlace(functions.functionOf, selfDelta, () => true)
  const totalPlace = largestPlace(functions.functionOf, totalDelta, (node) => functions.outermost[node] === 1)

  const moverOf = (id: number, place: Int32Array): Mover => ({
    name: functions.names[id] ?? '',
    self: self.moved(id),
    total: total.moved(id),
    path: pathOf(profile, place[id] ?? 0),
  })
  const isChange = (node: number): boolean => !isExplained(profile, node, totalDelta)
  return {
    bySelf: self.ranked(limit, () => true).map((id) => moverOf(id, selfPlace)),
    byTotal: total.ranked(limit, (id) => isChange(totalPlace[id] ?? 0)).map((id) => moverOf(id, totalPlace)),
    functions: functions.names.length,
    significant: functions.names.filter((_, id) => self.isSignificant(id) || total.isSignificant(id)).length,
  }
}

function readingOf(sides: Sides) {
  const { significant, pValue } = significanceOf(sides)
  const isSignificant = (id: number): boolean => significant[id] === 1
  const scaled = (weights: Float64Array, exposure: number, id: number): number =>
    exposure > 0 ? (weights[id] ?? 0) / exposure : 0
  const baseOf = (id: number): number => scaled(sides.base, sides.baseExposure, id)
  const candidateOf = (id: number): number => scaled(sides.candidate, sides.candidateExposure, id)
  const deltaOf = (id: number): number => candidateOf(id) - baseOf(id)
  return {
    isSignificant,
    moved(id: number): Moved {
      const ratio = ratioOf(sides, id)
      return {
        base: baseOf(id),
        candidate: candidateOf(id),
        delta: deltaOf(id),
        ratio: Number.isNaN(ratio) ? null : ratio,
        interval: ratioInterval(sides, id),
        significant: Number.isNaN(pValue[id]) ? null : isSignificant(id),
      }
    },
    ranked(limit: number, wanted: (id: number) => boolean): number[] {
      const ids: number[] = []
      for (let id = 0; id < sides.base.length; id++) if (deltaOf(id) !== 0) ids.push(id)
      ids.sort(
        (a, b) =>
          Number(isSignificant(b)) - Number(isSignificant(a)) || Math.abs(deltaOf(b)) - Math.abs(deltaOf(a)) || a - b,
      )
      const ranked: number[] = []
      for (const id of ids) {
        if (ranked.length === limit) break
        if (wanted(id)) ranked.push(id)
      }
      return ranked
    },
  }
}

function deltaByNode({ base, candidate, baseExposure, candidateExposure }: Sides): Float64Array {
  return base.map((weight, node) => (candidate[node] ?? 0) / (candidateExposure || 1) - weight / (baseExposure || 1))
}

/** By function: the node with the largest change among those that count. */
function largestPlace(functionOf: Int32Array, delta: Float64Array, counts: (node: number) => boolean): Int32Array {
  const place = new Int32Array(functionOf.length)
  for (let node = 1; node < functionOf.length; node++) {
    const id = functionOf[node] ?? 0
    const best = place[id] ?? 0
    if (counts(node) && (best === 0 || Math.abs(delta[node] ?? 0) > Math.abs(delta[best] ?? 0))) place[id] = node
  }
  return place
}

/** Whether one callee's change is (nearly) all of this node's. */
function isExplained(profile: Profile, node: number, delta: Float64Array): boolean {
  const change = delta[node] ?? 0
  for (let callee = profile.firstChild[node] ?? 0; callee > 0; callee = profile.nextSibling[callee] ?? 0) {
    const part = (delta[callee] ?? 0) / change
    if (part >= EXPLAINED_BY_CALLEE && part <= 1 / EXPLAINED_BY_CALLEE) return true
  }
  return false
}
