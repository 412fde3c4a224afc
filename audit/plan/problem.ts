import { hideSecrets, sanitizeText } from '../../probes/index.ts'
import { PlanError } from './error.ts'

/** A key of a map, or an index of a list. */
export type Key = string | number

/** One thing that is wrong, and where: line and column from 1. */
export interface Problem {
  line: number
  column: number
  /** keys from the top of the plan; empty: the text as a whole */
  path: readonly Key[]
  message: string
}

const MOST_TOLD = 20
const LONGEST_MESSAGE = 300

/** All problems in the order of the text, one a line: `plan.yaml:7:13  phases[1].rate: expected ...`. */
export function planError(file: string, problems: readonly Problem[], fix?: string): PlanError {
  const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column)
  const lines = sorted.slice(0, MOST_TOLD).map((problem) => lineOf(file, problem))
  if (sorted.length > MOST_TOLD) lines.push(`and ${sorted.length - MOST_TOLD} more`)
  return new PlanError('invalid', [...new Set(lines)].join('\n'), fix)
}

function lineOf(file: string, { line, column, path, message }: Problem): string {
  const where = path.length > 0 ? `${pathText(path)}: ` : ''
  return `${sanitizeText(file)}:${line}:${column}  ${sanitizeText(where + message, { maxLength: LONGEST_MESSAGE })}`
}

/** `phases[1].rate`; a key that is no plain word (blank, or with blanks in it) is quoted. */
export const pathText = (path: readonly Key[]): string =>
  path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index > 0 ? '.' : ''}${wordOf(key)}`)).join('')

const wordOf = (key: string): string => (/^[^\s"'.[\]:]+$/.test(key) ? key : JSON.stringify(key))

/** A value as it was found, short. */
export function got(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object' && value !== null) return 'a map'
  return clip(typeof value === 'string' ? JSON.stringify(hideSecrets(value)) : String(value))
}

const clip = (text: string): string => sanitizeText(text, { maxLength: 60 })
