import type { Profile } from '../../audit/index.ts'
import { frameLabel, nodeName } from '../../audit/index.ts'
import { formatPercent, formatRatio } from '../text/format.ts'
import { eventsText, intervalText, type Judgement } from './judge.ts'
import type { FlameWeights } from './layout.ts'
import type { Shown, ShownPair } from './shown.ts'
import { formatWeight } from './weight.ts'

/**
 * A box in words: its name, then on a second line its weight, share and events, or both sides of a difference with the
 * interval of their ratio.
 */
export function describeNodes(
  profile: Profile,
  weights: FlameWeights,
  { label, divide, pair, counts }: Shown,
  verdict: Judgement | null,
): (node: number, folded?: number) => string {
  const sides = weights.pair
  const total = weights.width[0] ?? 0
  return (node, folded = 0) => {
    const name = frameLabel(nodeName(profile, node))
    if (folded > 0) return `${name}\n${folded} narrower ${folded === 1 ? 'frame' : 'frames'} called from here`
    if (pair && sides && verdict) {
      const [base, candidate] = [sides.base[node] ?? 0, sides.candidate[node] ?? 0]
      const interval = verdict.intervalOf(node)
      return [
        `${name}\n${changeLine(profile, pair, base, candidate)}`,
        interval ? intervalText(interval) : '',
        verdict.noteOf(node),
      ]
        .filter(Boolean)
        .join(' · ')
    }
    const weight = weights.width[node] ?? 0
    return [
      `${name}\n${divide ? `${formatWeight(weight / divide.by, profile.unit)}/${divide.per}` : ''}`,
      withUnit(weight, profile.unit),
      `${formatPercent(total > 0 ? (100 * weight) / total : 0)} of ${label}`,
      profile.unit === 'ns' && counts?.[node] ? eventsText(counts[node]) : '',
    ]
      .filter(Boolean)
      .join(' · ')
      .replace('\n · ', '\n')
  }
}

/** Both sides and what lies between them: `baseline 10.0 µs/request → stress 20.0 µs/request · +10.0 µs/request (×2.0)`. */
export function changeLine(profile: Profile, pair: ShownPair, base: number, candidate: number): string {
  const print = (value: number): string => sideText(profile, pair, value)
  return `${pair.base} ${print(base)} → ${pair.candidate} ${print(candidate)} · ${deltaText(profile, pair, base, candidate)} (${changeText(base, candidate)})`
}

export function deltaText(profile: Profile, pair: ShownPair, base: number, candidate: number): string {
  const sign = candidate > base ? '+' : candidate < base ? '−' : '±'
  return sign + sideText(profile, pair, Math.abs(candidate - base))
}

export function changeText(base: number, candidate: number): string {
  if (base === candidate) return 'same'
  if (base === 0) return 'new'
  return candidate === 0 ? 'gone' : formatRatio(candidate / base)
}

const sideText = (profile: Profile, pair: ShownPair, value: number): string =>
  pair.per === null ? formatWeight(value, 'share') : `${formatWeight(value, profile.unit)}/${pair.per}`

const withUnit = (value: number, unit: Profile['unit']): string =>
  unit === 'samples' ? `${formatWeight(value, unit)} samples` : formatWeight(value, unit)
