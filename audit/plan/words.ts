import { z } from 'zod'
import {
  ABSOLUTE_RATE,
  DURATION,
  PERCENT,
  parseDurationMs,
  parsePercent,
  parseRate,
  RATE,
  type WrittenRate,
} from './quantity.ts'

/**
 * The words of a written plan: each checks one kind of value and turns it into the unit the program counts in. Their
 * errors say only what was expected; what was found instead, and where, is added by `problemsOf`.
 */

const DAY_MS = 86_400_000
/** as long as a run may take at all */
export const LONGEST_PHASE_MS = 7 * DAY_MS
/** more than any generator makes; a typing error rather than a plan */
export const HIGHEST_RPS = 1_000_000

const written = (pattern: RegExp, error: string) => z.string({ error }).regex(pattern, error)

/** A time in ms within bounds. */
export const duration = ({ minMs = 1, maxMs = LONGEST_PHASE_MS }: { minMs?: number; maxMs?: number } = {}) => {
  const error = `expected a duration like 500ms, 2s, 15m or 4h`
  return written(DURATION, error).transform((text, context) => {
    const ms = parseDurationMs(text)
    if (ms !== null && ms >= minMs && ms <= maxMs) return ms
    context.issues.push({ code: 'custom', message: `expected ${boundsText(minMs, maxMs)}`, input: text })
    return z.NEVER
  })
}

const RATE_ERROR = 'expected a rate like 200% or 500/s'

/** A share of the peak or requests/s; 0 for none. */
export const rate = z
  .union([written(RATE, RATE_ERROR), z.literal(0)], { error: RATE_ERROR })
  .transform((text, context): WrittenRate => {
    const read = text === 0 ? { rps: 0 } : parseRate(text)
    if (read && ('rps' in read ? read.rps <= HIGHEST_RPS : read.ofPeak <= 1000)) return read
    context.issues.push({ code: 'custom', message: `expected at most ${HIGHEST_RPS}/s or 100000%`, input: text })
    return z.NEVER
  })

const PEAK_ERROR = 'expected a rate like 1000/s or 30/m'

/** Requests/s, more than none. */
export const peak = written(ABSOLUTE_RATE, PEAK_ERROR).transform((text, context) => {
  const read = parseRate(text)
  if (read && 'rps' in read && read.rps > 0 && read.rps <= HIGHEST_RPS) return read.rps
  context.issues.push({ code: 'custom', message: `expected more than 0 and at most ${HIGHEST_RPS}/s`, input: text })
  return z.NEVER
})

const PERCENT_ERROR = 'expected a percentage like 1%'

/** A share, 0.01 for 1%. */
export const percent = ({ max = 1 }: { max?: number } = {}) =>
  z
    .union([written(PERCENT, PERCENT_ERROR), z.literal(0)], { error: PERCENT_ERROR })
    .transform((text, context): number => {
      const share = text === 0 ? 0 : parsePercent(text)
      if (share !== null && share <= max) return share
      context.issues.push({ code: 'custom', message: `expected at most ${max * 100}%`, input: text })
      return z.NEVER
    })

/** A text; a number or a truth value in its place lacks its quotes. */
export const text = (what = 'a text') => z.string({ error: (issue) => `expected ${what}${quotes(issue.input)}` })

const quotes = (input: unknown) => (typeof input === 'number' || typeof input === 'boolean' ? ' in quotes' : '')

export const flag = z.boolean({ error: 'expected true or false' })

export const count = (min: number, max: number) => {
  const error = `expected a whole number from ${min} to ${max}`
  return z.int({ error }).min(min, error).max(max, error)
}

/** At least one and at most as many as anybody writes by hand. */
export const list = <Item extends z.ZodType>(item: Item, what: string, max: number) =>
  z
    .array(item, { error: `expected a list of ${what}` })
    .min(1, `expected a list of ${what}, one at least`)
    .max(max, `expected at most ${max} ${what}`)

export const namedTexts = (what: string, name = /^[^\0=]+$/) =>
  z.record(z.string().regex(name, `expected ${what}`), text(), { error: `expected ${what} with its text, one a line` })

const boundsText = (minMs: number, maxMs: number): string =>
  maxMs === LONGEST_PHASE_MS ? `at least ${minMs}ms and at most 7 days` : `at least ${minMs}ms and at most ${maxMs}ms`
