import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { readProc } from '../host/process.ts'
import type { Budget } from './budget.ts'
import { readableJavaName } from './java-name.ts'
import { LIMITS } from './limits.ts'
import type { MayRead } from './modules.ts'

/**
 * Names of just-in-time compiled code from perf-PID.map, the file that Node (--perf-basic-prof-only-functions), Java, Python
 * and .NET write. V8 moves code: of several entries that cover an address the newest, the last in the file, is right.
 */
export interface PerfMap {
  /** untrusted text */
  nameOf: (address: number) => string | null
  entries: number
  /** false: there are older entries that were not read */
  isWhole: boolean
  /** what is held of the file */
  bytes: number
  last: Entry | null
  /** whether this is an earlier reading with more appended, not a file that was written anew */
  continues: (earlier: PerfMap) => boolean
}

interface Entry {
  start: number
  size: number
  name: string
}

/**
 * Reads the map of a process; null when there is none, or when it is not the process owner's or root's regular file. Of
 * one that is too large its end is read, the newest part. Its bytes are held: they are given back by `budget.release`.
 */
export function readPerfMap(pid: number, budget: Budget): PerfMap | null {
  return withPerfMap(pid, (descriptor, { size }, path) => {
    const from = budget.allows('perfMapBytes', size, path) ? 0 : size - LIMITS.perfMapBytes
    if (!budget.take('perfMapsBytes', size - from, path)) return null
    const bytes = Buffer.alloc(size - from)
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(descriptor, bytes, at, bytes.length - at, from + at)
      if (read === 0) break
      at += read
    }
    const map = parsePerfMap(bytes)
    if (!map.isWhole) budget.allows('perfMapEntries', Number.POSITIVE_INFINITY, path)
    return from === 0 ? map : { ...map, isWhole: false }
  })
}

/** Whether a process has a map that would be read. */
export const hasPerfMap = (pid: number): boolean => withPerfMap(pid, () => true) ?? false

/** It lies where the process has its /tmp, and that may be anything. */
export const mayReadPerfMap = (mayRead: MayRead, pid: number): boolean =>
  mayRead(`perf map ${pid}`, `the perf map of process ${pid}`)

/** What changes with the file's contents, also where it is written anew at its old size; null: there is none. */
export const perfMapVersion = (pid: number): string | null =>
  withPerfMap(pid, (_, { ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`)

function withPerfMap<T>(pid: number, work: (descriptor: number, stat: Stats, path: string) => T | null): T | null {
  const status = readProc(`/proc/${pid}/status`)
  const path = status === null ? null : perfMapPath(pid, status)
  if (status === null || path === null) return null
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    return null // no map: the target writes none
  }
  try {
    const stat = fstatSync(descriptor)
    const isOurs = stat.uid === 0 || stat.uid === ownerOf(status)
    return stat.isFile() && isOurs ? work(descriptor, stat, path) : null
  } catch {
    return null // the file system is gone, or was never one
  } finally {
    closeSync(descriptor)
  }
}

/** Where a process writes its map: inside a container the file carries the number there and lies in its own /tmp. */
function perfMapPath(pid: number, status: string): string {
  const inner = fieldOf(status, 'NSpid:').split(/\s/).at(-1)
  return `/proc/${pid}/root/tmp/perf-${inner && /^\d+$/.test(inner) ? inner : pid}.map`
}

const ownerOf = (status: string): number => Number.parseInt(fieldOf(status, 'Uid:'), 10)

/** /proc/PID/status: the name of the process is the only line that it chooses, and that cannot hold a line end. */
const fieldOf = (status: string, key: string): string =>
  status
    .split('\n')
    .find((line) => line.startsWith(key))
    ?.slice(key.length)
    .trim() ?? ''

/** HotSpot writes addresses as 0x and 16 digits, the others bare ones. Lines that are none are passed over. */
export function parsePerfMap(text: Buffer, limit: number = LIMITS.perfMapEntries): PerfMap {
  const { columns, isWhole } = readEntries(text, limit)
  const byStart = sortedByStart(columns)
  const nameAt = (index: number): string => {
    const at = columns.names[index] ?? 0
    return text.toString('utf8', at, at + (columns.nameBytes[index] ?? 0))
  }
  const entryAt = (index: number): Entry | null =>
    index < 0 || index >= columns.length
      ? null
      : { start: columns.starts[index] ?? 0, size: columns.sizes[index] ?? 0, name: nameAt(index) }
  return {
    entries: columns.length,
    isWhole,
    bytes: text.length,
    nameOf: (address) => {
      const index = newestAt(columns, byStart, address)
      return index === null ? null : readableJavaName(nameAt(index))
    },
    last: entryAt(columns.length - 1),
    continues: (earlier) => earlier.last === null || isSame(entryAt(earlier.entries - 1), earlier.last),
  }
}

const isSame = (a: Entry | null, b: Entry): boolean => a?.start === b.start && a.size === b.size && a.name === b.name

/** In the order of the file: the last is the newest. */
interface Columns {
  length: number
  starts: Float64Array
  sizes: Float64Array
  /** where the name lies in the text */
  names: Uint32Array
  nameBytes: Uint16Array
}

/** "1 1 a", and the line's end */
const SHORTEST_LINE = 6

/** From the last line backwards, since what is left out must be the oldest. */
function readEntries(text: Buffer, limit: number): { columns: Columns; isWhole: boolean } {
  const places = Math.min(limit, Math.ceil((text.length + 1) / SHORTEST_LINE))
  const all: Columns = {
    length: places,
    starts: new Float64Array(places),
    sizes: new Float64Array(places),
    names: new Uint32Array(places),
    nameBytes: new Uint16Array(places),
  }
  let free = places
  let end = text.length
  while (end > 0 && free > 0) {
    let start = end
    while (start > 0 && text[start - 1] !== LINE_END) start--
    if (readEntry(text, start, end, all, free - 1)) free--
    end = start - 1
  }
  const columns = {
    length: places - free,
    starts: all.starts.subarray(free),
    sizes: all.sizes.subarray(free),
    names: all.names.subarray(free),
    nameBytes: all.nameBytes.subarray(free),
  }
  return { columns, isWhole: end <= 0 }
}

function readEntry(text: Buffer, start: number, end: number, columns: Columns, index: number): boolean {
  const first = readHex(text, start, end)
  const second = first && readHex(text, first.next, end)
  if (!first || !second || second.next >= end) return false
  columns.starts[index] = first.value
  columns.sizes[index] = second.value
  columns.names[index] = second.next
  columns.nameBytes[index] = Math.min(end - second.next, LIMITS.perfMapLineBytes)
  return true
}

/** A number up to a blank, and where that leads; null: there is none, or none that is exact. */
function readHex(text: Buffer, start: number, end: number): { value: number; next: number } | null {
  let at = text[start] === ZERO && text[start + 1] === LETTER_X ? start + 2 : start
  const digits = at
  let value = 0
  for (; at < end && text[at] !== BLANK; at++) {
    const digit = hexDigit(text[at] ?? 0)
    if (digit < 0) return null
    value = value * 16 + digit
    if (!Number.isSafeInteger(value)) return null
  }
  return at > digits && at < end ? { value, next: at + 1 } : null
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1
}

const LINE_END = 0x0a
const BLANK = 0x20
const ZERO = 0x30
const LETTER_X = 0x78

function sortedByStart({ starts, length }: Columns): Uint32Array {
  const order = new Uint32Array(length)
  for (let i = 0; i < length; i++) order[i] = i
  return order.sort((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0) || a - b)
}

/** How many entries before the address are looked at: code that was moved leaves older ones around the same place. */
const LOOK_BACK = 64

function newestAt({ starts, sizes }: Columns, byStart: Uint32Array, address: number): number | null {
  let [low, high] = [0, byStart.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((starts[byStart[middle] ?? 0] ?? 0) <= address) low = middle + 1
    else high = middle
  }
  let newest: number | null = null
  for (let i = low - 1; i >= Math.max(0, low - LOOK_BACK); i--) {
    const index = byStart[i] ?? 0
    if (address < (starts[index] ?? 0) + (sizes[index] ?? 0) && (newest === null || index > newest)) newest = index
  }
  return newest
}

/**
 * Memory without a file, or with one that has no name in any directory: .NET keeps code in a memfd, a JVM with large pages
 * in anon_hugepage. What perf takes for anonymous (tools/perf/util/map.c), and memory with a name given by prctl.
 */
const ANONYMOUS = /^(?:\/\/anon|\/memfd:|\/anon_hugepage|\/dev\/zero|\[anon[:_])/

/** Whether code in a region of this name may be just-in-time compiled; null: in none, or in memory without a file. */
export const mayBeJit = (module: string | null): boolean => module === null || ANONYMOUS.test(module)
