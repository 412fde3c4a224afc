const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
/** The pattern takes the square of a text's length. */
const LONGEST = 64
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)/g

/** Length of a duration as k6 writes it (Go's `1h2m3.5s`, with days), ms; a bare number is ms. Null for anything else. */
export function durationMs(text: string | number): number | null {
  if (typeof text === 'number') return Number.isFinite(text) ? text : null
  if (text !== '' && Number.isFinite(Number(text))) return Number(text)
  if (text === '' || text.length > LONGEST || text.replaceAll(PART, '') !== '') return null
  return [...text.matchAll(PART)].reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNIT_MS[unit] ?? 0), 0)
}
