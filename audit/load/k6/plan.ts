import { z } from 'zod'
import { sanitizeText } from '../../../probes/index.ts'
import { kindOfName } from '../../plan/phase-kind.ts'
import { durationMs } from './duration.ts'

/** A span of the timetable in which the same scenarios run. */
export interface K6Phase {
  /** the scenario's name, several joined with `+`; for a pause `idle` or `after <name>` */
  name: string
  /** idle, warmup, baseline, stress, soak, recovery, or mark */
  kind: string
  /** ms after k6 starts its scenarios */
  startMs: number
  endMs: number
  scenarios: readonly string[]
  /** iterations that become due, 1/s, at a time in ms after the phase's start, by scenario; null: the executor plans none */
  rates: Readonly<Record<string, ((afterMs: number) => number) | null>>
}

export interface K6Timetable {
  /** without gaps, from 0; at least one */
  phases: readonly [K6Phase, ...K6Phase[]]
  /** when k6 ends at the latest, ms */
  totalMs: number
  maxVus: number | null
}

const duration = z.union([z.string(), z.number()]).transform((text, context) => {
  const ms = durationMs(text)
  if (ms !== null) return ms
  context.addIssue({ code: 'custom', message: `expected a duration like 30s, got ${JSON.stringify(text)}` })
  return z.NEVER
})
const stage = z.object({ duration: duration.nullish(), target: z.number().nullish() })
const scenarioSchema = z.object({
  executor: z.string(),
  startTime: duration.nullish(),
  duration: duration.nullish(),
  maxDuration: duration.nullish(),
  rate: z.number().nullish(),
  startRate: z.number().nullish(),
  timeUnit: duration.nullish(),
  stages: z.array(stage).max(10_000).nullish(),
})
type ScenarioConfig = z.output<typeof scenarioSchema>

/** Each may begin and end a phase. */
const MOST_SCENARIOS = 500
const LONGEST_NAME = 300

/** What `k6 inspect --execution-requirements` prints: the script's options, all defaults applied, and two sums. */
const inspectionSchema = z.object({
  scenarios: z
    .record(z.string(), scenarioSchema)
    .refine((all) => Object.keys(all).length > 0, 'no scenario')
    .refine((all) => Object.keys(all).length <= MOST_SCENARIOS, 'too many scenarios'),
  totalDuration: duration.nullish(),
  maxVUs: z.number().nullish(),
  /** this k6 does only a part of the script's load, others the rest */
  executionSegment: z.string().nullish(),
})

/** What k6 assumes where a script is silent (k6's documentation of the executors). */
const DEFAULT_TIME_UNIT_MS = 1000
const DEFAULT_MAX_DURATION_MS = 600_000

interface Scenario {
  name: string
  startMs: number
  endMs: number
  /** at a time in ms after its start */
  rate: ((afterMs: number) => number) | null
}

/**
 * The phases of a script, from what k6 itself makes of its options. A phase begins wherever a scenario begins or ends, its
 * graceful stop not counted; scenarios that are bounded by iterations last, for all that is known, their `maxDuration`.
 *
 * @throws ZodError when this is not what k6 prints
 */
export function timetableOf(inspection: unknown): K6Timetable {
  const plan = inspectionSchema.parse(inspection)
  const scenarios = Object.entries(plan.scenarios).map(([name, config]) => {
    const scenario = scenarioOf(sanitizeText(name), config)
    return plan.executionSegment ? { ...scenario, rate: null } : scenario
  })
  const endMs = Math.max(...scenarios.map((scenario) => scenario.endMs))
  const times = [...new Set([0, ...scenarios.flatMap((scenario) => [scenario.startMs, scenario.endMs])])]
    .filter((ms) => ms < endMs)
    .sort((a, b) => a - b)
  const phases: K6Phase[] = []
  for (const [index, startMs] of times.entries())
    phases.push(phaseOf(scenarios, startMs, times[index + 1] ?? endMs, phases.at(-1) ?? null))
  const [first, ...rest] = phases
  return {
    phases: [first ?? phaseOf(scenarios, 0, endMs, null), ...rest],
    totalMs: Math.max(plan.totalDuration ?? 0, endMs),
    maxVus: plan.maxVUs ?? null,
  }
}

function phaseOf(all: readonly Scenario[], startMs: number, endMs: number, before: K6Phase | null): K6Phase {
  const running = all.filter((scenario) => scenario.startMs <= startMs && startMs < scenario.endMs)
  const label =
    running.length > 0 ? running.map(({ name }) => name).join('+') : before ? `after ${before.name}` : 'idle'
  const name = sanitizeText(label, { maxLength: LONGEST_NAME })
  return {
    name,
    kind: running.length > 1 || (running.length === 0 && before) ? 'mark' : kindOfName(name),
    startMs,
    endMs,
    scenarios: running.map(({ name }) => name),
    rates: Object.fromEntries(
      running.map(({ name, startMs: from, rate }) => [
        name,
        rate && ((afterMs: number) => (startMs + afterMs < endMs ? rate(startMs + afterMs - from) : 0)),
      ]),
    ),
  }
}

function scenarioOf(name: string, config: ScenarioConfig): Scenario {
  const startMs = config.startTime ?? 0
  const stages = config.stages ?? []
  switch (config.executor) {
    case 'constant-arrival-rate': {
      const rps = perSecond(config.rate ?? 0, config)
      return { name, startMs, endMs: startMs + (config.duration ?? 0), rate: () => rps }
    }
    case 'ramping-arrival-rate':
      return { name, startMs, endMs: startMs + lengthOf(stages), rate: rampOf(config) }
    case 'ramping-vus':
      return { name, startMs, endMs: startMs + lengthOf(stages), rate: null }
    case 'constant-vus':
      return { name, startMs, endMs: startMs + (config.duration ?? 0), rate: null }
    default:
      // shared-iterations, per-vu-iterations, and what k6 may get in the future
      return {
        name,
        startMs,
        endMs: startMs + (config.maxDuration ?? config.duration ?? DEFAULT_MAX_DURATION_MS),
        rate: null,
      }
  }
}

const perSecond = (count: number, { timeUnit }: ScenarioConfig): number =>
  (count * 1000) / (timeUnit ?? DEFAULT_TIME_UNIT_MS)

const lengthOf = (stages: readonly z.output<typeof stage>[]): number =>
  stages.reduce((sum, stage) => sum + (stage.duration ?? 0), 0)

/** Straight from target to target; a stage without a length is a jump. */
function rampOf(config: ScenarioConfig): (afterMs: number) => number {
  const points: { atMs: number; rps: number }[] = [{ atMs: 0, rps: perSecond(config.startRate ?? 0, config) }]
  for (const { duration, target } of config.stages ?? [])
    points.push({ atMs: (points.at(-1)?.atMs ?? 0) + (duration ?? 0), rps: perSecond(target ?? 0, config) })
  return (afterMs) => {
    const next = points.findIndex(({ atMs }) => atMs > afterMs)
    const to = points[next]
    const from = points[next < 0 ? points.length - 1 : next - 1]
    if (!from || !to) return from?.rps ?? 0
    return from.rps + ((to.rps - from.rps) * (afterMs - from.atMs)) / (to.atMs - from.atMs)
  }
}
