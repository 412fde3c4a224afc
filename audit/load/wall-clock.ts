import { wallToMonotonic } from './samples.ts'

const REFRESH_NS = 1_000_000_000n
const JUMP_NS = 5_000_000n

/**
 * Monotonic times of wall-clock times, by a relation that is asked for again each second. A wall clock that is set while
 * requests run puts them in a wrong place by as much: `note` says so.
 */
export function followClock(
  note: (text: string) => void,
  relate: () => (unixMs: number) => bigint = wallToMonotonic,
  nowNs: () => bigint = process.hrtime.bigint,
): (unixMs: number) => bigint {
  let relation = relate()
  let askedNs = nowNs()
  return (unixMs) => {
    const now = nowNs()
    if (now - askedNs >= REFRESH_NS) {
      const next = relate()
      const moved = next(unixMs) - relation(unixMs)
      if (moved > JUMP_NS || moved < -JUMP_NS)
        note(`the wall clock jumped by ${(-Number(moved) / 1e6).toFixed(1)} ms: requests around it may be misplaced`)
      relation = next
      askedNs = now
    }
    return relation(unixMs)
  }
}
