import type { Profile } from '../../audit/index.ts'
import { byName, frameLabel } from '../../audit/index.ts'
import { formatPercent, formatRatio } from '../text/format.ts'
import { eventsText, intervalText, type Judgement } from './judge.ts'
import type { FlameWeights } from './layout.ts'
import type { Shown, ShownPair } from './shown.ts'
import { formatWeight } from './weight.ts'

/**
 * A box in words: its name, then on a second line its weight, share and events, or both sides of a difference with the
 * interval of their ratio. `written` is applied to all of it, part by part, e.g. to escape it.
 */
export function describeNodes(
  profile: Profile,
  weights: FlameWeights,
  shown: Shown,
  verdict: Judgement | null,
  written: (text: string) => string = (text) => text,
): (node: number, folded?: number) => string {
  const nameOf = byName(profile, (name) => written(frameLabel(name)))
  const numbersOf =
    describePair(profile, weights, shown, verdict, written) ?? describeOne(profile, weights, shown, written)
  return (node, folded = 0) =>
    folded > 0
      ? `${nameOf(node)}\n${folded} narrower ${folded === 1 ? 'frame' : 'frames'} called from here`
      : `${nameOf(node)}\n${numbersOf(node)}`
}

/** Single phase. Most frames call but one other: their callee's numbers are theirs, and are made once. */
function describeOne(
  profile: Profile,
  weights: FlameWeights,
  { whole, all, divide, counts }: Shown,
  written: (text: string) => string,
): (node: number) => string {
  const known = new Map<number, string>()
  const textOf = (weight: number): string => {
    const average = divide ? `${formatWeight(weight / divide.by, profile.unit)}/${divide.per} · ` : ''
    const share = formatPercent(all > 0 ? (100 * weight) / all : 0)
    return written(`${average}${withUnit(weight, profile.unit)} · ${share} of ${whole}`)
  }
  return (node) => {
    const weight = weights.width[node] ?? 0
    const text = known.get(weight) ?? textOf(weight)
    known.set(weight, text)
    return counts?.[node] ? text + written(` · ${eventsText(counts[node])}`) : text
  }
}

function describePair(
  profile: Profile,
  { pair: sides }: FlameWeights,
  { pair }: Shown,
  verdict: Judgement | null,
  written: (text: string) => string,
): ((node: number) => string) | null {
  if (!pair || !sides || !verdict) return null
  return (node) => {
    const interval = verdict.intervalOf(node)
    const parts = [
      changeLine(profile, pair, sides.base[node] ?? 0, sides.candidate[node] ?? 0),
      interval ? intervalText(interval) : '',
      verdict.noteOf(node),
    ]
    return written(parts.filter(Boolean).join(' · '))
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
