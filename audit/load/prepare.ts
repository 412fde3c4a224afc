import { secretsHider } from '../../probes/index.ts'
import { PlanError } from '../plan/error.ts'
import type { Plan, PlannedLoad, TimedPhase } from '../plan/plan.ts'
import { durationText } from '../plan/quantity.ts'
import { builtinDriver } from './builtin.ts'
import type { Destination } from './consent.ts'
import type { LoadDriver } from './driver.ts'
import { followDriver } from './follow/driver.ts'
import { jmeterDriver } from './jmeter/driver.ts'
import { readJmxPlan } from './jmeter/plan.ts'
import { timetableOf } from './jmeter/timetable.ts'
import type { ValidityLimits } from './judge.ts'
import { k6Driver } from './k6/driver.ts'
import { k6Follow } from './k6/follow.ts'
import { noneDriver } from './none.ts'

/** A driver that has what it needs to start, and the phase that it starts with. */
export interface PreparedLoad {
  driver: LoadDriver
  firstPhase: { name: string; kind: string }
  /** phases that the load tool knows and the plan does not, as a plan would write them; null: there are none */
  phases: readonly { name: string; kind: string; duration?: string }[] | null
}

/**
 * Chooses the driver of a plan and finds out with which phase it starts. k6 is started, paused; nothing else runs before
 * `run`.
 *
 * @param destination where the load goes, as it was agreed to
 *
 * @throws PlanError, LoadError when the load cannot be made
 */
export async function prepareLoad(
  plan: Plan,
  validity: ValidityLimits,
  signal: AbortSignal,
  destination: Destination | null = null,
): Promise<PreparedLoad> {
  const { load } = plan
  const clean = secretsHider(plan.secrets)
  switch (load.driver) {
    case 'builtin':
      return byPlan(
        plan,
        builtinDriver({
          load,
          url: urlOf(plan),
          ...(destination ? { addresses: destination.addresses } : {}),
          phases: plan.phases,
          thresholds: plan.thresholds,
          validity,
        }),
      )
    case 'none': {
      const phases = plan.phases.filter((phase): phase is TimedPhase => phase.type === 'timed')
      return byPlan(plan, noneDriver({ phases }))
    }
    case 'k6':
      return prepareK6(load, clean, signal)
    case 'jmeter':
      return prepareJmeter(load, clean)
    case 'follow':
      return { driver: follow(load), firstPhase: before, phases: null }
  }
}

/** What runs until the first request of another tool's load is seen. */
const before = { name: 'before', kind: 'idle' }

function byPlan(plan: Plan, driver: LoadDriver): PreparedLoad {
  const [first] = plan.phases
  // A search names its trials itself; until the first one runs the target is at rest.
  const firstPhase = first ? { name: first.name, kind: first.kind } : { name: 'audit', kind: 'mark' }
  return { driver, firstPhase, phases: null }
}

type Clean = (text: string) => string

async function prepareK6(
  load: PlannedLoad & { driver: 'k6' },
  clean: Clean,
  signal: AbortSignal,
): Promise<PreparedLoad> {
  const driver = await k6Driver({ script: load.script, args: load.args, env: load.env, clean, signal })
  const [first] = driver.timetable.phases
  return {
    driver,
    firstPhase: { name: first.name, kind: first.kind },
    phases: driver.timetable.phases.map(({ name, kind, startMs, endMs }) => ({
      name,
      kind,
      duration: durationText(endMs - startMs),
    })),
  }
}

async function prepareJmeter(load: PlannedLoad & { driver: 'jmeter' }, clean: Clean): Promise<PreparedLoad> {
  const { phases } = timetableOf(await readJmxPlan(load.plan, load.properties))
  return {
    driver: jmeterDriver({ plan: load.plan, properties: load.properties, clean }),
    firstPhase: before,
    phases: [
      before,
      ...phases.map(({ name, kind, startMs, endMs }) => ({
        name,
        kind,
        ...(startMs !== null && endMs !== null ? { duration: durationText(endMs - startMs) } : {}),
      })),
    ],
  }
}

function follow({ file, format }: PlannedLoad & { driver: 'follow' }): LoadDriver {
  if (format === 'k6-csv') return k6Follow({ file, format: 'csv' })
  if (format === 'k6-json') return k6Follow({ file, format: 'json' })
  return followDriver({ file, format })
}

function urlOf(plan: Plan): string {
  if (plan.target.url !== null) return plan.target.url
  throw new PlanError('invalid', 'the plan has no target.url: where do requests go?', 'target: { url: "http://…" }')
}
