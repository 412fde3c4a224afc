import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { readProc } from './process.ts'

/** Whether packets to an address stay in one network namespace. */
export type IsOwnAddress = (address: string) => boolean

/**
 * The addresses that are this process's own host: loopback, the unspecified ones (which reach loopback), and those of the
 * interfaces of its network namespace.
 */
export function ownAddresses(): IsOwnAddress {
  const own = localRoutes('self')
  for (const entries of Object.values(networkInterfaces()))
    for (const { address, family } of entries ?? []) own.addAddress(bare(address), family === 'IPv6' ? 'ipv6' : 'ipv4')
  return checkOf(own)
}

/** The same of the namespace that another process lives in; of one that may not be looked at only loopback. */
export const addressesOf = (pid: number): IsOwnAddress => checkOf(localRoutes(pid))

const checkOf =
  (own: BlockList): IsOwnAddress =>
  (address) => {
    const plain = bare(address)
    const family = isIP(plain)
    // IPv4 in the form of IPv6 is IPv4: that is what is connected to.
    return family !== 0 && own.check(plain, family === 6 ? 'ipv6' : 'ipv4')
  }

const bare = (address: string): string => address.replace(/%.*$/, '')

/** What the kernel delivers locally: /proc/PID/net/fib_trie, the lines "host LOCAL" under their address, and if_inet6. */
function localRoutes(pid: number | 'self'): BlockList {
  const own = new BlockList()
  own.addSubnet('127.0.0.0', 8)
  own.addAddress('0.0.0.0')
  own.addAddress('::1', 'ipv6')
  own.addAddress('::', 'ipv6')
  let address = ''
  for (const line of (readProc(`/proc/${pid}/net/fib_trie`) ?? '').split('\n')) {
    address = /\|-- ([\d.]+)$/.exec(line)?.[1] ?? address
    const prefix = /\/(\d+) host LOCAL/.exec(line)?.[1]
    if (prefix !== undefined && isIP(address) === 4) own.addSubnet(address, Number(prefix))
  }
  for (const line of (readProc(`/proc/${pid}/net/if_inet6`) ?? '').split('\n')) {
    const hex = /^[0-9a-f]{32}\b/.exec(line)?.[0]
    if (hex) own.addAddress(hex.replace(/(.{4})(?!$)/g, '$1:'), 'ipv6')
  }
  return own
}
