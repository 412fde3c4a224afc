import { readSchedCpuNs } from '../host/process.ts'

/** How long a process is waited for: longer while it works. */
export interface Patience {
  /** in any case */
  leastMs: number
  /** after that, as long as it took `busyNs` of CPU time in each span of this length */
  silentMs: number
  busyNs: number
  /** then no longer */
  mostMs: number
}

const LOOK_EVERY_MS = 200
/** A look that is so late tells that this process did not run (Ctrl-Z): it has not read what it waits for either. */
const STOOD_STILL_MS = 3_000

/**
 * Waits for a process that may be slow, and tells when that is over: a host under load, or one that is emulated, takes
 * minutes for what a second is enough for elsewhere, and one that does nothing need not be waited for.
 *
 * @param patience asked at each look: it may get less
 * @param onOver told once how long was waited, as "15 s"
 */
export function createPatience(
  pid: () => number | null,
  patience: () => Patience,
  onOver: (waited: string) => void,
): { end: () => void } {
  let begunMs = performance.now()
  let lookedMs = begunMs
  let worked = { cpuNs: 0, atMs: begunMs }
  /** when it got less than it had */
  let current = { patience: patience(), sinceMs: begunMs }
  const timer = setInterval(() => {
    const now = performance.now()
    const lateMs = now - lookedMs - LOOK_EVERY_MS
    lookedMs = now
    if (lateMs > STOOD_STILL_MS) {
      begunMs += lateMs
      worked.atMs += lateMs
      current.sinceMs += lateMs
    }
    const wanted = patience()
    if (wanted !== current.patience) current = { patience: wanted, sinceMs: now }
    const { leastMs, silentMs, busyNs, mostMs } = wanted
    const process = pid()
    const cpuNs = process === null ? null : readSchedCpuNs(process)
    if (cpuNs !== null && cpuNs - worked.cpuNs >= busyNs) worked = { cpuNs, atMs: now }
    const waitedMs = now - current.sinceMs
    const isSilent = now - Math.max(worked.atMs, current.sinceMs) >= silentMs
    if ((waitedMs < leastMs || !isSilent) && waitedMs < mostMs) return
    clearInterval(timer)
    onOver(`${Math.round((now - begunMs) / 1000)} s`)
  }, LOOK_EVERY_MS)
  return { end: () => clearInterval(timer) }
}
