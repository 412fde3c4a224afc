import { string } from '@oclif/core/args'
import { boolean, option, string as stringFlag } from '@oclif/core/flags'
import {
  collapseRecursion,
  type FormatName,
  formatNamed,
  formatOfPath,
  reverse,
  sniff,
  wallOf,
  writableFormats,
} from '../../audit/index.ts'
import { flameSvg, openFlame, openStacks, type RunFlame, type Shape } from '../../ui/index.ts'
import { ProbeCommand } from '../command.ts'
import { UsageError } from '../errors.ts'
import { sizeOfFile } from '../load-recording.ts'
import { saveBeside } from '../save-beside.ts'
import { looksOf, type ScreenFlagValues, screenFlags } from '../screen-flags.ts'
import { chooseInRecording, noWall, type StacksChoice, stacksFlags, stacksOf } from '../stacks-of.ts'
import { hasScreen } from '../watch.ts'
import { writeOut } from '../write-out.ts'

const OUTPUTS = ['svg', ...writableFormats] as const

export class Flame extends ProbeCommand {
  static override summary =
    'Stacks on the screen, as one SVG file, or for other tools, from a recording or what other tools wrote'
  static override description =
    'Reads recordings, folded stacks, pprof profiles, the output of perf script, and our SVGs. Without -o it opens ' +
    'them in the terminal, and writes to stdout where that is none. The SVG reads without scripts; with them it zooms, searches and switches phases.'
  static override examples = [
    '<%= config.bin %> flame stacks.folded',
    '<%= config.bin %> flame run.ndjson -o off-cpu.svg',
    '<%= config.bin %> flame run.ndjson --probe locks --phase stress -o locks.svg',
    '<%= config.bin %> flame run.ndjson --diff baseline..stress -o why.svg',
    '<%= config.bin %> flame run.ndjson -o off-cpu.pb.gz',
    '<%= config.bin %> flame stacks.folded --reverse -o callers.svg',
  ]
  static override args = {
    file: string({
      required: true,
      description: 'a recording, folded stacks (a;b;c N), pprof, perf script, or an SVG of ours; - is stdin',
    }),
  }
  static override flags = {
    output: stringFlag({ char: 'o', description: 'file to write; an existing one is replaced', helpValue: 'F.svg' }),
    format: option({
      options: OUTPUTS,
      description: 'what to write (default: as the file is called: .svg, .folded, .pb.gz, .speedscope.json)',
    })(),
    ...stacksFlags,
    phase: stringFlag({
      description: 'phase shown at first (default: the one with most); other formats hold it alone',
      helpValue: 'NAME',
      exclusive: ['diff'],
    }),
    diff: stringFlag({
      description: 'the difference of two phases, per request where the load is known',
      helpValue: 'A..B',
    }),
    reverse: boolean({ description: 'callees at the root: what ran, then who called it' }),
    'collapse-recursion': boolean({ description: 'every function once in a stack: loops of calls are cut out' }),
    ...screenFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Flame)
    if (flags.output === undefined && flags.format === undefined && hasScreen() && !flags['no-ui']) {
      await onScreen(args.file, flags)
      return
    }
    const format = flags.format ?? (flags.output === undefined ? null : formatOfPath(flags.output)) ?? 'svg'
    const graph = reshaped(await stacksOf(args.file, flags), flags)
    await writeOut(
      flags.output,
      format === 'svg' ? [await flameSvg(graph.profile, graph.options)] : exported(graph, format, flags),
    )
  }
}

/** Of a recording the whole screen, with these stacks in sight; of other files these. */
async function onScreen(
  file: string,
  flags: StacksChoice & Reshaping & ScreenFlagValues & { 'no-mouse': boolean },
): Promise<void> {
  const reader = { looks: looksOf(flags), mouse: !flags['no-mouse'], save: saveBeside(file) }
  const from = { root: [], selected: [] }
  const shapes: Shape[] = [
    ...(flags['collapse-recursion'] ? [{ kind: 'collapse' } as const] : []),
    ...(flags.reverse ? [{ kind: 'reverse', from } as const] : []),
  ]
  await sizeOfFile(file)
  if ((await sniff(file)) !== 'recording') {
    await openStacks(await stacksOf(file, flags), shapes, { title: file, ...reader })
    return
  }
  const { model, catalog, probe, show, view } = await chooseInRecording(file, flags)
  if (flags.wall && !wallOf(model)) throw noWall(file)
  const still = { subscribe: () => () => undefined, onQuit: () => undefined, live: false }
  await openFlame(
    { ...still, model, catalog, title: file, ...reader },
    { probe: flags.wall ? null : probe, show, shapes, ...(view === undefined ? {} : { view }) },
  )
}

interface Reshaping {
  reverse: boolean
  'collapse-recursion': boolean
}

function reshaped(graph: RunFlame, flags: Reshaping): RunFlame {
  if (!flags.reverse && !flags['collapse-recursion']) return graph
  const profile = flags['collapse-recursion'] ? collapseRecursion(graph.profile) : graph.profile
  // Where a picture was looked at first is a place in its own stacks.
  const { start: _, ...options } = graph.options
  if (!flags.reverse) return { ...graph, profile, options }
  const title = `${options.title}, reversed: what ran, and its callers`
  return { ...graph, profile: reverse(profile), options: { ...options, title } }
}

/** Formats of other tools: every phase where they have a place for several, else the one that is shown. */
function exported(graph: RunFlame, name: FormatName, flags: { phase?: string | undefined; diff?: string | undefined }) {
  const { profile, options } = graph
  const { write, label } = formatNamed(name)
  if (!write) throw new UsageError(`${label} is read, not written`, `one of ${OUTPUTS.join(', ')}`)
  if (flags.diff !== undefined)
    throw new UsageError(`--diff is drawn, and ${label} holds no differences`, 'name an .svg, or use probe diff')
  const { view } = options
  const shown = 'column' in view ? view.column : view.candidate
  const isOne = name === 'folded' || flags.phase !== undefined
  return write(profile, {
    title: options.title,
    lines: options.lines,
    columns: options.columns.filter(({ key }) => !isOne || key === shown),
    value: graph.value,
  })
}
