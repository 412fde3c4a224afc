import type { LoadPhase, RunModel } from '../../audit/index.ts'
import { type Point, probeSeries, type Series } from '../series.ts'
import { formatMs, formatRate, formatUnit } from '../text/format.ts'
import { type Catalog, probesOf } from '../text/reading.ts'

/** What a colour stands for: the same in every lane. */
export type Tone = 'load' | 'wait' | 'cpu' | 'event' | 'bad'

/** One lane of the picture: curves that share one scale. */
export interface Lane {
  label: string
  /** under the label: what the numbers are */
  note: string
  scale: 'linear' | 'log'
  height: number
  curves: Curve[]
  format: (value: number) => string
}

export interface Curve {
  /** stands before its numbers at the right; only where a lane has several */
  label: string
  /** `limit` is a thin dashed line that has no numbers of its own; `bars` are for events, of which most spans have none */
  shape: 'area' | 'line' | 'bars' | 'limit'
  tone: Tone
  points: Point[]
}

const TALL = 66
const LOW = 46
const LOWEST = 30
/** Values this many times apart are told apart only on a logarithmic scale. */
const WIDE_SPREAD = 50

/** What the load saw, then one lane for each probe, in catalog order. Lanes that nobody measured are left out. */
export function lanesOf(model: RunModel, catalog: Catalog): Lane[] {
  return [
    ...loadLanes(model),
    ...probesOf(model, catalog).flatMap((probe) => {
      const series = probeSeries(model, probe)
      return series ? [probeLane(probe.draw.tab, series)] : []
    }),
  ]
}

/** Where nothing happened there is little to see, but that it was looked at. */
const heightOf = (points: readonly Point[]): number => (points.some(({ value }) => value) ? LOW : LOWEST)

function loadLanes(model: RunModel): Lane[] {
  const slices = model.phases.flatMap((phase) => phase.load?.history ?? [])
  if (slices.length === 0) return []
  const points = (read: (slice: LoadPhase['history'][number]) => number | null): Point[] =>
    slices.map((slice) => ({ startUs: slice.startUs, endUs: slice.endUs, value: read(slice) }))
  const errors = points((slice) => perSecond(slice.errors, slice))
  return [
    {
      label: 'Requests',
      note: 'done per second, dashed: planned',
      scale: 'linear',
      height: TALL,
      format: formatRate,
      curves: [
        { label: '', shape: 'area', tone: 'load', points: points((slice) => slice.rps) },
        { label: '', shape: 'limit', tone: 'load', points: points((slice) => slice.targetRps) },
      ],
    },
    {
      label: 'Response time',
      note: 'p99, p50 from intended start, log',
      scale: 'log',
      height: TALL,
      format: formatMs,
      curves: [
        { label: 'p99', shape: 'area', tone: 'wait', points: points((slice) => slice.p99Ms) },
        { label: 'p50', shape: 'line', tone: 'wait', points: points((slice) => slice.p50Ms) },
      ],
    },
    {
      label: 'Errors',
      note: 'failed requests per second',
      scale: 'linear',
      height: heightOf(errors),
      format: formatRate,
      curves: [{ label: '', shape: 'bars', tone: 'bad', points: errors }],
    },
  ]
}

function probeLane(tab: string, { label, unit, adds, points }: Series): Lane {
  const isTime = unit === 'ns' || unit === 'ns_per_request'
  const scale = isTime && !adds && spreadOf(points) >= WIDE_SPREAD ? 'log' : 'linear'
  const isCount = unit === 'count' && adds
  return {
    label: tab,
    note: `${label}${adds ? ' per second' : ''}${scale === 'log' ? ', log' : ''}`,
    scale,
    height: heightOf(points),
    format: (value) => (isCount ? formatRate(value) : formatUnit(value, unit)),
    curves: [
      {
        label: '',
        shape: isCount ? 'bars' : 'area',
        tone: isTime ? 'wait' : unit === 'percent' ? 'cpu' : 'event',
        points,
      },
    ],
  }
}

/** How many times the lowest value above nothing goes into the highest. */
function spreadOf(points: readonly Point[]): number {
  const values = points.flatMap(({ value }) => (value !== null && value > 0 ? [value] : []))
  const [lowest, highest] = values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Number.POSITIVE_INFINITY, 0],
  )
  return highest / lowest
}

const perSecond = (count: number, { startUs, endUs }: { startUs: number; endUs: number }): number =>
  (count * 1e6) / Math.max(1, endUs - startUs)
