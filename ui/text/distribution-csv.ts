import type { PhaseModel, RunModel } from '../../audit/index.ts'
import { bucketCeil, bucketFloor, type Histogram, type Probe } from '../../probes/index.ts'
import { csvText } from './csv.ts'
import { histogramsOf } from './reading.ts'

/** A distribution of a probe as counts: a row a bucket, a column a phase; empty where a phase has none. */
export function distributionCsv(model: RunModel, probe: Probe, label: string): string {
  const own = model.phases.map((phase) => named(histogramsOf(probe, phase), label))
  const counts = own.map((histogram) => histogram && new Map(histogram.buckets))
  const buckets = [...new Set(own.flatMap((histogram) => histogram?.buckets.map(([bucket]) => bucket) ?? []))]
  return csvText([
    ['from [ns]', 'to [ns]', ...model.phases.map(({ name }) => name)],
    ...buckets
      .toSorted((a, b) => a - b)
      .map((bucket) => [...edges(bucket), ...counts.map((count) => count && (count.get(bucket) ?? 0))]),
  ])
}

/** Distributions over time, a row for each span and bucket that is not empty; times from the start of the run. */
export function overTimeCsv(
  phases: readonly PhaseModel[],
  spans: readonly { startUs: number; endUs: number; histogram: Histogram }[],
): string {
  return csvText([
    ['phase', 'start [s]', 'end [s]', 'from [ns]', 'to [ns]', 'count'],
    ...spans.flatMap(({ startUs, endUs, histogram }) => {
      const phase = phases.findLast((one) => one.startUs <= startUs)?.name ?? null
      return histogram.buckets.map(([bucket, count]) => [phase, startUs / 1e6, endUs / 1e6, ...edges(bucket), count])
    }),
  ])
}

const edges = (bucket: number): [number, number] => [bucketFloor(bucket), bucketCeil(bucket)]

const named = (all: readonly { label: string; histogram: Histogram }[], label: string): Histogram | null =>
  all.find((one) => one.label === label)?.histogram ?? null
