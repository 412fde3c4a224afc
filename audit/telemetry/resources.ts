import { readdirSync, statSync } from 'node:fs'
import { createGrowth } from './growth.ts'
import { ofMembers } from './members.ts'
import { numberOf, openProcFile, type ProcFile } from './proc-file.ts'
import { isMissing, type Missing, type OpenSource, type Scope, type Source, type Values } from './source.ts'

/** What the target's processes use of what they may use: descriptors and their limit, memory, page faults. */
export const resources: Source = {
  name: 'resources',
  from: '/proc/PID/fd, limits, status, stat',
  every: 2,
  open: openResources,
}

/** What the target's processes read and wrote since the first sample: /proc/PID/io, added up. */
export const inputOutput: Source = { name: 'io', from: '/proc/PID/io', every: 2, open: openIo }

/** Soft limit on open files, from /proc/PID/limits; `null` when it is not there or unlimited. */
export const parseFileLimit = (text: string): number | null => numberOf(/^Max open files\s+(\d+)\s/m.exec(text)?.[1])

/** What matters of /proc/PID/status, in bytes. */
export function parseStatus(text: string): Values {
  const values: Values = {}
  for (const [key, name] of STATUS) {
    const kib = numberOf(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1])
    if (kib !== null) values[name] = kib * 1024
  }
  return values
}

/** Page faults, from /proc/PID/stat, ended threads included. */
export function parseFaults(text: string): Values {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  // fields[0] is field 3 of proc_pid_stat(5).
  const [minor, major] = [numberOf(fields[10 - 3]), numberOf(fields[12 - 3])]
  return minor === null || major === null ? {} : { minor_faults: minor, major_faults: major }
}

export function parseIo(text: string): Values | null {
  const values: Values = {}
  for (const line of text.split('\n')) {
    const [name = '', text] = line.split(': ')
    const value = numberOf(text)
    const key = IO.get(name)
    if (value !== null && key !== undefined) values[key] = value
  }
  return Object.keys(values).length > 0 ? values : null
}

const STATUS = [
  ['VmHWM', 'rss_peak_bytes'],
  ['VmSwap', 'swap_bytes'],
] as const
const IO = new Map([
  ['rchar', 'read_call_bytes'],
  ['wchar', 'write_call_bytes'],
  ['syscr', 'read_calls'],
  ['syscw', 'write_calls'],
  ['read_bytes', 'read_bytes'],
  ['write_bytes', 'write_bytes'],
])
interface Watched {
  limits: ProcFile | null
  status: ProcFile | null
  stat: ProcFile | null
}

function openResources({ roster }: Scope): OpenSource | Missing {
  const watched = ofMembers(
    roster,
    (pid): Watched => {
      const open = (name: string) => orNull(openProcFile(`/proc/${pid}/${name}`))
      return { limits: open('limits'), status: open('status'), stat: open('stat') }
    },
    ({ limits, status, stat }) => {
      for (const file of [limits, status, stat]) file?.close()
    },
  )
  const growth = createGrowth()
  return {
    read: () => {
      const values: Values = {}
      const faults = new Map<number, Values>()
      let fullest = -1
      for (const [pid, one] of watched.now()) {
        const stat = one.stat?.read()
        if (stat === null || stat === undefined) continue // ended
        faults.set(pid, parseFaults(stat))
        add(values, parseStatus(one.status?.read() ?? ''))
        const fds = countDescriptors(pid)
        if (fds === null) continue
        add(values, { fds_total: fds })
        const limit = parseFileLimit(one.limits?.read() ?? '')
        // The limit is a process's own: the one that is nearest to it speaks for all.
        if (fds / (limit ?? Number.POSITIVE_INFINITY) < fullest) continue
        fullest = fds / (limit ?? Number.POSITIVE_INFINITY)
        values['fds'] = fds
        if (limit !== null) values['fd_limit'] = limit
      }
      return faults.size > 0 ? Object.assign(values, growth.add(faults)) : null
    },
    close: watched.close,
  }
}

function openIo({ roster }: Scope): OpenSource | Missing {
  const files = ofMembers(
    roster,
    (pid) => openProcFile(`/proc/${pid}/io`),
    (file) => {
      if (!isMissing(file)) file.close()
    },
  )
  const opened = files.now()
  if (opened.every(([, file]) => isMissing(file))) {
    const why = opened.map(([, file]) => file).find(isMissing)
    return why ?? { missing: 'the target has no process' }
  }
  const growth = createGrowth()
  return {
    read: () => {
      const known = files.now().flatMap(([pid, file]): [number, Values][] => {
        const values = isMissing(file) ? null : parseIo(file.read() ?? '')
        return values ? [[pid, values]] : []
      })
      return known.length > 0 ? growth.add(new Map(known)) : null
    },
    close: files.close,
  }
}

/** Since Linux 6.2 the size of the directory is the number of descriptors; before, they must be listed. */
function countDescriptors(pid: number): number | null {
  const directory = `/proc/${pid}/fd`
  try {
    return statSync(directory).size || readdirSync(directory).length
  } catch {
    return null // ended, or another user's
  }
}

const orNull = (file: ProcFile | Missing): ProcFile | null => ('missing' in file ? null : file)

function add(values: Values, more: Values): void {
  for (const [name, value] of Object.entries(more)) values[name] = (values[name] ?? 0) + value
}
