import { type ColumnPair, columnTotals, frameClass, frameLabel, type Profile, pathOf } from '../../audit/index.ts'
import { keeper } from './kept.ts'

/** Where most of a growth is: the deepest stack that holds at least half of it. */
export interface Grown {
  /** frames from the root down */
  path: readonly string[]
  /** its part of what all stacks together grew by; over 1 where others shrank */
  share: number
  unit: Profile['unit']
}

/** Less than this part of the growth is not where it is. */
const MOST = 0.5

const kept = keeper<Grown | null>(24)

/**
 * The deepest frame that holds at least half of what the stacks grew by between two columns, each scaled to its exposure;
 * null where they did not grow, or no single stack holds half. Kept until the profile changes.
 */
export function grownMost(profile: Profile, pair: ColumnPair): Grown | null {
  const { base, candidate, baseScale = 1, candidateScale = 1 } = pair
  return kept(profile, [base, candidate, baseScale, candidateScale].join(' '), () => find(profile, pair))
}

function find(profile: Profile, { base, candidate, baseScale = 1, candidateScale = 1 }: ColumnPair): Grown | null {
  const [before, now] = [columnTotals(profile, base), columnTotals(profile, candidate)]
  const growth = (node: number) => (now[node] ?? 0) * candidateScale - (before[node] ?? 0) * baseScale
  const all = growth(0)
  if (all <= 0) return null
  let at = 0
  for (let next: number | null = 0; next !== null; ) {
    at = next
    next = null
    // At most one child can hold more than half; of two that hold just half, or more where others shrank, the larger.
    for (let child = profile.firstChild[at] ?? 0; child > 0; child = profile.nextSibling[child] ?? 0)
      if (growth(child) >= all * MOST && (next === null || growth(child) > growth(next))) next = child
  }
  return at === 0 ? null : { path: pathOf(profile, at), share: growth(at) / all, unit: profile.unit }
}

/** The first frames are where a program or a thread begins: they say nothing of where in it. */
const OUTSET = 2

/**
 * A stack in two names, the last functions of the program in it, and in one. What the kernel did for them stands below
 * and says less; of a stack that is all kernel its end. What waits ends in a function that does nothing but wait: there
 * the one is its caller.
 */
export function stackWords(path: readonly string[], unit: Profile['unit']): string[] {
  const own = path.findLastIndex((name) => ['user', 'jit'].includes(frameClass(name)))
  const end = own < 0 ? path.length - 1 : own
  if (end < OUTSET) return []
  const two = path.slice(Math.max(0, end - 1), end + 1).map((name) => frameLabel(name))
  const one = unit === 'ns' ? two[0] : two.at(-1)
  return [two.join(' › '), ...(two.length > 1 && one !== undefined ? [one] : [])]
}
