import { closeSync, openSync, readSync } from 'node:fs'
import { isMissing, type Missing, type OpenSource, type Values } from './source.ts'

/** A file of /proc or /sys kept open: reading it again from its beginning makes the kernel write it anew. */
export interface ProcFile {
  /** its text now; `null` when it can no longer be read (its process or device is gone) */
  read: () => string | null
  close: () => void
}

/**
 * Opens a file to be read many times; otherwise says why it is unknown.
 *
 * @param isOptional a kernel without the file has nothing to tell, as one without IPv6
 */
export function openProcFile(path: string, isOptional = false): ProcFile | Missing {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    return { missing: whyNot(path, error), ...(isOptional && isAbsent(error) ? { isNothing: true } : {}) }
  }
  const read = () => readAll(fd)
  // Some open and refuse to be read: pressure where it was switched off at boot, /proc/PID/io of another user.
  try {
    readSync(fd, buffer, 0, 1, 0)
  } catch (error) {
    closeSync(fd)
    return { missing: whyNot(path, error) }
  }
  return { read, close: () => closeSync(fd) }
}

/** The source that is one such file. */
export function sourceOfFile(
  path: string,
  parse: (text: string) => Values | null,
  isOptional = false,
): OpenSource | Missing {
  const file = openProcFile(path, isOptional)
  if ('missing' in file) return file
  return {
    read: () => {
      const text = file.read()
      return text === null ? null : parse(text)
    },
    close: file.close,
  }
}

/** Several sources as one, each with what its names begin with; those that are missing are left out, unless all are. */
export function joined(
  parts: readonly (readonly [prefix: string, part: OpenSource | Missing])[],
): OpenSource | Missing {
  const open = parts.flatMap(([prefix, part]) => (isMissing(part) ? [] : [{ prefix, part }]))
  const missing = parts.map(([, part]) => part).find(isMissing)
  if (open.length === 0) return missing ?? { missing: 'nothing to read' }
  return {
    read: () => {
      const values: Values = {}
      for (const { prefix, part } of open)
        for (const [name, value] of Object.entries(part.read() ?? {})) values[prefix + name] = value
      return Object.keys(values).length > 0 ? values : null
    },
    close: () => {
      for (const { part } of open) part.close()
    },
  }
}

/** Text of a file that is read this once, blanks around it removed; `null` where there is none to read. */
export function readOnce(path: string): string | null {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return null // not this kernel, not our right, or gone
  }
  const text = readAll(fd)
  closeSync(fd)
  return text?.trim() ?? null
}

/** A number that a text holds, `null` when it holds none. */
export function numberOf(text: string | null | undefined): number | null {
  const value = text === null || text === undefined || text === '' ? Number.NaN : Number(text)
  // The kernel counts in 64 bits: what is more is no count.
  return Math.abs(value) <= 2 ** 64 ? value : null
}

/** The largest file read here: /proc/interrupts of a machine with hundreds of processors. */
const LARGEST_BYTES = 8 * 2 ** 20
let buffer = Buffer.allocUnsafe(64 * 1024)

function readAll(fd: number): string | null {
  let length = 0
  try {
    for (;;) {
      if (length === buffer.length) {
        if (length >= LARGEST_BYTES) return null
        buffer = Buffer.concat([buffer], 2 * length)
      }
      const got = readSync(fd, buffer, length, buffer.length - length, length)
      if (got === 0) return buffer.toString('latin1', 0, length)
      length += got
    }
  } catch {
    return null // the process is gone, the device unplugged, the cgroup removed
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : null)
const isAbsent = (error: unknown): boolean => codeOf(error) === 'ENOENT'

function whyNot(path: string, error: unknown): string {
  const code = codeOf(error)
  if (code === 'ENOENT') return `no ${path} on this host`
  if (code === 'EACCES' || code === 'EPERM') return `${path} may not be read by this user`
  if (code === 'EOPNOTSUPP') return `${path}: switched off on this host`
  return `${path} cannot be read (${String(code ?? 'unknown error')})`
}
