import { type ColumnPair, type Interval, type Profile, sidesOf } from '../../audit/index.ts'
import { eventsOfPair, type Judgement, judge } from './judge.ts'

/** A function that changed between two phases; sides are scaled as the picture's. */
export interface Mover {
  name: string
  base: number
  candidate: number
  change: ReturnType<Judgement['changeOf']>
  interval: Interval | null
}

/**
 * The functions whose own weight changed by more than chance would change it (any change where that is unknown), those
 * that changed most first.
 */
export function moversOf(profile: Profile, pair: ColumnPair, scales: { base: number; candidate: number }): Mover[] {
  const sum = (self: Float64Array): Float64Array => {
    const byName = new Float64Array(profile.names.length)
    for (let node = 1; node < profile.size; node++) {
      const name = profile.nameOf[node] ?? -1
      if (name in byName) byName[name] = (byName[name] ?? 0) + (self[node] ?? 0)
    }
    return byName
  }
  const sides = sidesOf(profile, pair, sum)
  const shown = {
    base: sides.base.map((weight) => weight * scales.base),
    candidate: sides.candidate.map((weight) => weight * scales.candidate),
  }
  const verdict = judge(sides, shown, sum(eventsOfPair(profile, pair)))
  const movers: Mover[] = []
  for (const [i, name] of profile.names.entries()) {
    const [base, candidate] = [shown.base[i] ?? 0, shown.candidate[i] ?? 0]
    if (base === candidate || (verdict.isTested && !verdict.isSignificant(i))) continue
    movers.push({ name, base, candidate, change: verdict.changeOf(i), interval: verdict.intervalOf(i) })
  }
  const size = ({ base, candidate }: Mover): number => Math.abs(candidate - base)
  return movers.sort((a, b) => size(b) - size(a) || (a.name < b.name ? -1 : 1))
}
