import type { AbortRule, Budgets, BuiltinLoad, Thresholds } from './plan.ts'
import type { WrittenLimits } from './schema.ts'

/** What holds where a plan says nothing. */
export const defaultThresholds: Readonly<Record<'internal' | 'external', Thresholds>> = {
  internal: { p50Ms: null, p99Ms: 50, p999Ms: null, errors: 0.01 },
  external: { p50Ms: null, p99Ms: 200, p999Ms: null, errors: 0.01 },
}
export const defaultAbort: AbortRule = { errors: 0.01, windowMs: 5_000, minRequests: 200 }
export const defaultBudgets: Budgets = { overheadPct: 20, loss: 0.05, achieved: 0.95, sendLagMs: null }
export const defaultBuiltin = {
  protocol: 'http/1.1',
  connections: 50,
  keepAlive: true,
  timeoutMs: 10_000,
  maxInFlight: 2_000,
  maxQueue: 100_000,
  workers: null,
} as const satisfies Partial<BuiltinLoad>
export const DEFAULT_INTERVAL_MS = 1_000
export const DEFAULT_READY_MS = 10_000
export const DEFAULT_SEARCH = { stepMs: 30_000, precision: 0.05 }

/** The limits that are written on top of those that hold otherwise; null takes a limit away. */
export function limitsOver(base: Thresholds, written: WrittenLimits): Thresholds {
  const over = (value: number | null | undefined, otherwise: number | null) => (value === undefined ? otherwise : value)
  return {
    p50Ms: over(written.p50, base.p50Ms),
    p99Ms: over(written.p99, base.p99Ms),
    p999Ms: over(written.p999, base.p999Ms),
    errors: over(written.errors, base.errors),
  }
}
