import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { string } from '@oclif/core/args'
import { option, string as stringFlag } from '@oclif/core/flags'
import { type PhaseModel, ProfileError, type RunModel, sniff } from '../../audit/index.ts'
import { loadCatalog, type Probe } from '../../probes/index.ts'
import { flameOfFile, flameOfRun, flameSvg, type RunFlame } from '../../ui/index.ts'
import { ProbeCommand } from '../command.ts'
import { UsageError } from '../errors.ts'
import { loadRecording, sizeOfFile } from '../load-recording.ts'

export class Flame extends ProbeCommand {
  static override summary = 'A flame graph as one SVG file, from a recording, folded stacks or an SVG of ours'
  static override description =
    'Without -o the SVG goes to stdout. It reads without scripts; with them it zooms, searches and switches phases.'
  static override examples = [
    '<%= config.bin %> flame run.ndjson -o off-cpu.svg',
    '<%= config.bin %> flame run.ndjson --probe locks --phase stress -o locks.svg',
    '<%= config.bin %> flame run.ndjson --diff baseline..stress -o why.svg',
    '<%= config.bin %> flame stacks.folded -o cpu.svg',
  ]
  static override args = {
    file: string({ required: true, description: 'a recording, folded stacks (a;b;c N), or an SVG of ours' }),
  }
  static override flags = {
    output: stringFlag({ char: 'o', description: 'file to write; an existing one is replaced', helpValue: 'F.svg' }),
    probe: stringFlag({ description: 'whose stacks (default: off-cpu, or what the recording has)', helpValue: 'NAME' }),
    view: stringFlag({ description: 'which of its stacks, e.g. blocked or runnable', helpValue: 'NAME' }),
    phase: stringFlag({
      description: 'phase shown at first (default: the one with most)',
      helpValue: 'NAME',
      exclusive: ['diff'],
    }),
    diff: stringFlag({
      description: 'the difference of two phases, per request where the load is known',
      helpValue: 'A..B',
    }),
    unit: option({
      options: ['samples', 'ns', 'count'] as const,
      description: 'what the numbers of folded stacks are',
    })({ default: 'samples' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Flame)
    await sizeOfFile(args.file)
    const kind = await sniff(args.file)
    const graph =
      kind === 'recording' ? await this.fromRecording(args.file, flags) : await fromFile(args.file, kind, flags)
    const svg = await flameSvg(graph.profile, graph.options)
    if (flags.output === undefined) process.stdout.write(svg)
    else {
      await writeFile(flags.output, svg, { mode: 0o600 })
      process.stderr.write(`${flags.output}\n`)
    }
  }

  private async fromRecording(file: string, flags: Choices): Promise<RunFlame> {
    const catalog = await loadCatalog()
    const { model } = await loadRecording(file, catalog)
    const probe = chooseProbe(model, catalog, flags.probe)
    const show =
      flags.diff === undefined ? { phase: choosePhase(model, probe, flags.phase) } : choosePair(model, flags.diff)
    const views = probe.draw.flame?.views.map(({ name }) => name) ?? []
    if (flags.view !== undefined && !views.includes(flags.view))
      throw new UsageError(
        `${probe.name} has no view ${JSON.stringify(flags.view)}: ${views.join(', ') || 'it has but one'}`,
        'leave --view out',
      )
    const graph = await flameOfRun(model, { probe, show, ...(flags.view === undefined ? {} : { view: flags.view }) })
    if (graph === null)
      throw new UsageError(
        `${file} has no stacks of ${probe.name}${flags.view ? ` (${flags.view})` : ''}`,
        `probe replay ${file}`,
      )
    return graph
  }
}

interface Choices {
  probe?: string | undefined
  view?: string | undefined
  phase?: string | undefined
  diff?: string | undefined
  unit: 'samples' | 'ns' | 'count'
}

/** Folded stacks, or an SVG of ours: one picture, nothing to choose from. */
async function fromFile(file: string, kind: 'folded' | 'svg', flags: Choices): Promise<RunFlame> {
  const choice = (['probe', 'view', 'phase', 'diff'] as const).find((name) => flags[name] !== undefined)
  if (choice)
    throw new UsageError(
      `--${choice} chooses from a recording, and ${file} is ${kind === 'svg' ? 'an SVG' : 'folded stacks'}`,
      `probe flame ${file}`,
    )
  try {
    return await flameOfFile(file, kind, { title: basename(file), unit: flags.unit })
  } catch (error) {
    if (error instanceof ProfileError && !error.message.includes(file)) error.message = `${file}: ${error.message}`
    throw error
  }
}

function chooseProbe(model: RunModel, catalog: ReadonlyMap<string, Probe>, name: string | undefined): Probe {
  const drawable = [...catalog.values()].filter(({ draw }) => draw.flame)
  const recorded = drawable.filter((probe) => model.phases.some((phase) => phase.probes.get(probe.name)?.hasStacks))
  const chosen =
    name === undefined
      ? (recorded.find((probe) => probe.name === 'off-cpu') ?? recorded[0])
      : drawable.find((probe) => probe.name === name)
  if (chosen) return chosen
  throw new UsageError(
    name === undefined
      ? 'the recording has no stacks'
      : `${JSON.stringify(name)} has no stacks: ${drawable.map((p) => p.name).join(', ')}`,
    name === undefined ? 'attach one that has: probe attach off-cpu on-cpu' : 'leave --probe out',
  )
}

function choosePhase(model: RunModel, probe: Probe, name: string | undefined): PhaseModel {
  if (name !== undefined) return phaseNamed(model, name)
  const drawn = model.phases.filter((phase) => phase.probes.get(probe.name)?.hasStacks)
  const heaviest =
    drawn.sort((a, b) => (b.endUs ?? model.nowUs) - b.startUs - ((a.endUs ?? model.nowUs) - a.startUs))[0] ??
    model.phases[0]
  if (!heaviest) throw new UsageError('the recording has no phases', 'it was cut off before it began: attach again')
  return heaviest
}

function choosePair(model: RunModel, text: string): { base: PhaseModel; candidate: PhaseModel } {
  const [base, candidate, more] = text.split('..')
  if (!base || !candidate || more !== undefined)
    throw new UsageError(
      `--diff: expected two phases like baseline..stress, got ${JSON.stringify(text)}`,
      `its phases: ${model.phases.map((one) => one.name).join(', ')}`,
    )
  return { base: phaseNamed(model, base), candidate: phaseNamed(model, candidate) }
}

/** The latest of that name: a name may be used again. */
function phaseNamed(model: RunModel, name: string): PhaseModel {
  const phase = model.phases.findLast((one) => one.name === name)
  if (!phase)
    throw new UsageError(
      `no phase is called ${JSON.stringify(name)}`,
      `one of its phases: ${model.phases.map((one) => one.name).join(', ')}`,
    )
  return phase
}
