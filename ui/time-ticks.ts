/** Seconds between two ticks of an axis of time: what a clock shows as round. */
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400]

/** Round times within a span, us; about `most` of them, and never more than one above that. */
export function timeTicks([from, to]: readonly [number, number], most: number): number[] {
  const seconds = (to - from) / 1e6
  const stepUs = (STEPS_S.find((step) => seconds / step <= most) ?? seconds / most) * 1e6
  const ticks: number[] = []
  for (let us = Math.ceil(from / stepUs) * stepUs; us <= to; us += stepUs) ticks.push(us)
  return ticks
}
