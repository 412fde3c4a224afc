import { counterGrowth, type PhaseModel, perSecond, type RunModel } from '../../audit/index.ts'

/** Something that was dropped, gravest first. */
export interface DropCounter {
  label: string
  /** has a row in the table of phases always, where its source was read; without: a probe's rows say more of it */
  hasRow: boolean
  /** the probe that looks at the same from nearer by */
  probe: string
  wasRead: (phase: PhaseModel) => boolean
  /** how many in a phase, and how many a second; null is unknown */
  grown: (phase: PhaseModel | null) => number | null
  rate: (phase: PhaseModel | null) => number | null
}

/**
 * What counts drops in a run. The target's own listeners have a count each, which speaks for them alone; the counters of
 * its network namespace hold what every service in it dropped, so that they stand in only where there is no other.
 */
export function dropCounters(model: RunModel): DropCounter[] {
  const ports = ownPorts(model)
  const listeners =
    ports.length > 0 ? [ofListeners(ports)] : NAMESPACE.map((row) => ofNamespace({ ...row, hasRow: true }))
  return [...listeners, ofNamespace(RESENT)]
}

/** Whether the counter is one that some row of `dropCounters` speaks for, or has taken the place of. */
export const isDropCounter = (source: string, name: string): boolean =>
  (source === 'backlog' && DROPS.test(name)) ||
  (source === 'netns' && [...NAMESPACE, RESENT].some((counter) => counter.name === name))

/** Drops at the target's listeners in a phase; null where they are not known. */
export const droppedAtPorts = (phase: PhaseModel): number | null =>
  sum(phase, (name) => counterGrowth(phase, 'backlog', name))

// Names of Linux (net/ipv4/proc.c).
const NAMESPACE = [
  { label: 'overflows, namespace', name: 'TcpExt.ListenOverflows', probe: 'accept-queue' },
  { label: 'SYNs dropped, namespace', name: 'TcpExt.ListenDrops', probe: 'accept-queue' },
] as const
const RESENT = { label: 'segments sent again', name: 'Tcp.RetransSegs', probe: 'retransmits', hasRow: false } as const
const DROPS = /^(\d+)\.drops$/

function ofNamespace({
  label,
  name,
  probe,
  hasRow,
}: {
  label: string
  name: string
  probe: string
  hasRow: boolean
}): DropCounter {
  return {
    ...{ label, hasRow, probe },
    wasRead: ({ telemetry }) => telemetry.has('netns'),
    grown: (phase) => phase && counterGrowth(phase, 'netns', name),
    rate: (phase) => phase && perSecond(phase, 'netns', name),
  }
}

function ofListeners(ports: readonly string[]): DropCounter {
  return {
    label: ports.length === 1 ? `dropped at port ${ports[0]}` : `dropped at its ${ports.length} ports`,
    ...{ hasRow: true, probe: 'accept-queue' },
    wasRead: (phase) => namesIn(phase).length > 0,
    grown: (phase) => phase && droppedAtPorts(phase),
    rate: (phase) => phase && sum(phase, (name) => perSecond(phase, 'backlog', name)),
  }
}

const namesIn = ({ telemetry }: PhaseModel): string[] =>
  Object.keys(telemetry.get('backlog')?.last ?? {}).filter((name) => DROPS.test(name))

function ownPorts(model: RunModel): string[] {
  const ports = model.phases.flatMap((phase) => namesIn(phase).flatMap((name) => DROPS.exec(name)?.[1] ?? []))
  return [...new Set(ports)]
}

/** They are looked at when a listener in the namespace has dropped something: as long as none has, neither have these. */
function sum(phase: PhaseModel, read: (name: string) => number | null): number | null {
  const names = namesIn(phase)
  const known = names.flatMap((name) => read(name) ?? [])
  if (known.length > 0) return known.reduce((a, b) => a + b, 0)
  return names.length > 0 && counterGrowth(phase, 'netns', 'TcpExt.ListenDrops') === 0 ? 0 : null
}
