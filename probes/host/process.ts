import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import os from 'node:os'
import { hideInArguments } from '../secrets/arguments.ts'
import { sanitizeText } from '../text.ts'

/** One process as /proc/PID/stat tells it (proc_pid_stat(5)), all threads together. */
export interface ProcessStat {
  pid: number
  /** made safe to show; `readRawComm` has the exact one */
  comm: string
  /** R, S, D, T, t, Z, X, I, P */
  state: string
  parentPid: number
  isKernelThread: boolean
  utimeTicks: number
  stimeTicks: number
  /** utime + stime, exited threads included; resolution is a clock tick each */
  cpuNs: number
  threads: number
  /** clock ticks since boot; with the pid it names the process for good */
  starttime: number
  rssBytes: number
}

/** Reads a process (or, given a thread id, that thread's process-wide numbers); `null` when there is none. Does not block. */
export function readProcessStat(pid: number): ProcessStat | null {
  const text = readProc(`/proc/${pid}/stat`)
  return text === null ? null : parseProcessStat(text)
}

/** Parses /proc/PID/stat; `null` when it is not one. A comm may hold blanks, newlines and `) (`: it ends at the last one. */
export function parseProcessStat(text: string): ProcessStat | null {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  if (open < 0 || close < open) return null
  const pid = Number(text.slice(0, open))
  // rest[0] is field 3 of the manual page.
  const rest = text
    .slice(close + 1)
    .trim()
    .split(' ')
  const field = (number: number) => Number(rest[number - 3] ?? Number.NaN)
  const utimeTicks = field(14)
  const stimeTicks = field(15)
  const { pageBytes, ticksPerSecond } = auxiliaryValues()
  const stat: ProcessStat = {
    pid,
    comm: sanitizeText(text.slice(open + 1, close)),
    state: rest[0] ?? '',
    parentPid: field(4),
    isKernelThread: (field(9) & PF_KTHREAD) !== 0,
    utimeTicks,
    stimeTicks,
    cpuNs: (utimeTicks + stimeTicks) * (1e9 / ticksPerSecond),
    threads: field(20),
    starttime: field(22),
    rssBytes: field(24) * pageBytes,
  }
  return Number.isInteger(pid) && Number.isFinite(stat.starttime) && Number.isFinite(stat.rssBytes) ? stat : null
}

/**
 * CPU time of a process in ns, all its threads; `null` when it is gone. The greater of two lower bounds: the sum of the
 * living threads' /proc/PID/task/TID/schedstat (ns, but exited threads drop out) and utime + stime (exited threads
 * stay, but whole clock ticks only). A value may fall behind an earlier one by at most two ticks when a thread exits.
 */
export function readSchedCpuNs(pid: number): number | null {
  const stat = readProcessStat(pid)
  if (stat === null) return null
  let threadsNs = 0
  // A process with one thread needs no listing: /proc/PID/schedstat is its first thread alone.
  for (const path of stat.threads === 1 ? [`/proc/${pid}`] : threadPaths(pid)) {
    const text = readProc(`${path}/schedstat`)
    if (text !== null) threadsNs += Number.parseInt(text, 10) || 0
  }
  return Math.max(threadsNs, stat.cpuNs)
}

/** A process pinned against reuse of its pid. */
export interface ProcessIdentity {
  pid: number
  /** clock ticks since boot */
  starttime: number
}

/** Whether exactly this process still runs; a zombie does not, nor does another one with the same pid. */
export function isAlive(process: ProcessIdentity): boolean {
  const stat = readProcessStat(process.pid)
  return stat !== null && stat.starttime === process.starttime && !isGone(stat)
}

/** Whether a process that /proc still lists has ended. */
export const isGone = (stat: ProcessStat): boolean => stat.state === 'Z' || stat.state === 'X' || stat.state === 'x'

/** The kernel's name of a process, byte for byte as UTF-8 allows: compare it, never show it. `null` when it is gone. */
export const readRawComm = (pid: number): string | null => readProc(`/proc/${pid}/comm`)?.replace(/\n$/, '') ?? null

/** A process may have megabytes of arguments, and writes there what it likes. */
const CMDLINE_BYTES = 4096

/**
 * Arguments joined by blanks, without secrets, safe to show, at most 512 code points; empty for kernel threads, `null`
 * when unreadable.
 */
export function readCmdline(pid: number): string | null {
  const text = readProcStart(`/proc/${pid}/cmdline`, CMDLINE_BYTES)
  if (text === null) return null
  let end = text.length
  while (end > 0 && text[end - 1] === '\0') end--
  return sanitizeText(hideInArguments(text.slice(0, end).split('\0')).join(' '), { maxLength: 512 })
}

/** All processes that this /proc shows, in numeric order. */
export function listPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}

/** A process and all that it started, as far as their parents still live. */
export function withDescendants(pid: number): number[] {
  const parents = new Map(listPids().map((one) => [one, readProcessStat(one)?.parentPid ?? 0]))
  const isBelow = (one: number): boolean => {
    // A chain is never longer than there are processes, also when one is reused while we look.
    for (let at = one, steps = 0; at > 0 && steps <= parents.size; at = parents.get(at) ?? 0, steps++)
      if (at === pid) return true
    return false
  }
  return [...parents.keys()].filter(isBelow)
}

/** Text of a /proc file; `null` where it is gone or not ours to read: both happen to any process at any time. */
export function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/** As `readProc`, of the first bytes only: for what a process can make as large as it likes. */
export function readProcStart(path: string, bytes: number): string | null {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch {
    return null // gone, or not ours to read
  }
  try {
    const parts: Buffer[] = []
    for (let left = bytes; left > 0; ) {
      const part = Buffer.allocUnsafe(Math.min(left, PART_BYTES))
      const read = readSync(descriptor, part, 0, part.length, null)
      if (read === 0) break
      parts.push(part.subarray(0, read))
      left -= read
    }
    return Buffer.concat(parts).toString('utf8')
  } catch {
    return null // it has ended
  } finally {
    closeSync(descriptor)
  }
}

const PART_BYTES = 64 * 1024

const PF_KTHREAD = 0x0020_0000 // include/linux/sched.h

function threadPaths(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((tid) => `/proc/${pid}/task/${tid}`)
  } catch {
    return [] // ended between the two reads
  }
}

let auxiliary: { pageBytes: number; ticksPerSecond: number } | null = null

/** Page size (arm64 has 4, 16 or 64 KiB) and clock ticks as the kernel told this process at its start (getauxval(3)). */
export function auxiliaryValues(): { pageBytes: number; ticksPerSecond: number } {
  if (auxiliary) return auxiliary
  const values = { pageBytes: 4096, ticksPerSecond: 100 }
  try {
    const raw = readFileSync('/proc/self/auxv')
    const read64 = (at: number) => Number(os.endianness() === 'LE' ? raw.readBigUInt64LE(at) : raw.readBigUInt64BE(at))
    for (let at = 0; at + 16 <= raw.length; at += 16) {
      const [type, value] = [read64(at), read64(at + 8)]
      if (type === 6 && value > 0) values.pageBytes = value
      if (type === 17 && value > 0) values.ticksPerSecond = value
    }
  } catch {
    // Not readable in some sandboxes: the values above hold on every x86_64 machine.
  }
  auxiliary = values
  return values
}
