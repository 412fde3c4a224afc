import { createHash } from 'node:crypto'
import { sanitizeText } from '../../probes/index.ts'
import type { Key } from './problem.ts'

/**
 * Secrets belong into the environment: `$NAME` and `${NAME}` in headers, in `auth` and in the environment of a command
 * are replaced when the plan is read, and only in what runs. What the recording holds is the text before, with what looks
 * like a secret that was written down all the same left out.
 */

const VARIABLE = /\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/g
const SECRET_NAME = /auth|cookie|token|secret|passw|api[-_]?key|credential|session/i
const MAPS_OF_SECRETS = new Set(['headers', 'env', 'properties'])
export const HIDDEN = '(not recorded)'
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
  if (typeof value === 'string') return shownText(value, path)
  if (Array.isArray(value)) {
    const isArguments = path.at(-1) === 'args' || path.at(-1) === 'command'
    return (isArguments ? withoutSecretArguments(value) : value).map((item, index) =>
      withoutSecrets(item, [...path, index]),
    )
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [sanitizeText(key), withoutSecrets(inner, [...path, key])]),
  )
}

function shownText(text: string, path: readonly Key[]): string {
  if (isSecretPath(path) && holdsMoreThanVariables(text)) return HIDDEN
  const key = path.at(-1)
  if (key === 'body') {
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 8)
    return `(${Buffer.byteLength(text)} bytes, sha256 ${hash})`
  }
  return sanitizeText(key === 'url' || key === 'path' ? withoutQuerySecrets(text) : text, { maxLength: LONGEST_SHOWN })
}

/** Arguments of a program as they may be shown: `--token x`, `--token=x` and `TOKEN=x` without what is secret. */
export function withoutSecretArguments<Item>(items: readonly Item[]): (Item | string)[] {
  return items.map((item, index) => {
    if (typeof item !== 'string') return item
    const before = items[index - 1]
    if (typeof before === 'string' && /^-[^=]*$/.test(before) && SECRET_NAME.test(before)) return HIDDEN
    const [, name] = /^([^=]*)=/s.exec(item) ?? []
    return name !== undefined && SECRET_NAME.test(name) ? `${name}=${HIDDEN}` : item
  })
}

/** Whether a value at this path is a secret, or may be: one that stands where a map of them belongs, too. */
export function isSecretPath(path: readonly Key[]): boolean {
  const names = path.map(String)
  const last = names.at(-1) ?? ''
  if (names.includes('auth') && last !== 'user') return true
  if (MAPS_OF_SECRETS.has(last)) return true
  return names.slice(0, -1).some((name) => MAPS_OF_SECRETS.has(name)) && SECRET_NAME.test(last)
}

/** Something is left that is neither a variable nor a scheme ("Bearer $TOKEN"). */
const holdsMoreThanVariables = (text: string): boolean =>
  text
    .replace(VARIABLE, '')
    .replace(/^(bearer|basic|token)\b/i, '')
    .trim() !== ''

const withoutQuerySecrets = (address: string): string =>
  address.replace(/([?&])([^=&#]*)=([^&#]*)/g, (whole, mark: string, name: string) =>
    SECRET_NAME.test(name) ? `${mark}${name}=${HIDDEN}` : whole,
  )
