import type { TargetSelector } from '../../probes/index.ts'

/**
 * A plan as it runs: every default filled in, rates in requests/s, times in ms. Made by `readPlan` from YAML or JSON, and
 * by `demoPlan`; everything after reads only this.
 */
export interface Plan {
  target: PlannedTarget
  /** the expected peak that percentages refer to, requests/s; null where no phase needs one */
  peakRps: number | null
  load: PlannedLoad
  phases: readonly PlannedPhase[]
  thresholds: Thresholds
  /** null: the load is never stopped for errors */
  abort: AbortRule | null
  /** hosts that are not this one and may be loaded: names, addresses, networks, each with a port or without */
  consent: readonly string[]
  /** highest rate that may be asked for, requests/s; null: the default */
  ceilingRps: number | null
  /** probe names; null: the default probes */
  probes: readonly string[] | null
  budgets: Budgets
  /** length of a window at the start of a phase, ms; it grows with the phase */
  intervalMs: number
  /** folder of the results; null: one named after the time */
  out: string | null
  /** what `header.plan` of the recording holds: the plan as a person would write it, without secrets */
  written: unknown
  /** values that no output may hold, as they are sent */
  secrets: readonly string[]
}

export interface PlannedTarget {
  /** where requests go; null when another tool or nobody sends them */
  url: string | null
  /** which processes are watched; null: the ones that listen on the url's port on this host */
  select: Omit<TargetSelector, 'follow'> | null
  follow: boolean
  /** a program that is started before the first phase and stopped after the last; null: it runs already */
  command: {
    argv: readonly [string, ...string[]]
    /** null: the folder probe runs in */
    cwd: string | null
    /** beside PATH */
    env: Readonly<Record<string, string>>
    readyMs: number
  } | null
}

export type PlannedLoad =
  | ({ driver: 'builtin' } & BuiltinLoad)
  | { driver: 'k6'; script: string; args: readonly string[]; env: Readonly<Record<string, string>> }
  | { driver: 'jmeter'; plan: string; properties: Readonly<Record<string, string>> }
  /** the output of a load that somebody else runs: followed while it grows */
  | { driver: 'follow'; file: string; format: 'k6-csv' | 'k6-json' | 'jtl' | 'csv' | 'ndjson' | 'auto' }
  /** phases by the clock, or by `probe mark`; no load of ours */
  | { driver: 'none' }

export interface BuiltinLoad {
  protocol: 'http/1.1' | 'h2'
  connections: number
  /** false: a new connection for every request */
  keepAlive: boolean
  timeoutMs: number
  maxInFlight: number
  maxQueue: number
  /** processes that share the load; null: as many as the rate asks for */
  workers: number | null
  requests: readonly [PlannedRequest, ...PlannedRequest[]]
  tls: TlsOptions
}

export interface PlannedRequest {
  /** how it is told apart in results */
  name: string
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'
  /** path and query */
  path: string
  headers: Readonly<Record<string, string>>
  body: Buffer | null
  /** share of the load, relative to the others */
  weight: number
  expect: { /** empty: any below 400 */ status: readonly number[]; bodyIncludes: string | null }
}

export interface TlsOptions {
  /** PEM text of the authorities to trust; null: the system's */
  ca: string | null
  /** false: any certificate is taken (a warning stands in the results) */
  verify: boolean
  serverName: string | null
}

export type PlannedPhase = TimedPhase | SearchPhase

export interface TimedPhase {
  type: 'timed'
  name: string
  /** idle, warmup, baseline, stress, soak, recovery, or mark */
  kind: string
  durationMs: number
  /** requests/s at its start and end; equal for a constant rate, 0 for none */
  fromRps: number
  toRps: number
  /** its latencies are not judged: connections and code get warm */
  discard: boolean
  /** what it must keep, where that differs from the plan's; complete, limits of the plan included */
  thresholds: Thresholds | null
}

/** Looks for the highest rate that keeps the thresholds: steps of a fixed length, doubled until one fails, then halved in between. */
export interface SearchPhase {
  type: 'search'
  name: string
  kind: string
  fromRps: number
  /** never more than this */
  toRps: number
  stepMs: number
  /** the answer is known to this share, 0.05 = 5 % */
  precision: number
  /** as of a timed phase */
  thresholds: Thresholds | null
}

/** What a phase must keep; null: not judged. */
export interface Thresholds {
  /** response time from the intended start, ms */
  p50Ms: number | null
  p99Ms: number | null
  p999Ms: number | null
  /** share of failed requests, 0..1 */
  errors: number | null
}

/** Stops the load when more than `errors` (0..1) of the requests of the last `windowMs` failed, once `minRequests` have ended. */
export interface AbortRule {
  errors: number
  windowMs: number
  minRequests: number
}

/** What the measurement itself may cost; beyond, there is no verdict. */
export interface Budgets {
  /** tracing, percent of one core; null: no limit */
  overheadPct: number | null
  /** share of the windows that may have lost something, 0..1 */
  loss: number
  /** share of the planned requests that must be sent, 0..1 */
  achieved: number
  /** the generator's own lateness, p99, ms; null: 10 % of the p99 threshold, at least 5 */
  sendLagMs: number | null
}
