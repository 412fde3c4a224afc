import {
  examineVariants,
  inspectHost,
  loadCatalog,
  type Probe,
  supportText,
  type Target,
  type VariantChoice,
} from '../../probes/index.ts'
import { ProbeCommand } from '../command.ts'

interface Listed {
  name: string
  question: string
  cost: Probe['cost']
  isDefault: boolean
  /** the variant that would be attached here; `null` when none can be */
  variant: string | null
  variants: VariantChoice[]
  blindTo: readonly string[]
}

export class List extends ProbeCommand {
  static override summary = 'The probes: what each asks, how it would attach on this host, or why it cannot'
  static override examples = ['<%= config.bin %> list', '<%= config.bin %> list --json']
  static override enableJsonFlag = true

  async run(): Promise<{ probes: Listed[] }> {
    await this.parse(List)
    const [host, catalog] = await Promise.all([inspectHost(), loadCatalog()])
    const probes = await Promise.all(
      [...catalog.values()].map(async (probe) => listed(probe, await examineVariants(probe, anyTarget(), host))),
    )
    this.log(probes.map(describe).join('\n\n'))
    return { probes }
  }
}

function listed(probe: Probe, variants: VariantChoice[]): Listed {
  const { name, question, cost, isDefault, blindTo } = probe
  const chosen = variants.find(({ support }) => support.kind === 'yes')
  return { name, question, cost, isDefault, variant: chosen?.name ?? null, variants, blindTo }
}

function describe(probe: Listed): string {
  const use = probe.variant === null ? 'cannot run here' : `attaches by ${probe.variant}`
  return [
    `${probe.name.padEnd(14)}${probe.question}`,
    `${use}, cost ${probe.cost}${probe.isDefault ? '' : ', only when named'}`,
    ...variantsNotUsed(probe),
    `cannot see: ${probe.blindTo.join(' · ')}`,
  ].join(`\n${' '.repeat(14)}`)
}

/** Up to the chosen variant, each with its reason; those after it were not needed. */
function variantsNotUsed({ variant, variants }: Listed): string[] {
  const chosen = variants.findIndex(({ name }) => name === variant)
  return variants
    .slice(0, chosen < 0 ? variants.length : chosen)
    .map(({ name, support }) => `not by ${name}: ${supportText(support)}`)
}

/** What a variant needs does not depend on whom it looks at. */
function anyTarget(): Target {
  return {
    processes: [{ pid: process.pid, starttime: 0, comm: 'probe' }],
    ports: [],
    netnsInode: null,
    netnsPid: process.pid,
    cgroup: null,
    selectedBy: 'pid',
    selector: '',
    follow: false,
  }
}
