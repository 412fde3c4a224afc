import { joined, numberOf, readOnce, sourceOfFile } from './proc-file.ts'
import { isMissing, type Missing, type OpenSource, type Scope, type Source, type Values } from './source.ts'

/** Sockets of the target's network namespace, now: /proc/PID/net/sockstat and sockstat6. */
export const sockets: Source = {
  name: 'sockstat',
  from: '/proc/PID/net/sockstat, sockstat6',
  every: 1,
  open: openSockets,
}

/** IPv6 counters of the target's network namespace: /proc/PID/net/snmp6. */
export const ipv6: Source = {
  name: 'snmp6',
  from: '/proc/PID/net/snmp6',
  every: 5,
  open: ({ target }) => sourceOfFile(`/proc/${target.netnsPid}/net/snmp6`, parseSnmp6, true),
}

/** Parses "TCP: inuse 1 orphan 0 tw 200 alloc 1 mem 0" and the like to `tcp_inuse`, `tcp_tw`, ...; memory is in pages. */
export function parseSockstat(text: string): Values | null {
  const values: Values = {}
  for (const line of text.split('\n')) {
    const [group, ...words] = line.trim().split(/\s+/)
    if (!group || !GROUPS.test(group)) continue
    for (let at = 0; at + 1 < words.length; at += 2) {
      const value = numberOf(words[at + 1])
      if (value !== null) values[`${group.slice(0, -1).toLowerCase()}_${words[at]}`] = value
    }
  }
  return Object.keys(values).length > 0 ? values : null
}

/** Parses "Ip6InDiscards   0" lines, those of interest only. */
export function parseSnmp6(text: string): Values | null {
  const values: Values = {}
  for (const line of text.split('\n')) {
    const [name = '', value] = line.split(/\s+/)
    const number = numberOf(value)
    if (number !== null && SNMP6.has(name)) values[name] = number
  }
  return Object.keys(values).length > 0 ? values : null
}

const GROUPS = /^(sockets|TCP|TCP6|UDP|UDP6|FRAG|FRAG6):$/
const SNMP6 = new Set([
  ...['Ip6InReceives', 'Ip6OutRequests', 'Ip6InDiscards', 'Ip6OutDiscards', 'Ip6InHdrErrors', 'Ip6InNoRoutes'],
  ...['Ip6OutNoRoutes', 'Ip6ReasmFails', 'Udp6InErrors', 'Udp6NoPorts', 'Udp6RcvbufErrors', 'Udp6SndbufErrors'],
])

/** Limits of tcp_mem are the host's; that of TIME_WAIT is a namespace's, and /proc/sys shows our own alone. */
function openSockets({ target, isOwnNetns }: Scope): OpenSource | Missing {
  const limits: Values = {}
  const pages = numberOf(readOnce('/proc/sys/net/ipv4/tcp_mem')?.split(/\s+/)[2])
  if (pages !== null) limits['tcp_mem_limit'] = pages
  const timeWaits = isOwnNetns ? numberOf(readOnce('/proc/sys/net/ipv4/tcp_max_tw_buckets')) : null
  if (timeWaits !== null) limits['tcp_tw_limit'] = timeWaits
  const files = joined([
    ['', sourceOfFile(`/proc/${target.netnsPid}/net/sockstat`, parseSockstat)],
    ['', sourceOfFile(`/proc/${target.netnsPid}/net/sockstat6`, parseSockstat)],
  ])
  if (isMissing(files)) return files
  return {
    ...files,
    read: () => {
      const values = files.read()
      return values && { ...values, ...limits }
    },
  }
}
