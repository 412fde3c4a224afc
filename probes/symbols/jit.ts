import { stat } from 'node:fs/promises'
import type { RawFrame } from '../engine/frame.ts'
import { mayBeJit, type PerfMap, perfMapPath, readPerfMap } from './perf-map.ts'

/** A large map is not read again for every window. */
const REREAD_AFTER_MS = 5_000

/**
 * Names just-in-time compiled frames from the perf maps of the target's processes, read again as they grow: at the end of
 * a phase at the latest, while the target lives.
 */
export function createJitNames(pids: readonly number[]) {
  const maps = new Map<number, { size: number; readAtMs: number; map: PerfMap }>()
  const known = new Map<string, string | null>()

  const refreshOne = async (pid: number, phaseEnds: boolean) => {
    const seen = maps.get(pid)
    const now = performance.now()
    if (seen && !phaseEnds && now - seen.readAtMs < REREAD_AFTER_MS) return
    const size = await sizeOf(pid)
    if (size === null || size === seen?.size) return
    const map = await readPerfMap(pid)
    if (map === null) return
    maps.set(pid, { size, readAtMs: now, map })
    known.clear()
  }

  return {
    refresh: async (phaseEnds: boolean) => {
      await Promise.all(pids.map((pid) => refreshOne(pid, phaseEnds)))
    },
    nameOf: (frame: RawFrame): string | null => {
      if (maps.size === 0 || frame.address === null || !mayBeJit(frame)) return null
      const cached = known.get(frame.address)
      if (cached !== undefined) return cached
      const address = BigInt(`0x${frame.address}`)
      let name: string | null = null
      for (const { map } of maps.values()) name ??= map.nameOf(address)
      known.set(frame.address, name)
      return name
    },
  }
}

async function sizeOf(pid: number): Promise<number | null> {
  const path = await perfMapPath(pid)
  if (path === null) return null
  try {
    return (await stat(path)).size
  } catch {
    return null // it writes none
  }
}
