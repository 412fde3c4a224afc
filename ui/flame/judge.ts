import {
  type Change,
  type ColumnPair,
  changeOf,
  columnOf,
  type Interval,
  inclusive,
  type Profile,
  ratioInterval,
  type Sides,
  sidesOf,
  significanceOf,
} from '../../audit/index.ts'
import { formatCount, formatRatio } from '../text/format.ts'
import { FEW_EVENTS } from './theme.ts'

/** What a difference's boxes say, a node (or a function) each. */
export interface Judgement {
  /** false: the number of events is unknown, so nothing is tested and every change has its colour */
  isTested: boolean
  /** beyond chance */
  isSignificant(i: number): boolean
  /** `same` where chance would do it */
  changeOf(i: number): Change
  isFew(i: number): boolean
  intervalOf(i: number): Interval | null
  /** how many events it rests on, and whether that is enough; empty where unknown */
  noteOf(i: number): string
}

/** `base` and `candidate` are the sides as shown (scaled); `events` of both together. */
export function judge(
  sides: Sides,
  shown: { base: Float64Array; candidate: Float64Array },
  events: Float64Array,
): Judgement {
  const isTested = events.some((count) => count > 0)
  const { significant } = significanceOf(sides)
  const isSignificant = (i: number): boolean => significant[i] === 1
  const isSame = (i: number): boolean => shown.base[i] === shown.candidate[i]
  return {
    isTested,
    isSignificant,
    changeOf: (i) => (isTested && !isSignificant(i) ? 'same' : changeOf(shown.base[i] ?? 0, shown.candidate[i] ?? 0)),
    isFew: (i) => isTested && (events[i] ?? 0) < FEW_EVENTS,
    intervalOf: (i) => ratioInterval(sides, i),
    noteOf: (i) =>
      isTested ? `${isSignificant(i) || isSame(i) ? '' : 'not beyond chance, '}${eventsText(events[i] ?? 0)}` : '',
  }
}

/** The nodes of a profile, by inclusive weights. */
export function judgeNodes(
  profile: Profile,
  pair: ColumnPair,
  shown: { base: Float64Array; candidate: Float64Array },
): Judgement {
  const sum = (self: Float64Array): Float64Array => inclusive(profile, self)
  return judge(sidesOf(profile, pair, sum), shown, sum(eventsOfPair(profile, pair)))
}

/** Self events of both columns. */
export function eventsOfPair(profile: Profile, pair: ColumnPair): Float64Array {
  const candidate = columnOf(profile, pair.candidate, profile.selfCount)
  return columnOf(profile, pair.base, profile.selfCount).map((count, node) => count + (candidate[node] ?? 0))
}

export const intervalText = ({ low, high }: Interval): string =>
  `95 %: ${formatRatio(low)} to ${high < Infinity ? formatRatio(high) : 'any'}`

export const eventsText = (count: number): string => `${formatCount(count)} ${count === 1 ? 'event' : 'events'}`
