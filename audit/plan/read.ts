import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { loadCatalog, sanitizeText } from '../../probes/index.ts'
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

const causes: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  EACCES: 'permission denied',
  ELOOP: 'too many links',
}

/** A regular file of at most `most` bytes; nothing that could block or never end. */
function readBounded(path: string, most: number): Buffer {
  let file: number
  try {
    // A pipe without a writer would block: it is opened without waiting and refused below.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw new Error(causes[code] ?? code, { cause: error })
  }
  try {
    const status = fstatSync(file)
    if (!status.isFile()) throw new Error(status.isDirectory() ? 'it is a directory' : 'it is not a regular file')
    if (status.size > most)
      throw new Error(`expected at most ${most / 2 ** 20} MiB, got ${(status.size / 2 ** 20).toFixed(1)} MiB`)
    const bytes = Buffer.alloc(status.size)
    let length = 0
    while (length < bytes.length) {
      const read = readSync(file, bytes, length, bytes.length - length, length)
      if (read === 0) break
      length += read
    }
    return bytes.subarray(0, length)
  } finally {
    closeSync(file)
  }
}
