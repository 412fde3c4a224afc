import { basename } from 'node:path'
import { string as argument } from '@oclif/core/args'
import { boolean, option, string } from '@oclif/core/flags'
import {
  type AuditOutcome,
  LONGEST_RUN_SECONDS,
  openPlan,
  type Plan,
  type Preset,
  type Run,
  type RunModel,
  runAudit,
  runDemo,
  timetableOf,
} from '../../audit/index.ts'
import { createNames } from '../../files/index.ts'
import { inspectHost, loadCatalog, type Probe } from '../../probes/index.ts'
import { flameOfRun, flameSvg, phaseTable, textSummary, timelineSvg, wallFlameOfRun } from '../../ui/index.ts'
import { consentBy } from '../ask-consent.ts'
import { chooseProbes } from '../choose-probes.ts'
import { ProbeCommand } from '../command.ts'
import { dryRun } from '../dry-run.ts'
import { UsageError } from '../errors.ts'
import { failureToBegin, interruptible } from '../interrupt.ts'
import { loadRecording } from '../load-recording.ts'
import { jsonText, say } from '../say.ts'
import { looksOf, screenFlags } from '../screen-flags.ts'
import { createStatus } from '../status.ts'
import { selectorOf, targetFlags } from '../target-flags.ts'
import { createPulse, hasScreen, printProgress, watchLive } from '../watch.ts'

/** Leaving the screen ends the audit, for a load that nobody watches is a nuisance; so it is asked. */
const LEAVING = 'stop the load and end the audit?'
/** What a run may take beyond its timetable before its programs end themselves: starts, last answers, summaries. */
const SPARE_SECONDS = 600

export class Audit extends ProbeCommand {
  static override summary =
    'Load in phases and the kernel beside it: a verdict, a table, a recording, the run over time and flame graphs'
  static override description =
    `PLAN is a plan in YAML or JSON (probe audit init URL writes one), a k6 script or a JMeter plan.
--demo needs none: it starts an API of its own with known faults, drives it through idle, warm-up, baseline, stress and soak, and ends in about a minute.
Exit code: 0 all limits kept, 1 a limit broken, the load stopped for errors or the target gone, 5 the measurement is not valid.`
  static override examples = [
    '<%= config.bin %> audit --demo',
    '<%= config.bin %> audit init http://127.0.0.1:8080/',
    '<%= config.bin %> audit plan.yaml --dry-run',
    '<%= config.bin %> audit plan.yaml --preset quick --out results',
    '<%= config.bin %> audit script.js --port 8080',
  ]
  static override args = {
    plan: argument({ description: 'plan (.yaml, .json), k6 script (.js) or JMeter plan (.jmx)' }),
  }
  static override flags = {
    ...targetFlags,
    demo: boolean({
      default: false,
      description: 'our own API with known faults, our own load, five phases, a minute',
    }),
    preset: option({ options: ['quick', 'standard'] as const })({
      description: 'phases ready made, instead of those of the plan: a minute, or four and a half hours',
    }),
    'dry-run': boolean({ description: 'say what would happen, what it needs and costs, and do nothing' }),
    yes: boolean({
      char: 'y',
      description:
        'the load may go to a host that is not this one, which otherwise is asked or stands in the plan (consent)',
    }),
    out: string({ description: 'folder for the results (default: probe-audit-TIME here)', helpValue: 'DIR' }),
    json: boolean({ description: 'the records on stdout as they come, one JSON object a line', helpGroup: 'GLOBAL' }),
    ...screenFlags,
    'bpf-stats': boolean({
      description:
        'let the kernel measure the cost of the programs (sysctl kernel.bpf_stats_enabled for the whole host, undone at the end)',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Audit)
    if (flags.demo === (args.plan !== undefined))
      throw new UsageError(
        flags.demo ? 'the demo has a plan of its own' : 'no plan given',
        'probe audit init http://127.0.0.1:8080/ writes one; probe audit --demo needs none',
      )
    const catalog = await loadCatalog()
    const plan = args.plan === undefined ? null : await planOf(args.plan, flags.preset, selectorOf(flags))
    const host = await inspectHost()
    const probes = plan?.probes
      ? chooseProbes(catalog, [...plan.probes])
      : [...catalog.values()].filter((p) => p.isDefault)
    if (plan && flags['dry-run']) {
      const { text, facts } = await dryRun(plan, probes, host)
      this.log(flags.json ? jsonText(facts) : text)
      return
    }
    const directory = flags.out ?? plan?.out ?? null
    const screen = hasScreen() && !flags.json && !flags['no-ui']
    const status = createStatus()
    const { signal, interrupt, leave, release } = interruptible(status)
    const quit = new AbortController()
    const pulse = createPulse()
    let watching: Promise<void> | null = null
    let stopProgress: () => void = () => undefined
    process.stdout.on('error', interrupt) // the reader of the pipe has gone
    const options = {
      catalog,
      probes,
      host,
      tool: `probe ${this.config.version}`,
      directory,
      looksBack: screen,
      bpfStats: flags['bpf-stats'],
      limitSeconds: limitOf(plan),
      signal: AbortSignal.any([signal, quit.signal]),
      onAttached: (run: Run) => {
        // Leaving the screen ends the audit: a load that nobody watches is a nuisance.
        status.done()
        if (!screen) {
          stopProgress = printProgress(run.model)
          return
        }
        status.hide()
        watching = watchLive(run, catalog, {
          ...{ pulse, looks: looksOf(flags), mouse: !flags['no-mouse'], signal, leaving: LEAVING },
          onEnd: () => {
            status.show()
            leave()
            quit.abort()
          },
        })
      },
      askConsent: consentBy({ yes: flags.yes, signal }),
      onProgress: status.say,
      onStep: status.step,
      onRecord: (record: unknown) => {
        if (flags.json) process.stdout.write(`${jsonText(record)}\n`)
        pulse.beat()
      },
    }
    if (process.stderr.isTTY) status.step(plan ? 'attaching' : 'starting the demo API')
    else say(plan ? 'attaching' : 'starting the demo API and attaching')
    let outcome: AuditOutcome
    try {
      outcome = plan ? await runAudit({ ...options, plan }) : await runDemo(options)
      await watching
    } catch (error) {
      throw failureToBegin(error, signal)
    } finally {
      stopProgress()
      status.done()
    }
    status.step('drawing the pictures')
    const pictures = await drawn(outcome, catalog, screen)
    status.done()
    release()
    if (flags.json) for (const line of pictures.missing) say(line)
    else this.log(report(outcome, catalog, pictures))
    if (outcome.error) throw Object.assign(outcome.error, { exitCode: outcome.end.exit_code })
    process.exitCode = outcome.end.exit_code
  }
}

/** The plan of a file; what the command line says of target and phases goes before what stands in it. */
async function planOf(
  file: string,
  preset: Preset | undefined,
  { follow, ...select }: ReturnType<typeof selectorOf>,
): Promise<Plan> {
  const isGiven = Object.values(select).some((value) => value !== undefined)
  const plan = await openPlan(file, process.env, { needsTarget: !isGiven, ...(preset ? { preset } : {}) })
  return { ...plan, target: { ...plan.target, ...(isGiven ? { select } : {}), follow: follow || plan.target.follow } }
}

function limitOf(plan: Plan | null): number {
  const durationMs = plan && timetableOf(plan).durationMs
  if (plan && durationMs === null) return LONGEST_RUN_SECONDS
  return Math.min(LONGEST_RUN_SECONDS, Math.ceil((durationMs ?? 0) / 1000) + SPARE_SECONDS)
}

interface Pictures {
  files: string[]
  /** what could not be drawn, and why, a line each */
  missing: string[]
}

/**
 * The pictures of a run, which has its verdict whether they can be written or not. Without a screen its model kept neither stacks
 * nor windows over time: they are read again.
 */
async function drawn(
  { model, recording, folder }: AuditOutcome,
  catalog: ReadonlyMap<string, Probe>,
  looksBack: boolean,
): Promise<Pictures> {
  const pictures: Pictures = { files: [], missing: [] }
  const draw: Draw = async (name, make) => {
    try {
      const svg = await make()
      if (svg === null) return
      await folder.write(name, [svg], 'over')
      pictures.files.push(folder.pathOf(name))
    } catch (error) {
      pictures.missing.push(`not drawn: ${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  try {
    const whole =
      looksBack || recording === null
        ? model
        : (await loadRecording(folder.placeOf(basename(recording.path)), catalog)).model
    // The first picture of the run: load, kernel and faults over time.
    await draw('timeline.svg', () => timelineSvg(whole, catalog))
    await drawWall(whole, draw)
    await drawPhases(whole, catalog, draw)
  } catch (error) {
    pictures.missing.push(`not drawn: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    folder.close()
  }
  return pictures
}

/** Writes a picture, unless there is nothing to see in it. */
type Draw = (name: string, make: () => Promise<string | null> | string | null) => Promise<void>

/** Where the time of all threads went, every phase in one file; the one under stress is shown first. */
const drawWall = (model: RunModel, draw: Draw): Promise<void> =>
  draw('wall.svg', async () => {
    const phase = model.phases.find(({ kind }) => kind === 'stress') ?? model.phases.at(-1)
    const graph = phase ? await wallFlameOfRun(model, { phase }) : null
    return graph && flameSvg(graph.profile, graph.options)
  })

/** One off-CPU flame graph per phase: where the time of its requests went. */
async function drawPhases(model: RunModel, catalog: ReadonlyMap<string, Probe>, draw: Draw): Promise<void> {
  const probe = catalog.get('off-cpu')
  if (!probe) return
  const nameOf = createNames()
  for (const phase of model.phases)
    await draw(`${nameOf(`${probe.name}-${phase.name}`)}.svg`, async () => {
      const graph = await flameOfRun(model, { probe, show: { phase } })
      return graph && flameSvg(graph.profile, graph.options)
    })
}

function report(outcome: AuditOutcome, catalog: ReadonlyMap<string, Probe>, { files, missing }: Pictures): string {
  const { model, recording } = outcome
  const left = [...(recording ? [recording.path] : []), ...files, ...missing]
  return [
    textSummary(model, catalog, recording ?? undefined),
    ...(model.phases.length > 1 ? [] : [phaseTable(model, catalog)]),
    '',
    ...left.map((line) => `  ${line}`),
  ].join('\n')
}
