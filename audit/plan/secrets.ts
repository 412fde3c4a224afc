import { createHash } from 'node:crypto'
import {
  HIDDEN,
  hideInArguments,
  hideSecrets,
  isHarmlessHeader,
  isSecretName,
  sanitizeText,
} from '../../probes/index.ts'
import type { Plan } from './plan.ts'
import type { Key } from './problem.ts'

/**
 * Secrets belong into the environment: `$NAME` and `${NAME}` in headers, in `auth` and in the environment of a command
 * are replaced when the plan is read, and only in what runs. What the recording holds is the text before, without what
 * may be a secret that was written down all the same.
 */

const VARIABLE = /\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/g
/** Maps of names and texts in which any text may be a secret. */
const MAPS_OF_SECRETS = new Set(['headers', 'env', 'properties'])
const LISTS_OF_ARGUMENTS = new Set(['args', 'command'])
const LONGEST_SHOWN = 1024

/** Which variable was wanted; where it was, the caller knows. */
export class MissingVariable extends Error {
  constructor(variable: string) {
    super(`the environment variable ${variable} is not set`)
  }
}

/** @throws MissingVariable */
export function expandVariables(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replace(VARIABLE, (_whole, dollar?: string, bare?: string, braced?: string) => {
    if (dollar) return '$'
    const name = bare ?? braced ?? ''
    const value = env[name]
    if (value === undefined) throw new MissingVariable(name)
    return value
  })
}

/** What may stand in a recording, and in a terminal. Bodies are named by their size and a part of their hash. */
export function withoutSecrets(value: unknown, path: readonly Key[] = []): unknown {
  const key = String(path.at(-1) ?? '')
  if (typeof value === 'string') return shownText(value, path)
  if (typeof value === 'number' && isSecretPath(path)) return HIDDEN
  if (Array.isArray(value)) {
    if (LISTS_OF_ARGUMENTS.has(key) && value.every((item) => typeof item === 'string'))
      return shownArguments(key, value).map((item) => sanitizeText(item, { maxLength: LONGEST_SHOWN }))
    return value.map((item, index) => withoutSecrets(item, [...path, index]))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([inner, one]) => [sanitizeText(inner), withoutSecrets(one, [...path, inner])]),
  )
}

/** Those of a load tool have no program's name before them. */
const shownArguments = (key: string, items: readonly string[]): string[] =>
  key === 'command' ? hideInArguments(items) : hideInArguments(['', ...items]).slice(1)

function shownText(text: string, path: readonly Key[]): string {
  const key = path.at(-1)
  if (isSecretPath(path) && !isHarmless(path, text)) return isOfVariables(text) ? sanitizeText(text) : HIDDEN
  if (key === 'body') {
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 8)
    return `(${Buffer.byteLength(text)} bytes, sha256 ${hash})`
  }
  return sanitizeText(hideSecrets(text), { maxLength: LONGEST_SHOWN })
}

/** Whether a value at this path is a secret, or may be: one that stands where a map of them belongs, too. */
export function isSecretPath(path: readonly Key[]): boolean {
  const names = path.map(String)
  const last = names.at(-1) ?? ''
  if (names.includes('auth') && last !== 'user') return true
  if (last === 'body_includes') return true
  if (names.some((name) => LISTS_OF_ARGUMENTS.has(name))) return true
  return names.some((name) => MAPS_OF_SECRETS.has(name))
}

/** What a header or a property of a test plan holds that nobody would hide: a type, a number of threads. */
function isHarmless(path: readonly Key[], text: string): boolean {
  const [map, name] = path.slice(-2).map(String)
  if (map === 'headers') return isHarmlessHeader(name ?? '') && hideSecrets(text) === text
  return map === 'properties' && !isSecretName(name ?? '') && /^\d{1,9}$/.test(text)
}

/** Nothing is left but variables, and perhaps a scheme ("Bearer $TOKEN"). */
const isOfVariables = (text: string): boolean =>
  text
    .replace(VARIABLE, '')
    .replace(/^(bearer|basic|token)\b/i, '')
    .trim() === ''

/**
 * The secrets of a plan as they are sent: whatever a program prints of them is known by these, however it looks. Shorter
 * ones would be found in any text.
 */
export function secretsOf({ target, load }: Omit<Plan, 'written' | 'secrets'>): string[] {
  const { argv = [], env = {} } = target.command ?? {}
  const shown = hideInArguments(argv)
  const ofLoad =
    load.driver === 'builtin'
      ? load.requests.flatMap(({ headers, expect }) => [...ofHeaders(headers), expect.bodyIncludes ?? ''])
      : load.driver === 'k6'
        ? [...ofMap(load.env), ...load.args.filter((item, at) => shownArguments('args', load.args)[at] !== item)]
        : load.driver === 'jmeter'
          ? ofMap(load.properties)
          : []
  const all = [...argv.filter((item, at) => shown[at] !== item), ...ofMap(env), ...ofLoad]
  const parts = all.flatMap((text) => [text, text.slice(text.indexOf('=') + 1), ...text.split(/[\s;,]+/)])
  return [...new Set(parts.flatMap((text) => [text, text.slice(text.indexOf('=') + 1)]))].filter(
    (text) => text.length >= LEAST_KNOWN && !/^(?:-.*|bearer|basic|digest|token)$/i.test(text),
  )
}

const LEAST_KNOWN = 4

const ofMap = (map: Readonly<Record<string, string>>): string[] =>
  // A port or a folder in the environment guards nothing, and stands in many a message.
  Object.entries(map).flatMap(([name, text]) =>
    !isSecretName(name) && /^(?:[\d.:]+|[./~][\w./-]*)$/.test(text) ? [] : [text],
  )

const ofHeaders = (headers: Readonly<Record<string, string>>): string[] =>
  Object.entries(headers).flatMap(([name, text]) => {
    if (isHarmlessHeader(name)) return []
    const basic = /^Basic (\S+)$/.exec(text)?.[1]
    return [
      text,
      ...(basic === undefined
        ? []
        : [
            Buffer.from(basic, 'base64')
              .toString()
              .replace(/^[^:]*:/, ''),
          ]),
    ]
  })
