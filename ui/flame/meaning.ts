import type { Profile } from '../../audit/index.ts'
import { frameClass } from '../../audit/index.ts'
import { formatPercent } from '../text/format.ts'
import { FEW_EVENTS } from './theme.ts'

/** What a width is, by the profile's unit. */
export const WIDTHS: Record<Profile['unit'], string> = {
  samples: 'samples: how often a thread was seen there',
  ns: 'time, summed over threads',
  count: 'a number of events',
}
/** The same as what is divided. */
export const WEIGHTS: Record<Profile['unit'], string> = { samples: 'samples', ns: 'time', count: 'events' }

/** The line that says how to read the boxes and what they lack; `%` is filled in. The viewer makes it of the same words. */
export const MEANING = {
  one: 'width: %',
  pair: 'width: the larger side, %',
  share: 'share of each total',
  tested: ` · colour: candidate over base, grey where chance would do it (5 % false discoveries), hatched under ${FEW_EVENTS} events`,
  untested: ' · colour: candidate over base, not tested against chance: the number of events is unknown',
  missing: ' · [unknown] frames: %',
}

/** `pair`: what both sides are divided by (null: shares) and whether they could be tested; null for a single phase. */
export function meaningLine(
  unit: Profile['unit'],
  pair: { per: string | null; isTested: boolean } | null,
  unknownShare: number,
): string {
  const width = pair
    ? MEANING.pair.replace('%', pair.per === null ? MEANING.share : `${WEIGHTS[unit]} per ${pair.per}`) +
      (pair.isTested ? MEANING.tested : MEANING.untested)
    : MEANING.one.replace('%', WIDTHS[unit])
  return width + MEANING.missing.replace('%', formatPercent(unknownShare * 100))
}

/** Part of the whole width, 0..1, that lies under a frame no symbol table knows. */
export function unknownShare(profile: Profile, width: Float64Array): number {
  const { nameOf, parentOf } = profile
  const isUnknown = Uint8Array.from(profile.names, (name) => (frameClass(name) === 'unknown' ? 1 : 0))
  const below = new Uint8Array(profile.size)
  let unknown = 0
  for (let node = 1; node < profile.size; node++) {
    if (below[parentOf[node] ?? 0]) below[node] = 1
    // A name that is not in the list is not known either.
    else if (isUnknown[nameOf[node] ?? -1] ?? 1) {
      below[node] = 1
      unknown += width[node] ?? 0
    }
  }
  const total = width[0] ?? 0
  return total > 0 ? unknown / total : 0
}
