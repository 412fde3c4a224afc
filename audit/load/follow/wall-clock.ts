import { wallToMonotonic } from '../samples.ts'

const FRESH_NS = 1_000_000_000n

/** CLOCK_MONOTONIC ns of a wall-clock time (ms since 1970); how the clocks stand to each other is asked for again every second. */
export function createWallClock(): (unixMs: number) => bigint {
  let askedNs = process.hrtime.bigint()
  let convert = wallToMonotonic()
  return (unixMs) => {
    const nowNs = process.hrtime.bigint()
    if (nowNs - askedNs > FRESH_NS) {
      askedNs = nowNs
      convert = wallToMonotonic()
    }
    return convert(unixMs)
  }
}
