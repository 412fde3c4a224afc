import type { z } from 'zod'
import { nearest } from '../../probes/index.ts'
import type { PlanDocument } from './document.ts'
import { planJsonSchema, type Schema } from './json-schema.ts'
import { got, type Key, type Problem } from './problem.ts'
import { isSecretPath } from './secrets.ts'

/** What zod objects to, in our words: the place in the text, what was expected, what stands there. */
export function problemsOf(error: z.core.$ZodError, document: PlanDocument): Problem[] {
  const schema = planJsonSchema()
  return error.issues.flatMap((issue) => toldIssues(issue, [])).flatMap((issue) => toProblems(issue, document, schema))
}

interface Told {
  issue: z.core.$ZodIssue
  path: readonly Key[]
}

/** Of a choice that nothing fits, the branch whose shape was meant says more than the choice itself. */
function toldIssues(issue: z.core.$ZodIssue, above: readonly Key[]): Told[] {
  const path = [...above, ...issue.path.map((key) => (typeof key === 'number' ? key : String(key)))]
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.find((branch) =>
      branch.every((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'),
    )
    if (meant && meant.length > 0) return meant.flatMap((inner) => toldIssues(inner, path))
  }
  return [{ issue, path }]
}

function toProblems({ issue, path }: Told, document: PlanDocument, schema: Schema): Problem[] {
  const at = (keys: readonly Key[], message: string): Problem => ({
    ...document.placeOf(document.offsetOf(keys)),
    path: keys,
    message,
  })
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const keys = [...path, key]
      return {
        ...document.placeOf(document.offsetOfKey(keys)),
        path: keys,
        message: unknownKey(schema, path, key, document.value),
      }
    })
  }
  if (issue.code === 'invalid_key') {
    const message = issue.issues[0]?.message ?? issue.message
    return [{ ...document.placeOf(document.offsetOfKey(path)), path, message: `${message}, got ${got(path.at(-1))}` }]
  }
  const found = valueAt(document.value, path)
  const expected =
    issue.code === 'invalid_type' && !issue.message.startsWith('expected') ? typeText(issue.expected) : issue.message
  if (found === undefined) return [at(path, `missing: ${expected}`)]
  return [at(path, isSecretPath(path) ? expected : `${expected}, got ${got(found)}`)]
}

const typeText = (expected: string): string =>
  ({ object: 'expected a map of keys', array: 'expected a list', string: 'expected a text' })[expected] ??
  `expected ${expected}`

function valueAt(value: unknown, path: readonly Key[]): unknown {
  let found: unknown = value
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
    found = Reflect.get(found, key)
  }
  return found
}

function unknownKey(schema: Schema, path: readonly Key[], key: string, value: unknown): string {
  const known = knownKeys(schema, path, value)
  const meant = nearest(key.toLowerCase().replaceAll('-', '_'), known)
  return meant ? `unknown key; did you mean ${meant}?` : `unknown key; here go ${known.join(', ')}`
}

/** The keys that a plan may have at a path, of the load driver that it names. */
function knownKeys(schema: Schema, path: readonly Key[], value: unknown): string[] {
  const branches = (schema.oneOf ?? schema.anyOf ?? [schema]).filter((branch) => {
    const driver = valueAt(value, ['driver'])
    const wanted = branch.properties?.['driver']?.const
    return wanted === undefined || wanted === (driver ?? 'builtin')
  })
  const [key, ...rest] = path
  if (key === undefined) return [...new Set(branches.flatMap((branch) => Object.keys(branch.properties ?? {})))]
  return branches.flatMap((branch) => {
    const inner = typeof key === 'number' ? branch.items : branch.properties?.[key]
    return inner ? knownKeys(inner, rest, valueAt(value, [key])) : []
  })
}
