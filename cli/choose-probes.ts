import type { Probe } from '../probes/index.ts'
import { UsageError } from './errors.ts'

/** Probes by name, in the order of the catalog; without names the default ones. */
export function chooseProbes(catalog: ReadonlyMap<string, Probe>, names: readonly string[]): Probe[] {
  for (const name of names)
    if (!catalog.has(name))
      throw new UsageError(
        `no probe is called ${JSON.stringify(name)}: ${[...catalog.keys()].join(', ')}`,
        'probe list',
      )
  return [...catalog.values()].filter((probe) => (names.length > 0 ? names.includes(probe.name) : probe.isDefault))
}
