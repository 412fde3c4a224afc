import { readProcStart } from '../host/process.ts'
import { type Budget, createBudget } from './budget.ts'
import { LIMITS } from './limits.ts'

/** A range of a process's memory that may be executed (proc_pid_maps(5)). */
export interface Region {
  start: number
  end: number
  /** where the range begins in the file, bytes */
  fileOffset: number
  /** major:minor, hex, of the file system */
  device: string
  /** 0: there is no file */
  inode: number
  /** as the target's mount namespace has it, without " (deleted)"; empty for anonymous memory; untrusted text */
  path: string
}

/** Executable regions of a process, ascending; null when it is gone or may not be read. */
export function readRegions(pid: number, budget: Pick<Budget, 'allows'> = createBudget()): Region[] | null {
  const path = `/proc/${pid}/maps`
  const text = readProcStart(path, LIMITS.mapsBytes)
  // Of a zombie the file is there and empty.
  if (text === null || text === '') return null
  budget.allows('mapsBytes', text.length + 1, path)
  const regions = parseRegions(text)
  return budget.allows('regions', regions.length, path) ? regions : regions.slice(0, LIMITS.regions)
}

/** The executable regions of a /proc/PID/maps text. */
export function parseRegions(text: string): Region[] {
  return text
    .split('\n')
    .flatMap(parseRegion)
    .sort((a, b) => a.start - b.start)
}

/** By places and not by one expression: a path may hold what an expression would try again and again. */
function parseRegion(line: string): Region[] {
  const [range = '', permissions = '', offset = '', device = '', inode = ''] = line.split(' ', 5)
  if (!/^[0-9a-f]+-[0-9a-f]+$/.test(range) || permissions[2] !== 'x' || !/^[0-9a-f]+$/.test(offset)) return []
  if (!/^[0-9a-f]+:[0-9a-f]+$/.test(device) || !/^\d+$/.test(inode)) return []
  const [start = 0, end = 0] = range.split('-').map((hex) => Number.parseInt(hex, 16))
  // The vsyscall page lies above everything a number holds exactly, and nothing runs in it any more.
  if (!Number.isSafeInteger(end) || start >= end) return []
  const behind = range.length + permissions.length + offset.length + device.length + inode.length + 5
  const path = withoutSuffix(line.slice(behind).trimStart(), ' (deleted)')
  return [{ start, end, fileOffset: Number.parseInt(offset, 16), device, inode: Number(inode), path }]
}

const withoutSuffix = (text: string, suffix: string): string =>
  text.endsWith(suffix) ? text.slice(0, -suffix.length) : text

/** The region an address lies in, of ascending regions that do not overlap. */
export function regionAt(regions: readonly Region[], address: number): Region | null {
  let [low, high] = [0, regions.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((regions[middle]?.start ?? 0) <= address) low = middle + 1
    else high = middle
  }
  const region = regions[low - 1]
  return region && address < region.end ? region : null
}

/**
 * The regions of now, and those of before where no region of now lies: addresses may be older than the last reading
 * (a module was unloaded, the process has executed another program).
 */
export function mergeRegions(now: readonly Region[], before: readonly Region[]): Region[] {
  const merged = [...now]
  let next = 0
  for (const old of before) {
    // A process that loads and unloads modules for ever is not followed for ever.
    if (merged.length >= LIMITS.regions) break
    while ((now[next]?.end ?? Number.POSITIVE_INFINITY) <= old.start) next++
    const first = now[next]
    if (old.inode !== 0 && (first === undefined || first.start >= old.end)) merged.push(old)
  }
  return merged.sort((a, b) => a.start - b.start)
}
