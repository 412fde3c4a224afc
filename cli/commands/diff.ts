import { basename } from 'node:path'
import { string } from '@oclif/core/args'
import { integer, string as stringFlag } from '@oclif/core/flags'
import { type ColumnPair, movers, type Profile, sideBySide } from '../../audit/index.ts'
import { sanitizeText } from '../../probes/plain.ts'
import { type FlameSvgOptions, flameSvg, moversText, type RunFlame } from '../../ui/index.ts'
import { jsonFlag, ProbeCommand } from '../command.ts'
import { UsageError } from '../errors.ts'
import { type StacksChoice, stacksFlags, stacksOf } from '../stacks-of.ts'
import { writeOut } from '../write-out.ts'

export class Diff extends ProbeCommand {
  static override summary =
    'What changed most between two files of stacks, or two phases of one, and whether it may be chance'
  static override description =
    'Compares per request where both sides know their load, otherwise shares of each total. Each file may be a recording, ' +
    'folded stacks, a pprof profile, the output of perf script, or an SVG of ours. Changes are significant at a false ' +
    'discovery rate of 5 %; intervals are of 95 %.'
  static override examples = [
    '<%= config.bin %> diff run.ndjson baseline..stress',
    '<%= config.bin %> diff before.ndjson after.ndjson --phase stress -o why.svg',
    '<%= config.bin %> diff before.folded after.pb.gz --json',
  ]
  static override enableJsonFlag = true
  static override args = {
    base: string({ required: true, description: 'what is compared with: a file' }),
    candidate: string({ required: true, description: 'a second file, or two phases of the first: baseline..stress' }),
  }
  static override flags = {
    json: jsonFlag,
    output: stringFlag({ char: 'o', description: 'also draw the difference into this file', helpValue: 'F.svg' }),
    ...stacksFlags,
    phase: stringFlag({ description: 'phase of both files (default: the one with most)', helpValue: 'NAME' }),
    limit: integer({ description: 'longest list', min: 1, max: 1000, default: 20 }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Diff)
    const compared = isPair(args.candidate)
      ? await twoPhases(args.base, args.candidate, flags)
      : await twoFiles(args.base, args.candidate, flags)
    const { profile, pair, options, heading } = compared
    const found = movers(profile, pair, flags.limit)
    if (flags.output !== undefined) await writeOut(flags.output, [await flameSvg(profile, options)])
    this.log(moversText(found, heading))
    return {
      ...heading,
      functions: found.functions,
      significant: found.significant,
      by_self: found.bySelf,
      by_total: found.byTotal,
    }
  }
}

interface Compared {
  profile: Profile
  pair: ColumnPair
  options: FlameSvgOptions
  heading: { base: string; candidate: string; unit: Profile['unit']; per: string | null }
}

const isPair = (text: string): boolean => /^[^/]+?\.\.[^./][^/]*$/.test(text)

async function twoPhases(file: string, diff: string, choice: StacksChoice): Promise<Compared> {
  if (choice.phase !== undefined) throw new UsageError(`--phase and ${diff} both name phases`, 'leave --phase out')
  return comparedOf(await stacksOf(file, { ...choice, diff }))
}

/** One column of each file, side by side. */
async function twoFiles(baseFile: string, candidateFile: string, choice: StacksChoice): Promise<Compared> {
  const base = shownColumn(await stacksOf(baseFile, choice), baseFile)
  const candidate = shownColumn(await stacksOf(candidateFile, choice), candidateFile)
  const [was, is] = [base.profile.unit, candidate.profile.unit]
  if (was !== is)
    throw new UsageError(
      `${baseFile} is in ${was}, ${candidateFile} in ${is}: they cannot be compared`,
      'choose another --value, --probe or --view, or say what folded numbers are by --unit',
    )
  return comparedOf({
    profile: sideBySide(base, candidate),
    value: '',
    options: {
      title: `${candidate.label} against ${base.label}`,
      lines: [],
      columns: [
        { ...base.about, key: 'base', label: base.label },
        { ...candidate.about, key: 'candidate', label: candidate.label },
      ],
      view: { base: 'base', candidate: 'candidate' },
    },
  })
}

function shownColumn({ profile, options }: RunFlame, file: string) {
  const name = sanitizeText(basename(file))
  const { view, columns } = options
  const column = 'column' in view ? view.column : view.candidate
  const { facts, divide, label = '' } = columns.find(({ key }) => key === column) ?? {}
  const about = { ...(facts === undefined ? {} : { facts }), ...(divide === undefined ? {} : { divide }) }
  return { profile, column, about, label: columns.length > 1 ? `${name} ${label}` : name }
}

function comparedOf({ profile, options }: RunFlame): Compared {
  const { view, columns } = options
  if ('column' in view) throw new UsageError('there is one phase, and nothing to compare it with', 'probe diff A B')
  const [base, candidate] = [view.base, view.candidate].map((key) => columns.find((column) => column.key === key))
  const [was, is] = [base?.divide, candidate?.divide]
  const per = was && is && was.by > 0 && is.by > 0 && was.per === is.per ? was.per : null
  return {
    profile,
    pair: { ...view, ...(was && is && per !== null ? { baseScale: 1 / was.by, candidateScale: 1 / is.by } : {}) },
    options,
    heading: { base: base?.label ?? view.base, candidate: candidate?.label ?? view.candidate, unit: profile.unit, per },
  }
}
