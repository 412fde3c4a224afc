import type { PlanDocument } from './document.ts'
import { problemsOf } from './issues.ts'
import type { Plan } from './plan.ts'
import type { Preset } from './preset.ts'
import { type Problem, planError } from './problem.ts'
import { planSchema } from './schema.ts'
import { secretsOf, withoutSecrets } from './secrets.ts'
import { settle } from './settle.ts'

export interface PlanContext {
  /** of the plan, as it was named; other names in it are relative to its folder */
  path: string
  env: Readonly<Record<string, string | undefined>>
  /** throws where it cannot */
  readFile: (path: string) => Buffer
  /** these phases instead of the plan's */
  preset?: Preset | undefined
  /** what `probes` may name; without it any name is taken */
  probeNames?: readonly string[] | undefined
  /** false: the caller knows what is watched, where the plan does not say */
  needsTarget?: boolean
}

/**
 * The plan that a document means.
 *
 * @throws PlanError with every problem, each with its line and column
 */
export function completePlan(document: PlanDocument, context: PlanContext): Plan {
  const { path, env, readFile, preset, probeNames, needsTarget = true } = context
  const written = planSchema.safeParse(document.value)
  if (!written.success) throw planError(path, problemsOf(written.error, document))
  const problems: Problem[] = []
  const plan = settle(written.data, {
    path,
    env,
    readFile,
    preset,
    probeNames,
    needsTarget,
    report: (keys, message) => problems.push({ ...document.placeOf(document.offsetOf(keys)), path: keys, message }),
  })
  if (problems.length > 0) throw planError(path, problems)
  return { ...plan, written: withPreset(withoutSecrets(document.value), preset), secrets: secretsOf(plan) }
}

/** The recording tells what ran: the preset of the command line, not the phases it replaced. */
function withPreset(written: unknown, preset: Preset | undefined): unknown {
  if (preset === undefined || typeof written !== 'object' || written === null) return written
  const others = Object.entries(written).filter(([key]) => key !== 'phases' && key !== 'preset')
  return { ...Object.fromEntries(others), preset }
}
