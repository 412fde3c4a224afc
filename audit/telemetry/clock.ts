import { numberOf, openProcFile } from './proc-file.ts'
import { isMissing, type Source, type Values } from './source.ts'

/**
 * How the clocks of the host moved against each other: wall clock and boot clock minus the monotonic clock, ms since
 * the first sample. Requests of other tools are dated by the wall clock: when it steps, they move between phases.
 */
export const clock: Source = { name: 'clock', from: 'the clocks, /proc/uptime', every: 1, open: openClock }

/** How far two clocks are ahead of CLOCK_MONOTONIC, ms. */
export interface ClockOffsets {
  /** CLOCK_REALTIME, known to a millisecond */
  wallMs: number
  /** CLOCK_BOOTTIME, which goes on while the machine sleeps, known to 10 ms; `null` without /proc/uptime */
  bootMs: number | null
}

export interface ClockDrift {
  /** the wall clock against the monotonic one, ms: negative after it was set back */
  wall_offset_ms: number
  /** as the boot clock against it, ms: time asleep */
  boot_offset_ms?: number
}

export function driftOf(start: ClockOffsets, now: ClockOffsets): ClockDrift {
  const boot = start.bootMs === null || now.bootMs === null ? null : now.bootMs - start.bootMs
  return {
    wall_offset_ms: round(now.wallMs - start.wallMs),
    ...(boot === null ? {} : { boot_offset_ms: Math.abs(boot) <= UPTIME_MS ? 0 : round(boot) }),
  }
}

/**
 * A clock minus the monotonic one, read between two looks at that; this process may be stopped in between, so that the
 * closest of a few tries counts. `null` when none was close, or the clock cannot be read.
 */
export function offsetOf(readMs: () => number | null, monotonicMs: () => number): number | null {
  let closest = LOOSE_MS
  let offset: number | null = null
  for (let tries = 0; tries < TRIES && closest > CLOSE_MS; tries++) {
    const before = monotonicMs()
    const value = readMs()
    const apart = monotonicMs() - before
    if (value === null) return null
    if (apart >= closest) continue
    closest = apart
    offset = value - before - apart / 2
  }
  return offset
}

/** What happened to the clocks between two samples, in words; `null` when they only drifted. */
export function describeJump(before: ClockDrift, after: ClockDrift, elapsedMs: number): string | null {
  const sleptMs = (after.boot_offset_ms ?? 0) - (before.boot_offset_ms ?? 0)
  if (sleptMs > SLEEP_MS) return `the machine slept for ${seconds(sleptMs)}: nothing was measured meanwhile`
  const steppedMs = after.wall_offset_ms - before.wall_offset_ms
  // A clock that is being corrected is slewed by up to 500 ppm (adjtimex(2)); the wall clock is read in whole ms.
  if (Math.abs(steppedMs) <= STEP_MS + elapsedMs * SLEW) return null
  const how = `${steppedMs > 0 ? 'forward' : 'back'} by ${seconds(Math.abs(steppedMs))}`
  return `the wall clock was set ${how}: times that other tools wrote move against the kernel's`
}

const UPTIME_MS = 20
const STEP_MS = 5
const SLEEP_MS = 100
const SLEW = 500e-6
const TRIES = 5
const CLOSE_MS = 0.2
const LOOSE_MS = 2
const round = (ms: number): number => Math.round(ms * 1000) / 1000
const seconds = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)

function openClock() {
  const uptime = openProcFile('/proc/uptime')
  const bootMs = () => {
    const bootS = isMissing(uptime) ? null : numberOf(uptime.read()?.split(' ')[0])
    return bootS === null ? null : bootS * 1000
  }
  const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6
  let start: ClockOffsets | null = null
  return {
    read: (): Values | null => {
      const wallMs = offsetOf(Date.now, monotonicMs)
      if (wallMs === null) return null
      const now = { wallMs, bootMs: offsetOf(bootMs, monotonicMs) }
      start ??= now
      return { ...driftOf(start, now) }
    },
    close: () => {
      if (!isMissing(uptime)) uptime.close()
    },
  }
}
