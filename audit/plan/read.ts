import { loadCatalog, sanitizeText } from '../../probes/index.ts'
import { readBounded } from './bounded-file.ts'
import { completePlan, type PlanContext } from './complete.ts'
import { LONGEST_TEXT, readDocument } from './document.ts'
import { PlanError } from './error.ts'
import type { Plan } from './plan.ts'

const LARGEST_FILE = 16 * 1_048_576

/**
 * Reads a plan, the files it names and the variables it uses.
 *
 * @throws PlanError with every problem, each with its line and column
 */
export async function readPlan(
  path: string,
  env: PlanContext['env'],
  options: Pick<PlanContext, 'preset' | 'needsTarget'> = {},
): Promise<Plan> {
  const probeNames = [...(await loadCatalog()).keys()]
  return parsePlan(textOf(path), {
    path,
    env,
    readFile: (file) => readBounded(file, LARGEST_FILE),
    probeNames,
    ...options,
  })
}

/**
 * A plan of its text: YAML or JSON.
 *
 * @throws PlanError with every problem, each with its line and column
 */
export const parsePlan = (text: string, context: PlanContext): Plan =>
  completePlan(readDocument(text, context.path), context)

function textOf(path: string): string {
  const name = sanitizeText(path)
  let bytes: Buffer
  try {
    bytes = readBounded(path, LONGEST_TEXT)
  } catch (error) {
    throw new PlanError(
      'unreadable',
      `cannot read the plan ${name}: ${error instanceof Error ? sanitizeText(error.message) : String(error)}`,
      'name a plan, or have one written: probe audit init URL',
    )
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new PlanError('invalid', `${name}:1:1  expected UTF-8 text`, 'save the file as UTF-8')
  }
}
