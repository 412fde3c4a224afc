/**
 * The timetable of an open loop: requests are due when the integral of the rate says so, whatever happened to the ones
 * before. Linear from `fromRps` to `toRps`; a constant rate has both equal, an idle phase has both 0.
 */
export interface RateRamp {
  fromRps: number
  toRps: number
  durationMs: number
}

/** Requests due in the first `ms` of the ramp, as a real number: the integral of the rate. */
export function integralOf(ramp: RateRamp, ms: number): number {
  const t = Math.min(Math.max(ms, 0), ramp.durationMs) / 1000
  const slope = ((ramp.toRps - ramp.fromRps) * 1000) / ramp.durationMs
  return ramp.fromRps * t + (slope * t * t) / 2
}

/**
 * How many requests are due before `ms`. Request i is due where the integral reaches i + 0.5, so any span holds its
 * integral rounded, and adjacent spans add up without loss.
 */
export const dueBefore = (ramp: RateRamp, ms: number): number => Math.max(0, Math.ceil(integralOf(ramp, ms) - 0.5))

/** When request `index` (from 0) is due, ms from the start of the ramp: the inverse of the integral, exact for ramps. */
export function dueAtMs(ramp: RateRamp, index: number): number {
  const reached = index + 0.5
  const slope = ((ramp.toRps - ramp.fromRps) * 1000) / ramp.durationMs
  // 2n / (r + sqrt(r^2 + 2an)) is the root of a/2 t^2 + r t = n that neither cancels nor divides by a slope of zero.
  const root = Math.sqrt(Math.max(0, ramp.fromRps ** 2 + 2 * slope * reached))
  return (2000 * reached) / (ramp.fromRps + root)
}
