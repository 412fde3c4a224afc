import { constants } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import type { RawFrame } from '../engine/frame.ts'

/**
 * Names of just-in-time compiled code from perf-PID.map, the file that Node (--perf-basic-prof-only-functions), Java and
 * .NET write. V8 moves code: of several entries that cover an address the newest, the last in the file, is right.
 */
export interface PerfMap {
  nameOf: (address: bigint) => string | null
  entries: number
}

interface Region {
  start: bigint
  end: bigint
  name: string
}

const SIZE_LIMIT = 256 * 1024 * 1024

/** Reads the map of a process; null when there is none, or when it is not the process owner's or root's regular file. */
export async function readPerfMap(pid: number): Promise<PerfMap | null> {
  const path = await perfMapPath(pid)
  if (path === null) return null
  let file: Awaited<ReturnType<typeof open>>
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return null // no map: the target writes none
  }
  try {
    const stat = await file.stat()
    const owner = await ownerOf(pid)
    if (!stat.isFile() || stat.size > SIZE_LIMIT || (stat.uid !== 0 && stat.uid !== owner)) return null
    return parsePerfMap(await file.readFile('utf8'))
  } finally {
    await file.close()
  }
}

/** Where a process writes its map: inside a container the file carries the number there and lies in its own /tmp. */
export async function perfMapPath(pid: number): Promise<string | null> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const inner = /^NSpid:.*\s(\d+)$/m.exec(status)?.[1] ?? String(pid)
    return `/proc/${pid}/root/tmp/perf-${inner}.map`
  } catch {
    return null // the process is gone
  }
}

async function ownerOf(pid: number): Promise<number | null> {
  try {
    const uid = /^Uid:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
    return uid === undefined ? null : Number(uid)
  } catch {
    return null // the process is gone
  }
}

export function parsePerfMap(text: string): PerfMap {
  const regions: Region[] = []
  for (const line of text.split('\n')) {
    const match = /^([0-9a-fA-F]+) ([0-9a-fA-F]+) (.+)$/.exec(line)
    if (!match) continue
    const start = BigInt(`0x${match[1]}`)
    regions.push({ start, end: start + BigInt(`0x${match[2]}`), name: match[3] ?? '' })
  }
  const byStart = regions
    .map((region, order) => ({ ...region, order }))
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.order - b.order))
  return { entries: regions.length, nameOf: (address) => newestAt(byStart, address) }
}

/** How many regions before the address are looked at: code that was moved leaves older entries around the same place. */
const LOOK_BACK = 64

function newestAt(regions: readonly (Region & { order: number })[], address: bigint): string | null {
  let [low, high] = [0, regions.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((regions[middle]?.start ?? 0n) <= address) low = middle + 1
    else high = middle
  }
  let newest: (Region & { order: number }) | null = null
  for (let i = low - 1; i >= Math.max(0, low - LOOK_BACK); i--) {
    const region = regions[i]
    if (region && region.start <= address && address < region.end && (!newest || region.order > newest.order))
      newest = region
  }
  return newest?.name ?? null
}

/** Whether a frame may be just-in-time code: the tracer found no file behind its address. */
export const mayBeJit = (frame: RawFrame): boolean =>
  frame.address !== null &&
  (frame.module === null ||
    frame.module === '[unknown]' ||
    /perf-\d+\.map$/.test(frame.module) ||
    frame.module.startsWith('//anon'))
