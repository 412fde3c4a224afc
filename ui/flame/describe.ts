import type { Profile } from '../../audit/index.ts'
import { frameLabel, nodeName } from '../../audit/index.ts'
import { formatCount, formatPercent, formatRatio } from '../text/format.ts'
import type { FlameColumn } from './embed.ts'
import type { FlameWeights } from './layout.ts'
import { formatWeight } from './weight.ts'

/** Labels of two compared phases; `per` is what both are divided by, null when shares are compared. */
export interface ShownPair {
  base: string
  candidate: string
  per: string | null
}

/** A box in words: its name, then its weight, share and events, or both sides of a difference. */
export function shownWeights(
  profile: Profile,
  weights: FlameWeights,
  shown: { label: string; divide: FlameColumn['divide']; pair: ShownPair | null; counts: Float64Array | null },
): (node: number, folded?: number) => string {
  const { pair, divide, counts } = shown
  const sides = weights.pair
  const total = weights.width[0] ?? 0
  return (node, folded = 0) => {
    const name = frameLabel(nodeName(profile, node))
    if (folded > 0) return `${name}\n${folded} narrower ${folded === 1 ? 'frame' : 'frames'} called from here`
    if (pair && sides) {
      const base = sides.base[node] ?? 0
      const candidate = sides.candidate[node] ?? 0
      const print = (value: number): string =>
        pair.per === null ? formatWeight(value, 'share') : `${formatWeight(value, profile.unit)}/${pair.per}`
      return `${name}\n${pair.base} ${print(base)} → ${pair.candidate} ${print(candidate)}${changeText(base, candidate)}`
    }
    const weight = weights.width[node] ?? 0
    const value = divide
      ? `${formatWeight(weight / divide.by, profile.unit)}/${divide.per}`
      : withUnit(weight, profile.unit)
    const share = total > 0 ? ` · ${formatPercent((100 * weight) / total)} of ${shown.label}` : ''
    const events = profile.unit === 'ns' && counts?.[node] ? ` · ${formatCount(counts[node])} events` : ''
    return `${name}\n${value}${share}${events}`
  }
}

function changeText(base: number, candidate: number): string {
  if (base === candidate) return ' (same)'
  if (base === 0) return ' (new)'
  return candidate === 0 ? ' (gone)' : ` (${formatRatio(candidate / base)})`
}

const withUnit = (value: number, unit: Profile['unit']): string =>
  unit === 'samples' ? `${formatWeight(value, unit)} samples` : formatWeight(value, unit)
