import { listenersOf, socketInodes } from './listeners.ts'

/** Who listens on a port at addresses of its own, and shares neither address nor process with the others. */
export interface Doorway {
  /** as in a URL: 127.0.0.1, [::1] */
  addresses: string[]
  /** ascending */
  pids: number[]
}

/** One port at different addresses may be several services. Processes that share a socket or an address are one. */
export function doorwaysOf(port: number, pids: readonly number[]): Doorway[] {
  const held = pids.map((pid) => ({ pid, inodes: new Set(socketInodes(pid)) }))
  return listenersOf(pids)
    .filter((listener) => listener.port === port)
    .map(({ address, inode }) => ({
      addresses: [readable(address)],
      pids: held.filter(({ inodes }) => inodes.has(inode)).map(({ pid }) => pid),
    }))
    .reduce<Doorway[]>(joined, [])
}

function joined(doorways: Doorway[], added: Doorway): Doorway[] {
  const isSame = (one: Doorway): boolean => shareOne(one.addresses, added.addresses) || shareOne(one.pids, added.pids)
  const same = [...doorways.filter(isSame), added]
  const one: Doorway = {
    addresses: [...new Set(same.flatMap(({ addresses }) => addresses))],
    pids: [...new Set(same.flatMap(({ pids }) => pids))].sort((a, b) => a - b),
  }
  return [...doorways.filter((doorway) => !isSame(doorway)), one]
}

const shareOne = <T>(some: readonly T[], others: readonly T[]): boolean => some.some((one) => others.includes(one))

/** 0100007F is 127.0.0.1; of IPv6 there are four such words. All supported machines have the low byte first. */
export function readable(address: string): string {
  const bytes = address.match(/.{8}/g)?.flatMap((word) => word.match(/../g)?.reverse() ?? []) ?? []
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.')
  if (bytes.length !== 16) return address
  const groups = bytes.join('').match(/.{4}/g) ?? []
  return new URL(`http://[${groups.join(':')}]/`).hostname
}
