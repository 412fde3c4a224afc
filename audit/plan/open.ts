import { existsSync } from 'node:fs'
import { extname } from 'node:path'
import { sanitizeText } from '../../probes/index.ts'
import { PlanError } from './error.ts'
import type { Plan } from './plan.ts'
import { readPlan } from './read.ts'
import { driverOf, planForScript } from './script.ts'

const PLANS = new Set(['.yaml', '.yml', '.json'])

/**
 * What a file given to `probe audit` asks for: a plan as it stands in it, or the one that runs a k6 script or a JMeter
 * plan as it is.
 *
 * @throws PlanError with every problem; in a file each with its line and column
 */
export async function openPlan(path: string, ...context: Tail<Parameters<typeof readPlan>>): Promise<Plan> {
  const extension = extname(path).toLowerCase()
  if (PLANS.has(extension)) return readPlan(path, ...context)
  if (Object.hasOwn(driverOf, extension)) {
    if (!existsSync(path))
      throw new PlanError('unreadable', `cannot read ${sanitizeText(path)}: no such file`, 'check the path')
    return planForScript(path)
  }
  throw new PlanError(
    'invalid',
    `${sanitizeText(path)}: expected a plan (.yaml, .yml, .json), a k6 script (.js, .ts) or a JMeter plan (.jmx)`,
    'name it by what it is, or have a plan written: probe audit init URL',
  )
}

type Tail<List extends readonly unknown[]> = List extends readonly [unknown, ...infer Rest] ? Rest : never
