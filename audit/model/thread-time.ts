import type { PhaseModel } from './run.ts'
import { counterGrowth } from './telemetry.ts'

/** The rim of a phase, where telemetry and the kernel are not read at one moment, and waits that lie across it. */
const SHARE = 0.1
const RIM_NS = 100e6

/**
 * Threads cannot wait and run for longer than there are threads and time. What says so is wrong, all of it: something
 * that has ended goes on counting. null: it adds up, or it cannot be told, since threads or processes came and went
 * between the moments at which they were counted.
 */
export function impossibleThreadTime(phase: PhaseModel, durationNs: number): string | null {
  const data = phase.probes.get('off-cpu')?.data
  const threads = steady(phase, 'process', 'threads')
  if (threads === null || !isWaits(data) || !isSteady(phase, 'target')) return null
  const spentNs = data.blocked_ns + data.runnable_ns + (counterGrowth(phase, 'process', 'cpu_ns') ?? 0)
  const mostNs = threads * durationNs
  if (spentNs <= mostNs * (1 + SHARE) + RIM_NS * threads) return null
  const seconds = (ns: number) => `${(ns / 1e9).toFixed(1)} s`
  return `${threads} threads cannot have spent ${seconds(spentNs)} in ${seconds(durationNs)}: off-cpu counted waits that were over`
}

const isWaits = (data: unknown): data is { blocked_ns: number; runnable_ns: number } =>
  typeof data === 'object' && data !== null && 'blocked_ns' in data && 'runnable_ns' in data

/** Of a value that stayed as it was. */
function steady(phase: PhaseModel, source: string, name: string): number | null {
  const seen = phase.telemetry.get(source)
  const [low, high] = [seen?.low[name], seen?.high[name]]
  return low !== undefined && low === high ? low : null
}

function isSteady(phase: PhaseModel, source: string): boolean {
  const seen = phase.telemetry.get(source)
  const alike = (a: Readonly<Record<string, number>> = {}, b: Readonly<Record<string, number>> = {}) =>
    Object.keys(b).every((name) => a[name] === b[name])
  return alike(seen?.low, seen?.high) && alike(seen?.first, seen?.last)
}
