import type { Profile } from '../../../audit/index.ts'
import { WEIGHTS } from '../../flame/meaning.ts'
import type { WeightUnit } from '../../flame/weight.ts'

/** What weights are divided by before they are printed. */
export type FlameUnit = 'request' | 'second' | 'total' | 'share'

/** What a phase's weights can be divided by; null where it is not known. */
export interface Exposure {
  requests: number | null
  seconds: number | null
}

/** The units that can be said of one phase, or of two that are compared: the sums of two phases of unlike length cannot. */
export function unitsOf(sides: readonly Exposure[]): FlameUnit[] {
  const units: FlameUnit[] = []
  if (sides.every(({ requests }) => requests !== null)) units.push('request')
  if (sides.every(({ seconds }) => seconds !== null)) units.push('second')
  if (sides.length === 1) units.push('total')
  return [...units, 'share']
}

/** The reader's choice where it can be said, else the one that says most. */
export function unitShown(chosen: FlameUnit | null, unit: Profile['unit'], sides: readonly Exposure[]): FlameUnit {
  const units = unitsOf(sides)
  if (chosen && units.includes(chosen)) return chosen
  if (units.includes('request') && (unit === 'ns' || sides.length > 1)) return 'request'
  return sides.length > 1 ? 'share' : 'total'
}

/** What weights are multiplied by; undefined: by one over their sum. */
export function scaleOf(unit: FlameUnit, { requests, seconds }: Exposure): number | undefined {
  if (unit === 'request') return requests === null ? 1 : 1 / requests
  if (unit === 'second') return seconds === null ? 1 : 1 / seconds
  return unit === 'total' ? 1 : undefined
}

/** How a scaled weight is printed. */
export const printedAs = (unit: FlameUnit, profile: Profile): WeightUnit => (unit === 'share' ? 'share' : profile.unit)

/** What a width is: `time per request`. */
export function unitWords(unit: FlameUnit, profile: Profile): string {
  if (unit === 'share') return 'share of all'
  return unit === 'total' ? WEIGHTS[profile.unit] : `${WEIGHTS[profile.unit]} per ${unit}`
}
