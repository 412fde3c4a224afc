import { basename } from 'node:path'
import { boolean, option, string as stringFlag } from '@oclif/core/flags'
import { type OpenStacks, openStacks, type PhaseModel, ProfileError, type RunModel } from '../audit/index.ts'
import { loadCatalog, type Probe, sanitizeText } from '../probes/index.ts'
import { flameOfFile, flameOfRun, type RunFlame, wallFlameOfRun } from '../ui/index.ts'
import { UsageError } from './errors.ts'
import { loadRecording, sizeOfFile } from './load-recording.ts'

/** What chooses stacks out of a file, the same for every command that draws or compares them. */
export const stacksFlags = {
  probe: stringFlag({ description: 'whose stacks (default: off-cpu, or what the recording has)', helpValue: 'NAME' }),
  view: stringFlag({ description: 'which of its stacks, e.g. blocked or runnable', helpValue: 'NAME' }),
  wall: boolean({
    description: 'on-CPU and off-CPU stacks joined: where the time of threads that had work went',
    exclusive: ['probe', 'view'],
  }),
  unit: option({
    options: ['samples', 'ns', 'count'] as const,
    description: 'what the numbers of folded stacks are',
  })({ default: 'samples' }),
  value: stringFlag({ description: 'which value of a pprof profile, e.g. cpu or alloc_space', helpValue: 'NAME' }),
}

export interface StacksChoice {
  probe?: string | undefined
  view?: string | undefined
  wall?: boolean
  phase?: string | undefined
  /** two phases, A..B */
  diff?: string | undefined
  unit: 'samples' | 'ns' | 'count'
  value?: string | undefined
}

/** The stacks of a recording, or of a file of another kind, and how they are shown. */
export async function stacksOf(file: string, choice: StacksChoice): Promise<RunFlame> {
  const path = file === '-' ? '/dev/stdin' : file
  await sizeOfFile(path)
  const opened = await openStacks(path)
  try {
    return await stacksOfOpened(path, opened, choice)
  } finally {
    await opened.close()
  }
}

async function stacksOfOpened(
  file: string,
  { kind, isPipe, source }: OpenStacks,
  choice: StacksChoice,
): Promise<RunFlame> {
  if (isPipe && (kind === 'recording' || kind === 'svg'))
    throw new UsageError(`${file} is a pipe: a recording or an SVG is read from a file`, 'write it to a file first')
  if (kind === 'recording') return stacksOfRecording(file, choice)
  for (const name of ['probe', 'view', 'wall'] as const)
    if (choice[name])
      throw new UsageError(`--${name} chooses from a recording, and ${file} is none`, `probe flame ${file}`)
  if (choice.value !== undefined && kind !== 'pprof')
    throw new UsageError(`--value chooses from a pprof profile, and ${file} is none`, 'leave --value out')
  const about = {
    title: sanitizeText(basename(file)),
    unit: choice.unit,
    source,
    ...(choice.value === undefined ? {} : { value: choice.value }),
  }
  try {
    return chooseColumns(await flameOfFile(file, kind, about), file, choice)
  } catch (error) {
    if (error instanceof ProfileError && !error.message.includes(file)) error.message = `${file}: ${error.message}`
    throw error
  }
}

/** What of a recording is chosen: whose stacks, which of them, and of which phase or phases. */
export async function chooseInRecording(file: string, choice: StacksChoice) {
  const catalog = await loadCatalog()
  const { model } = await loadRecording(file, catalog)
  const probe = chooseProbe(model, catalog, choice.wall ? 'off-cpu' : choice.probe)
  const show =
    choice.diff === undefined ? { phase: choosePhase(model, probe, choice.phase) } : choosePair(model, choice.diff)
  const views = probe.draw.flame?.views.map(({ name }) => name) ?? []
  if (choice.view !== undefined && !views.includes(choice.view))
    throw new UsageError(
      `${probe.name} has no view ${JSON.stringify(choice.view)}: ${views.join(', ') || 'it has but one'}`,
      'leave --view out',
    )
  return { catalog, model, probe, show, ...(choice.view === undefined ? {} : { view: choice.view }) }
}

async function stacksOfRecording(file: string, choice: StacksChoice): Promise<RunFlame> {
  const { model, probe, show, view } = await chooseInRecording(file, choice)
  if (choice.wall) {
    const joined = await wallFlameOfRun(model, show)
    if (joined) return joined
    throw noWall(file)
  }
  const graph = await flameOfRun(model, { probe, show, ...(view === undefined ? {} : { view }) })
  if (graph === null)
    throw new UsageError(
      `${file} has no stacks of ${probe.name}${choice.view ? ` (${choice.view})` : ''}`,
      `probe replay ${file}`,
    )
  return graph
}

export const noWall = (file: string): UsageError =>
  new UsageError(`${file} has not both on-CPU and off-CPU stacks`, 'probe attach on-cpu off-cpu records both')

/** The phases of a file that has some, e.g. an SVG of ours, chosen as from a recording. */
function chooseColumns(graph: RunFlame, file: string, { phase, diff }: StacksChoice): RunFlame {
  const { columns } = graph.options
  const flag = phase === undefined ? 'diff' : 'phase'
  if (phase === undefined && diff === undefined) return graph
  if (columns.length < 2)
    throw new UsageError(`--${flag} chooses from a recording, and ${file} has no phases`, `probe flame ${file}`)
  const names = columns.map(({ label }) => label)
  const keyOf = (label: string): string => {
    const column = columns.findLast((one) => one.label === label)
    if (!column)
      throw new UsageError(`no phase is called ${JSON.stringify(label)}`, `one of its phases: ${names.join(', ')}`)
    return column.key
  }
  const [base = '', candidate = ''] = diff === undefined ? [] : pairNames(diff, names)
  const view = phase === undefined ? { base: keyOf(base), candidate: keyOf(candidate) } : { column: keyOf(phase) }
  return { ...graph, options: { ...graph.options, view } }
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
  const [base, candidate] = pairNames(
    text,
    model.phases.map((one) => one.name),
  )
  return { base: phaseNamed(model, base), candidate: phaseNamed(model, candidate) }
}

function pairNames(text: string, phases: readonly string[]): [base: string, candidate: string] {
  const [base, candidate, more] = text.split('..')
  if (base && candidate && more === undefined) return [base, candidate]
  throw new UsageError(
    `--diff: expected two phases like baseline..stress, got ${JSON.stringify(text)}`,
    `its phases: ${phases.join(', ')}`,
  )
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
