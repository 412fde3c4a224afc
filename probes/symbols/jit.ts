import { stat } from 'node:fs/promises'
import type { RawFrame } from '../engine/frame.ts'
import { mayBeJit, type PerfMap, perfMapPath, readPerfMap } from './perf-map.ts'

/** A large map is not read again for every window. */
const REREAD_AFTER_MS = 5_000

interface Read {
  /** changes with the file's contents */
  version: string
  readAtMs: number
  map: PerfMap
  /**
   * What lay there before it was written anew, as a JVM does each time it is asked to: it lists the code of that moment
   * only, and samples may be of code that has been dropped since. It helps, too, when a file is read half-written.
   */
  earlier: PerfMap | null
}

/**
 * Names just-in-time compiled frames from the perf maps of the target's processes, read again as they change: at the end
 * of a phase at the latest, while the target lives.
 */
export function createJitNames(pids: readonly number[]) {
  const reads = new Map<number, Read>()
  const known = new Map<string, string | null>()

  const refreshOne = async (pid: number, phaseEnds: boolean) => {
    const seen = reads.get(pid)
    const now = performance.now()
    if (seen && !phaseEnds && now - seen.readAtMs < REREAD_AFTER_MS) return
    const version = await versionOf(pid)
    if (version === null || version === seen?.version) return
    const map = await readPerfMap(pid)
    if (map === null) return
    const earlier = seen === undefined ? null : map.continues(seen.map) ? seen.earlier : seen.map
    reads.set(pid, { version, readAtMs: now, map, earlier })
    known.clear()
  }

  /** The frame does not say whose it is: where processes have different code at its address, it has no name. */
  const find = (address: bigint): string | null => {
    const names = new Set(
      [...reads.values()].flatMap(({ map, earlier }) => map.nameOf(address) ?? earlier?.nameOf(address) ?? []),
    )
    const [name = null] = names
    return names.size > 1 ? null : name
  }

  const watched = new Set(pids)
  return {
    /** a process that came later */
    add: (pid: number) => {
      watched.add(pid)
    },
    refresh: async (phaseEnds: boolean) => {
      await Promise.all([...watched].map((pid) => refreshOne(pid, phaseEnds)))
    },
    /** untrusted text */
    nameOf: (frame: RawFrame): string | null => {
      if (reads.size === 0 || frame.address === null || !mayBeJit(frame)) return null
      const cached = known.get(frame.address)
      if (cached !== undefined) return cached
      const name = find(BigInt(`0x${frame.address}`))
      known.set(frame.address, name)
      return name
    },
  }
}

/** A file that is written anew may have its old size. */
async function versionOf(pid: number): Promise<string | null> {
  const path = await perfMapPath(pid)
  if (path === null) return null
  try {
    const { size, ino, mtimeNs } = await stat(path, { bigint: true })
    return `${ino} ${size} ${mtimeNs}`
  } catch {
    return null // it writes none
  }
}
