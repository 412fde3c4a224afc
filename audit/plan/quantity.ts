/**
 * Quantities as people write them in a plan: `15m`, `200%`, `500/s`. Each reader answers `null` for what it does not
 * understand, and each has a writer that gives back what it would read as the same number.
 */

/** A rate: requests/s as they are, or a share of the plan's peak (2 = 200 %). */
export type WrittenRate = { rps: number } | { ofPeak: number }

/** No unit is guessed: `30` could be seconds or milliseconds. */
export const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|min|h)$/
export const RATE = /^(\d+(?:\.\d+)?)(%|\/s|\/m|\/min|\/h)$/
/** Without shares: what a peak is written as. */
export const ABSOLUTE_RATE = /^(\d+(?:\.\d+)?)(\/s|\/m|\/min|\/h)$/
export const PERCENT = /^(\d+(?:\.\d+)?)%$/

const MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 }
const SECONDS: Readonly<Record<string, number>> = { '/s': 1, '/m': 60, '/min': 60, '/h': 3600 }

/** `500ms`, `2s`, `15m`, `4h` in ms. */
export function parseDurationMs(text: string): number | null {
  const [, number, unit = ''] = DURATION.exec(text) ?? []
  return finite(Number(number) * (MS[unit] ?? Number.NaN))
}

/** `200%`, `500/s`, `30/m`. */
export function parseRate(text: string): WrittenRate | null {
  const [, number, unit = ''] = RATE.exec(text) ?? []
  if (unit === '%') {
    const ofPeak = finite(Number(number) / 100)
    return ofPeak === null ? null : { ofPeak }
  }
  const rps = finite(Number(number) / (SECONDS[unit] ?? Number.NaN))
  return rps === null ? null : { rps }
}

/** `1%` as a share: 0.01. */
export function parsePercent(text: string): number | null {
  const [, number] = PERCENT.exec(text) ?? []
  return finite(Number(number) / 100)
}

/** The shortest exact text: 90 000 ms is `90s`, 120 000 ms is `2m`. */
export function durationText(ms: number): string {
  for (const unit of ['h', 'm', 's'] as const) {
    const size = MS[unit] ?? 1
    if (ms >= size && ms % size === 0) return `${decimal(ms / size)}${unit}`
  }
  return ms > 1000 && Number.isInteger(ms) ? `${decimal(ms / 1000)}s` : `${decimal(ms)}ms`
}

export function rateText(rate: WrittenRate): string {
  if ('ofPeak' in rate) return percentText(rate.ofPeak)
  return `${decimal(rate.rps)}/s`
}

export const percentText = (share: number): string => `${decimal(share * 100)}%`

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** Without an exponent, which no reader here takes; rounding errors of the last digit are not shown. */
function decimal(value: number): string {
  const rounded = Number(value.toPrecision(15))
  const text = String(rounded)
  return /e/i.test(text) ? rounded.toFixed(rounded >= 1 ? 0 : 20).replace(/\.?0+$/, '') : text
}
