import { basename, extname } from 'node:path'
import { sanitizeText } from '../../probes/index.ts'
import { completePlan } from './complete.ts'
import { documentOf } from './document.ts'
import { PlanError } from './error.ts'
import type { Plan } from './plan.ts'

/** Load tools whose tests run without a plan of ours, by the ending of their files. */
export const driverOf: Readonly<Record<string, 'k6' | 'jmeter'>> = {
  '.js': 'k6',
  '.mjs': 'k6',
  '.ts': 'k6',
  '.jmx': 'jmeter',
}

/**
 * The plan of a k6 script or a JMeter plan on its own: its phases are those of the tool, thresholds and abort rule the
 * default ones. What is watched is for the command line to say: `target` is empty.
 *
 * @throws PlanError when the name is that of neither
 */
export function planForScript(path: string): Plan {
  const driver = driverOf[extname(path).toLowerCase()]
  if (!driver)
    throw new PlanError('invalid', `${sanitizeText(path)}: expected a k6 script (.js, .ts) or a JMeter plan (.jmx)`)
  const file = basename(path)
  const load = driver === 'k6' ? { driver, script: file } : { driver, plan: file }
  // Whether the file can be read, and is what its name says, is told by the tool.
  const readFile = () => Buffer.alloc(0)
  return completePlan(documentOf({ load }), { path, env: {}, readFile, needsTarget: false })
}
