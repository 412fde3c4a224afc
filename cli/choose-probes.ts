import { nearest, type Probe } from '../probes/index.ts'
import { UsageError } from './errors.ts'

/** Probes by name, in the order of the catalog; without names the default ones. */
export function chooseProbes(catalog: ReadonlyMap<string, Probe>, names: readonly string[]): Probe[] {
  for (const name of names) if (!catalog.has(name)) throw unknownProbe(name, [...catalog.keys()])
  return [...catalog.values()].filter((probe) => (names.length > 0 ? names.includes(probe.name) : probe.isDefault))
}

function unknownProbe(name: string, known: readonly string[]): UsageError {
  const meant = nearest(name, known)
  return new UsageError(
    `no probe is called ${JSON.stringify(name)}: ${known.join(', ')}`,
    meant ? `${meant} instead of ${name}` : 'probe list',
  )
}
