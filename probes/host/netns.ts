import { readlinkSync } from 'node:fs'
import { readProc } from './process.ts'

/**
 * TCP and IP counters of the network namespace a process lives in, since that namespace began: "TcpExt.ListenOverflows",
 * "Tcp.RetransSegs", ... (/proc/PID/net/netstat and snmp; meanings: Documentation/networking/snmp_counter.rst).
 * `null` when the process is gone or the files may not be read: unknown, not zero.
 */
export function readNetnsCounters(pid: number): Record<string, number> | null {
  const netstat = readProc(`/proc/${pid}/net/netstat`)
  const snmp = readProc(`/proc/${pid}/net/snmp`)
  return netstat === null || snmp === null ? null : { ...parseNetstat(netstat), ...parseNetstat(snmp) }
}

/**
 * Parses the pairs of lines "Group: name name" / "Group: value value" of /proc/net/netstat and /proc/net/snmp. Names
 * without a number (another kernel's shorter line) are left out.
 */
export function parseNetstat(text: string): Record<string, number> {
  const counters: Record<string, number> = {}
  const lines = text.split('\n')
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const [group, ...names] = lines[i]?.trim().split(/\s+/) ?? []
    const [valueGroup, ...values] = lines[i + 1]?.trim().split(/\s+/) ?? []
    if (!group?.endsWith(':') || group !== valueGroup) continue
    for (const [index, name] of names.entries()) {
      const value = Number(values[index] ?? Number.NaN)
      if (Number.isFinite(value)) counters[`${group.slice(0, -1)}.${name}`] = value
    }
  }
  return counters
}

/** Inode of the network namespace of a process, as `ls -l /proc/PID/ns/net` shows it; `null` where it may not be read. */
export function netnsInode(pid: number): number | null {
  try {
    const match = /^net:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/ns/net`))
    return match ? Number(match[1]) : null
  } catch {
    return null // gone, a kernel thread, or another user's
  }
}
