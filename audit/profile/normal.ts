/**
 * Probability that a standard normal value lies above `z`; relative error below 1e-7 for any z. The series around 0 and
 * the continued fraction of the tail are 26.2.11 and 26.2.14 of Abramowitz and Stegun, Handbook of Mathematical Functions.
 */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z)
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI)
  if (z < 2.5) {
    let term = z
    let sum = z
    for (let odd = 3; term > 1e-12 * sum; odd += 2) {
      term *= (z * z) / odd
      sum += term
    }
    return 0.5 - density * sum
  }
  let fraction = z
  for (let k = 40; k > 0; k--) fraction = z + k / fraction
  return density / fraction
}
