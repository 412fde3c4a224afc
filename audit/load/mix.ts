/** Slots of a mix at most: weights beyond are kept to 1 in so many. */
const MOST_SLOTS = 10_000

/**
 * Which request comes when, as a cycle of indices: request i of a phase is `mix[i % mix.length]`. Each gets its share
 * exactly in every cycle, and is spread over it evenly (smooth weighted round robin: the one furthest behind comes next).
 * A weight above 0 gets at least one slot.
 */
export function mixOf(weights: readonly number[]): readonly number[] {
  const slots = slotsOf(weights)
  const total = slots.reduce((sum, count) => sum + count, 0)
  const credit = slots.map(() => 0)
  return Array.from({ length: total }, () => {
    let next = 0
    for (const [index, count] of slots.entries()) {
      credit[index] = (credit[index] ?? 0) + count
      if ((credit[index] ?? 0) > (credit[next] ?? 0)) next = index
    }
    credit[next] = (credit[next] ?? 0) - total
    return next
  })
}

/** The weights as the smallest whole numbers of the same proportions. */
function slotsOf(weights: readonly number[]): readonly number[] {
  for (const scale of [1, 10, 100, 1000]) {
    const whole = weights.map((weight) => Math.round(weight * scale))
    const divisor = whole.reduce(gcd, 0)
    const sum = whole.reduce((a, b) => a + b, 0) / divisor
    if (sum <= MOST_SLOTS && whole.every((count, i) => Math.abs(count / scale - (weights[i] ?? 0)) < 1e-9))
      return whole.map((count) => count / divisor)
  }
  const sum = weights.reduce((a, b) => a + b, 0)
  return weights.map((weight) => (weight > 0 ? Math.max(1, Math.round((weight / sum) * MOST_SLOTS)) : 0))
}

function gcd(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b]
  return a
}
