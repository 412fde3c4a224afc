import {
  examineVariants,
  inspectHost,
  loadCatalog,
  type Probe,
  standInTarget,
  supportText,
  type VariantChoice,
} from '../../probes/index.ts'
import { jsonFlag, ProbeCommand } from '../command.ts'

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
  static override flags = { json: jsonFlag }

  async run(): Promise<{ probes: Listed[] }> {
    await this.parse(List)
    const [host, catalog] = await Promise.all([inspectHost(), loadCatalog()])
    const probes = await Promise.all(
      [...catalog.values()].map(async (probe) => listed(probe, await examineVariants(probe, standInTarget(), host))),
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
  return [
    `${probe.name.padEnd(INDENT)}${probe.question}`,
    ...[
      ...use(probe),
      `cost ${probe.cost}${probe.isDefault ? '' : ', only when named'}`,
      'cannot see:',
      ...probe.blindTo.map((what) => `  · ${what}`),
    ].flatMap((line) => wrapped(line)),
  ].join('\n')
}

/** How it would attach, and what was passed over; or why it cannot and what to do, once where all variants say the same. */
function use({ variant, variants }: Listed): string[] {
  const others = variants.filter(({ support }) => support.kind !== 'yes')
  if (variant !== null)
    return [`attaches by ${variant}`, ...others.map(({ name, support }) => `not by ${name}: ${supportText(support)}`)]
  const reasons = new Set(others.map(({ support }) => supportText(support)))
  const fixes = new Set(others.flatMap(({ support }) => (support.kind !== 'yes' && support.fix ? [support.fix] : [])))
  return [
    ...(reasons.size === 1
      ? [`cannot attach here: ${[...reasons][0]}`]
      : ['cannot attach here', ...others.map(({ name, support }) => `not by ${name}: ${supportText(support)}`)]),
    ...[...fixes].map((fix) => `fix: ${fix}`),
  ]
}

const INDENT = 14
const WIDEST = 110

/** A line under its probe, broken at blanks where the terminal would break it anywhere. */
function wrapped(text: string): string[] {
  const room = Math.min(process.stdout.columns ?? WIDEST, WIDEST) - INDENT
  const hanging = text.startsWith('  · ') ? '    ' : ''
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/(?<=\S) /)) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line)
      line = `${hanging}${word}`
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map((one) => `${' '.repeat(INDENT)}${one}`)
}
