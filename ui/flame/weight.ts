import type { Profile } from '../../audit/index.ts'
import { formatCount, formatNs, formatPercent } from '../text/format.ts'

/** `share` is a part of 1, printed in percent. */
export type WeightUnit = Profile['unit'] | 'share'

/** A weight as people read it: `4.10 ms`, `312`, `12.5 %`. */
export function formatWeight(value: number, unit: WeightUnit): string {
  if (unit === 'ns') return formatNs(value)
  return unit === 'share' ? formatPercent(value * 100) : formatCount(value)
}

/** The candidate's weight and how far it is from the base: `2.90 ms +2.60 ms`, `0 -1.20 ms`. */
export function formatDelta(base: number, candidate: number, unit: WeightUnit): string {
  const delta = candidate - base
  const sign = delta > 0 ? '+' : delta < 0 ? '-' : '±'
  return `${formatWeight(candidate, unit)} ${sign}${formatWeight(Math.abs(delta), unit)}`
}
