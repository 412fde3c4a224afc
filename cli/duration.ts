import { custom } from '@oclif/core/flags'
import { UsageError } from './errors.ts'

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 }

export interface DurationBounds {
  minMs?: number
  maxMs?: number
}

/** "500ms", "30s", "5m", "4h" in milliseconds; a bare number is seconds. */
export function parseDuration(
  text: string,
  { minMs = 0, maxMs = Number.POSITIVE_INFINITY }: DurationBounds = {},
): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|min|h)?$/.exec(text.trim())
  const ms = Number(match?.[1]) * (UNITS[match?.[2] ?? 's'] ?? Number.NaN)
  const got = `got ${JSON.stringify(text)}`
  if (!(ms > 0)) throw new UsageError(`expected a duration like 500ms, 30s, 5m or 4h, ${got}`)
  if (ms < minMs) throw new UsageError(`expected at least ${minMs}ms, ${got}`)
  if (ms > maxMs) throw new UsageError(`expected at most ${maxMs / 1000}s, ${got}`)
  return ms
}

/** A flag that takes a duration within bounds; its value is ms. */
export const duration = (bounds: DurationBounds) =>
  custom<number>({ parse: async (text) => parseDuration(text, bounds) })
