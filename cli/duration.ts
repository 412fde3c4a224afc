import { custom } from '@oclif/core/flags'
import { parseDurationMs } from '../audit/index.ts'
import { UsageError } from './errors.ts'

export interface DurationBounds {
  minMs?: number
  maxMs?: number
}

/** "500ms", "30s", "5m", "4h" in milliseconds; on the command line, unlike in a plan, a bare number is seconds. */
export function parseDuration(
  text: string,
  { minMs = 0, maxMs = Number.POSITIVE_INFINITY }: DurationBounds = {},
): number {
  const trimmed = text.trim()
  const ms = parseDurationMs(/\d$/.test(trimmed) ? `${trimmed}s` : trimmed) ?? 0
  const got = `got ${JSON.stringify(text)}`
  if (!(ms > 0)) throw new UsageError(`expected a duration like 500ms, 30s, 5m or 4h, ${got}`)
  if (ms < minMs) throw new UsageError(`expected at least ${minMs}ms, ${got}`)
  if (ms > maxMs) throw new UsageError(`expected at most ${maxMs / 1000}s, ${got}`)
  return ms
}

/** A flag that takes a duration within bounds; its value is ms. */
export const duration = (bounds: DurationBounds) =>
  custom<number>({ parse: async (text) => parseDuration(text, bounds) })
