import { readProc } from '../host/process.ts'

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
export function readRegions(pid: number): Region[] | null {
  const text = readProc(`/proc/${pid}/maps`)
  // Of a zombie the file is there and empty.
  return text === null || text === '' ? null : parseRegions(text)
}

const LINE = /^([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) (\d+)(?: +(.*))?$/

/** The executable regions of a /proc/PID/maps text. */
export function parseRegions(text: string): Region[] {
  const regions: Region[] = []
  for (const line of text.split('\n')) {
    const match = LINE.exec(line)
    if (!match) continue
    const [start, end, fileOffset] = [1, 2, 3].map((group) => Number.parseInt(match[group] ?? '', 16))
    // The vsyscall page lies above everything a number holds exactly, and nothing runs in it any more.
    if (start === undefined || end === undefined || !Number.isSafeInteger(end) || start >= end) continue
    const path = (match[6] ?? '').replace(/ \(deleted\)$/, '')
    regions.push({ start, end, fileOffset: fileOffset ?? 0, device: match[4] ?? '', inode: Number(match[5]), path })
  }
  return regions.sort((a, b) => a.start - b.start)
}

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

/** A process that loads and unloads modules for ever is not followed for ever. */
const KEPT_REGIONS = 8192

/**
 * The regions of now, and those of before where no region of now lies: addresses may be older than the last reading
 * (a module was unloaded, the process has executed another program).
 */
export function mergeRegions(now: readonly Region[], before: readonly Region[]): Region[] {
  const merged = [...now]
  let next = 0
  for (const old of before) {
    if (merged.length >= KEPT_REGIONS) break
    while ((now[next]?.end ?? Number.POSITIVE_INFINITY) <= old.start) next++
    const first = now[next]
    if (old.inode !== 0 && (first === undefined || first.start >= old.end)) merged.push(old)
  }
  return merged.sort((a, b) => a.start - b.start)
}
