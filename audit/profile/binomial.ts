import { normalTail } from './normal.ts'

/** Up to this many events the tail is summed term by term. */
const EXACT_UP_TO = 100

const logFactorial = new Float64Array(EXACT_UP_TO + 1)
for (let n = 1; n <= EXACT_UP_TO; n++) logFactorial[n] = (logFactorial[n - 1] ?? 0) + Math.log(n)

/**
 * Two-sided p-value of `x` successes among `n`, when each succeeds with probability `p`: twice the smaller tail, at most 1.
 * Whole numbers up to 100 are exact, others by the normal approximation of Peizer and Pratt (JASA 63, 1968, 1416-1456),
 * refined and with its continuity correction: within 6 % of the exact value, 2 % where x and n - x are not next to zero,
 * far into the tail. `x` and `n` may be fractions; `remaining` is the part of the variance that is left when the `n` are
 * drawn from a number that is not much larger (ignored where exact, which errs to the safe side).
 */
export function binomialTestFor(p: number): (x: number, n: number, remaining?: number) => number {
  // Most frames of a large profile have few events: the same few questions again and again.
  const known = new Float64Array((EXACT_UP_TO + 1) ** 2).fill(-1)
  return (x, n, remaining = 1) => {
    // By symmetry always the lower tail.
    const isLow = x <= n * p
    const low = isLow ? x : n - x
    const chance = isLow ? p : 1 - p
    if (n > EXACT_UP_TO || !Number.isInteger(x) || !Number.isInteger(n))
      return Math.min(1, 2 * approximateLowerTail(low, n, chance, remaining))
    const at = n * (EXACT_UP_TO + 1) + x
    const remembered = known[at] ?? -1
    if (remembered >= 0) return remembered
    const value = Math.min(1, 2 * exactLowerTail(low, n, chance))
    known[at] = value
    return value
  }
}

function exactLowerTail(x: number, n: number, p: number): number {
  const ways = (logFactorial[n] ?? 0) - (logFactorial[x] ?? 0) - (logFactorial[n - x] ?? 0)
  let term = Math.exp(ways + x * Math.log(p) + (n - x) * Math.log1p(-p))
  let sum = term
  const odds = (1 - p) / p
  for (let k = x; k > 0 && term > 1e-12 * sum; k--) {
    term *= (k / (n - k + 1)) * odds
    sum += term
  }
  return sum
}

function approximateLowerTail(x: number, n: number, p: number, remaining: number): number {
  const seen = x + 0.5
  const expected = n * p
  if (seen >= expected) return 0.5
  const rest = n - seen
  const deviance = seen * Math.log(seen / expected) + rest * Math.log(rest / (n - expected))
  const refined = 0.02 * ((1 - p) / (x + 1) - p / (n - x) + (0.5 - p) / (n + 1))
  const distance = (n + 1 / 3) * p - (x + 2 / 3) - refined
  return normalTail((distance / (expected - seen)) * Math.sqrt((2 * deviance) / (1 + 1 / (6 * n)) / remaining))
}
