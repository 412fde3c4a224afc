import { loadCatalog } from '../../../probes/catalog/index.ts'
import type { Probe } from '../../../probes/define.ts'
import { targetFilter } from '../../../probes/engine/targets.ts'
import type { KernelTypes } from '../../../probes/host/btf.ts'
import { netnsInode } from '../../../probes/host/netns.ts'
import type { Target } from '../../../probes/host/target.ts'
import { dialectOf, type Version, withoutUserNames } from '../../../probes/script/dialect.ts'
import type { FrameKind } from '../../../probes/script/frame.ts'
import { buildProgram, type Program } from '../../../probes/script/program.ts'
import { tracepoints } from '../../../probes/script/tracepoints.ts'
import { inventedHost } from '../host/invented-host.ts'

export const RECORDER = 3131
export const versions: readonly Version[] = [
  [0, 17, 0],
  [0, 23, 2],
  [0, 27, 0],
]
/** Every series since the oldest: those whose scripts differ have been run, the others are held to what is known of them. */
export const everyVersion: readonly Version[] = [
  ...Array.from({ length: 11 }, (_, i) => [0, 17 + i, 0] as const),
  [0, 99, 0],
]
const host = inventedHost({ bpftrace: null })

/** An inode that no namespace here has: the target lives in another one. */
const OTHER_NAMESPACE = 4_026_500_000
const target = (change: Partial<Target>): Target => ({
  processes: [{ pid: 4242, starttime: 1, comm: 'api' }],
  ports: [8080],
  netnsInode: OTHER_NAMESPACE,
  netnsPid: 4242,
  cgroup: null,
  selectedBy: 'pid',
  selector: '--pid 4242',
  follow: false,
  ...change,
})
const two = [4242, 4243].map((pid) => ({ pid, starttime: 1, comm: 'api' }))

/** Every way to choose a target that makes another script. */
export const targets: Readonly<Record<string, () => Target>> = {
  'one process': () => target({}),
  'several processes': () => target({ processes: two }),
  'one process and its children': () => target({ follow: true }),
  'several processes and their children': () => target({ processes: two, follow: true }),
  'a cgroup': () =>
    target({
      selectedBy: 'cgroup',
      cgroup: { path: '/app', id: 777 },
      cgroupsBelow: [{ path: '/app/worker', id: 778 }],
    }),
  'a port': () => target({ selectedBy: 'port', port: 8080 }),
  'a port and the children of its processes': () => target({ selectedBy: 'port', port: 8080, follow: true }),
  'processes that listen on several ports': () => target({ processes: two, ports: [8080, 8443], selectedBy: 'port' }),
  'a process of our own network namespace': () => target({ netnsInode: netnsInode(process.pid) }),
  'a process whose network namespace is unknown': () => target({ netnsInode: null }),
  'a process that listens nowhere': () => target({ ports: [] }),
}

export interface Choice {
  probe: string
  variant: string
}

/** Every probe with every variant. */
export async function everyVariant(): Promise<Choice[]> {
  const catalog = await loadCatalog()
  return [...catalog.values()].flatMap((probe) =>
    probe.variants.map((variant) => ({ probe: probe.name, variant: variant.name })),
  )
}

export interface ScriptOptions {
  version?: Version
  /** the target cannot grow */
  isKnown?: boolean
  target?: Target
  frame?: FrameKind
  /** whether tcp_retransmit_skb tells failed attempts, as it does from some kernel between 6.12 and 6.18 on */
  retransmitsTellErrors?: boolean
  /** read fields at the offsets of this kernel */
  layout?: KernelTypes | null
}

/** The program of these probes, on a kernel that has every tracepoint field we know, by the names of fields. */
export async function script(chosen: readonly Choice[], options: ScriptOptions = {}): Promise<Program> {
  const catalog: ReadonlyMap<string, Probe> = await loadCatalog()
  const fields = new Map<string, ReadonlySet<string>>(
    Object.entries(tracepoints).map(([name, known]) => [name, new Set<string>(known)]),
  )
  if (options.retransmitsTellErrors === false) fields.set('tcp:tcp_retransmit_skb', new Set())
  const { filter, parts } = targetFilter(options.target ?? target({}), host, fields)
  const probes = chosen.map((choice) => {
    const variant = catalog.get(choice.probe)?.variants.find(({ name }) => name === choice.variant)
    if (!variant) throw new Error(`no variant ${choice.variant} of ${choice.probe}`)
    return { name: choice.probe, parts: variant.script(catalog.get(choice.probe)?.params.parse({}), filter) }
  })
  const dialect = dialectOf(options.version ?? [0, 17, 0])
  return buildProgram(probes, {
    dialect: options.isKnown ? withoutUserNames(dialect) : dialect,
    frame: options.frame ?? { kind: 'cuts', recorderPid: RECORDER },
    limitSeconds: 3600,
    mapEntries: 8_192,
    targets: parts,
    layout: options.layout ?? null,
  })
}

/** The first variant of each probe, all in one script: what an attach runs. */
export async function everyProbe(): Promise<Choice[]> {
  const first = new Map((await everyVariant()).reverse().map((choice) => [choice.probe, choice]))
  return [...first.values()].reverse()
}
