import type { TelemetryRecord } from '../recording/format.ts'
import { remember } from './history.ts'
import type { LatestSamples } from './telemetry.ts'

/** How much a counter grew in a span; null: it was restarted, or not there before. */
export interface MetricSpan {
  startUs: number
  endUs: number
  growth: number | null
}

/**
 * The counters that are followed over time, gravest first: what a server's load is seen in beside the probes. Of several
 * that match (levels of cgroups) the one that grew most counts: a limit anywhere above holds the target.
 */
export const followed = {
  overflows: { source: 'netns', matches: (name: string) => name === 'TcpExt.ListenOverflows' },
  throttled: { source: 'cgroup', matches: (name: string) => name.endsWith('.cpu.throttled_usec') },
  target_cpu: { source: 'process', matches: (name: string) => name === 'cpu_ns' },
  softirq: { source: 'cpu', matches: (name: string) => name === 'softirq_ms' },
} as const satisfies Record<string, { source: string; matches: (name: string) => boolean }>

export type FollowedMetric = keyof typeof followed
export type MetricSpans = Map<FollowedMetric, MetricSpan[]>

/** Adds what a sample says since the one before it; `latest` is still as that left it. */
export function followSample(spans: MetricSpans, latest: LatestSamples, record: TelemetryRecord): void {
  const before = latest.get(record.source)
  if (!before || record.t_us <= before.tUs) return
  for (const [metric, { source, matches }] of Object.entries(followed) as [FollowedMetric, Followed][]) {
    if (source !== record.source) continue
    const names = Object.keys(before.values).filter(matches)
    if (names.length === 0) continue
    const growths = names.map((name) => growthOf(before.values[name] ?? 0, record, name))
    const known = growths.filter((growth) => growth !== null)
    const growth = known.length === growths.length ? Math.max(...known) : null
    const history = spans.get(metric) ?? []
    spans.set(metric, history)
    remember(history, { startUs: before.tUs, endUs: record.t_us, growth }, both)
  }
}

type Followed = { source: string; matches: (name: string) => boolean }

/** A partial sample has what changed: what it does not name stood still. */
function growthOf(then: number, { values, partial }: TelemetryRecord, name: string): number | null {
  const now = values[name] ?? (partial ? then : null)
  return now === null || now < then ? null : now - then
}

const both = (a: MetricSpan, b: MetricSpan): MetricSpan => ({
  startUs: a.startUs,
  endUs: b.endUs,
  growth: a.growth === null || b.growth === null ? null : a.growth + b.growth,
})
