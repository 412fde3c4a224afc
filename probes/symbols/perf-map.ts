import { constants } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import type { RawFrame } from '../engine/frame.ts'
import { readableJavaName } from './java-name.ts'

/**
 * Names of just-in-time compiled code from perf-PID.map, the file that Node (--perf-basic-prof-only-functions), Java, Python
 * and .NET write. V8 moves code: of several entries that cover an address the newest, the last in the file, is right.
 */
export interface PerfMap {
  /** untrusted text */
  nameOf: (address: bigint) => string | null
  entries: number
  /** whether this is an earlier reading with more appended, not a file that was written anew */
  continues: (earlier: PerfMap) => boolean
  last: Region | null
}

interface Region {
  start: bigint
  end: bigint
  name: string
  /** its place in the file */
  order: number
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

/** HotSpot writes addresses as 0x and 16 digits, the others bare ones. */
const LINE = /^(?:0x)?([0-9a-fA-F]+) (?:0x)?([0-9a-fA-F]+) (.+)$/

export function parsePerfMap(text: string): PerfMap {
  const regions: Region[] = []
  for (const line of text.split('\n')) {
    const match = LINE.exec(line)
    if (!match) continue
    const start = BigInt(`0x${match[1]}`)
    const size = BigInt(`0x${match[2]}`)
    regions.push({ start, end: start + size, name: match[3] ?? '', order: regions.length })
  }
  const byStart = [...regions].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.order - b.order))
  return {
    entries: regions.length,
    nameOf: (address) => newestAt(byStart, address),
    continues: (earlier) => earlier.last === null || isSame(regions[earlier.entries - 1], earlier.last),
    last: regions.at(-1) ?? null,
  }
}

const isSame = (a: Region | undefined, b: Region): boolean =>
  a?.start === b.start && a.end === b.end && a.name === b.name

/** How many regions before the address are looked at: code that was moved leaves older entries around the same place. */
const LOOK_BACK = 64

function newestAt(regions: readonly Region[], address: bigint): string | null {
  let [low, high] = [0, regions.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((regions[middle]?.start ?? 0n) <= address) low = middle + 1
    else high = middle
  }
  let newest: Region | null = null
  for (let i = low - 1; i >= Math.max(0, low - LOOK_BACK); i--) {
    const region = regions[i]
    if (region && region.start <= address && address < region.end && (!newest || region.order > newest.order))
      newest = region
  }
  return newest && readableJavaName(newest.name)
}

/**
 * Memory without a file, or with one that has no name in any directory: .NET keeps code in a memfd, a JVM with large pages
 * in anon_hugepage. What perf takes for anonymous (tools/perf/util/map.c), and memory with a name given by prctl.
 */
const ANONYMOUS = /^(?:\/\/anon|\/memfd:|\/anon_hugepage|\/dev\/zero|\[anon[:_])/

/** Whether a frame may be just-in-time code: the tracer found no file behind its address. */
export const mayBeJit = ({ address, module }: RawFrame): boolean =>
  address !== null &&
  (module === null || module === '[unknown]' || /perf-\d+\.map$/.test(module) || ANONYMOUS.test(module))
