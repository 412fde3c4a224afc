import { BlockList, isIP } from 'node:net'
import { addressesOf as addressesOfProcess, type IsOwnAddress, ownAddresses } from '../../probes/index.ts'
import { highestRpsOf, PEAK_OF_OTHERS, PEAK_OF_THIS_HOST } from '../plan/ceiling.ts'
import { PlanError } from '../plan/error.ts'
import { isHost } from '../plan/host.ts'
import type { Plan } from '../plan/plan.ts'
import { addressesOfHost, hostOf, portOf } from './address.ts'
import { LoadError } from './load-error.ts'

/** Where a load goes, resolved once: what is judged here is what is connected to. */
export interface Destination {
  /** as the url names it */
  host: string
  port: number
  addresses: readonly string[]
  /** of these, those that are not this host; empty: the load stays here */
  foreign: readonly string[]
  /** highest rate of the plan, requests/s; null: another tool's */
  peakRps: number | null
  ceilingRps: number
  /** what allows it: nothing needs to, an entry of the plan, or nothing yet */
  consent: { kind: 'local' } | { kind: 'plan'; entry: string } | { kind: 'missing' }
}

/**
 * Where the load of a plan goes; null when that is not known: nobody's load, one that is followed, or a tool whose plan has
 * no url.
 *
 * @throws LoadError `target_unreachable` when its name has no address
 */
export async function destinationOf(
  plan: Pick<Plan, 'target' | 'load' | 'phases' | 'consent' | 'ceilingRps'>,
  isOwn: IsOwnAddress = ownAddresses(),
): Promise<Destination | null> {
  const { driver } = plan.load
  if (plan.target.url === null || driver === 'none' || driver === 'follow') return null
  const url = new URL(plan.target.url)
  const [host, port] = [hostOf(url), portOf(url)]
  const addresses = await addressesOfHost(host)
  const foreign = addresses.filter((address) => !isOwn(address))
  return {
    host,
    port,
    addresses,
    foreign,
    peakRps: driver === 'builtin' ? highestRpsOf(plan.phases) : null,
    ceilingRps: plan.ceilingRps ?? (foreign.length === 0 ? PEAK_OF_THIS_HOST : PEAK_OF_OTHERS),
    consent: consentOf({ host, port, foreign }, plan.consent),
  }
}

type Judged = Pick<Destination, 'host' | 'port' | 'foreign'>

/** An entry that names the host covers all its addresses; addresses and networks must cover each. */
export function consentOf({ host, port, foreign }: Judged, entries: readonly string[]): Destination['consent'] {
  if (foreign.length === 0) return { kind: 'local' }
  const fitting = entries.filter((entry) => portIn(entry) === null || portIn(entry) === port)
  const named = fitting.find((entry) => nameOf(entry) === nameOf(host))
  if (named !== undefined) return { kind: 'plan', entry: named }
  // A network of IPv6 says nothing of IPv4, though a wide one holds the form that IPv4 has in it.
  const covered = { four: new BlockList(), six: new BlockList() }
  for (const entry of fitting) addNetwork(covered, entry)
  const isCovered = (address: string) => {
    const plain = address.replace(/%.*$/, '')
    return covered[isFour(plain) ? 'four' : 'six'].check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
  }
  return foreign.every(isCovered) ? { kind: 'plan', entry: fitting.join(', ') } : { kind: 'missing' }
}

/** `host`, `host:8080`, `[::1]:8080`, `10.0.0.0/8` */
const WITH_PORT = /^(\[[^\]]+\]|[^:/]+):(\d{1,5})$/

const withoutPort = (entry: string): string => (WITH_PORT.exec(entry)?.[1] ?? entry).replace(/^\[(.*)\]$/, '$1')
const portIn = (entry: string): number | null => {
  const port = WITH_PORT.exec(entry)?.[2]
  return port === undefined ? null : Number(port)
}
const nameOf = (entry: string): string => withoutPort(entry).toLowerCase().replace(/\.$/, '')

const MAPPED_BITS = 96
/** IPv4, also in the form of IPv6; of a network all of it. */
const isFour = (address: string, prefix = 128): boolean =>
  isIP(address) === 4 || (/^::ffff:/i.test(address) && prefix >= MAPPED_BITS)

function addNetwork(networks: { four: BlockList; six: BlockList }, entry: string): void {
  const [address = '', prefix] = withoutPort(entry).split('/')
  const family = isIP(address)
  if (family === 0 || !isHost(entry)) return
  const type = family === 6 ? 'ipv6' : 'ipv4'
  const list = networks[isFour(address, prefix === undefined ? undefined : Number(prefix)) ? 'four' : 'six']
  if (prefix === undefined) list.addAddress(address, type)
  else list.addSubnet(address, Number(prefix), type)
}

/** What is asked of a person before a load leaves this host. */
export type AskConsent = (destination: Destination) => Promise<boolean>

/**
 * Lets a load go where it goes, or refuses: what is not this host needs the plan's `consent` or a person's, and no more
 * than the ceiling is ever asked of it.
 *
 * @param ask null: nobody is there to be asked
 * @throws LoadError `no_consent`, `over_ceiling`
 */
export async function agreeTo(destination: Destination, ask: AskConsent | null): Promise<void> {
  const { foreign, host, port, peakRps, ceilingRps, consent } = destination
  if (foreign.length === 0) return
  const where = `${host}:${port} (${foreign.join(', ')})`
  if (peakRps !== null && peakRps > ceilingRps)
    throw new LoadError(
      'over_ceiling',
      `the plan asks for ${peakRps}/s of ${where}, which is not this host: at most ${ceilingRps}/s are sent there`,
      `if that is meant, say so in the plan: ceiling: ${Math.ceil(peakRps)}/s`,
    )
  if (consent.kind !== 'missing') return
  if (ask !== null && (await ask(destination))) return
  throw new LoadError(
    'no_consent',
    `the load would go to ${where}, which is not this host, and nobody has agreed to that`,
    `if you may load it, add consent: ["${host}"] to the plan, or run with --yes`,
  )
}

/**
 * Whoever listens on the url's port here is watched; where the url is not of this host that is somebody else. A network
 * namespace on this host has addresses of its own: a container's url reaches it.
 *
 * @param watched the process that was found by the url's port
 * @throws PlanError
 */
export function mustReach({ foreign, host, port }: Destination, watched: { pid: number; comm: string }): void {
  if (foreign.length === 0) return
  const isThere = addressesOfProcess(watched.pid)
  if (foreign.some(isThere)) return
  throw new PlanError(
    'invalid',
    `the load does not reach the watched listener, ${watched.comm} (${watched.pid}) on port ${port} of this host: it goes to ${host} (${foreign.join(', ')})`,
    'correct target.url, or say what is watched on this host while another is loaded: target.pid, port, comm or cgroup',
  )
}
