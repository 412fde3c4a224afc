import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { boolean, string } from '@oclif/core/flags'
import { type AttachOutcome, type Run, type RunModel, runDemo } from '../../audit/index.ts'
import { inspectHost, loadCatalog, type Probe } from '../../probes/index.ts'
import { flameOfRun, flameSvg, phaseTable, textSummary, timelineSvg } from '../../ui/index.ts'
import { ProbeCommand } from '../command.ts'
import { UsageError } from '../errors.ts'
import { failureToBegin, interruptible } from '../interrupt.ts'
import { createPulse, hasScreen, printProgress, watchLive } from '../watch.ts'

const INTERVAL_MS = 1_000
/** The demo takes a minute; its programs outlive no accident by more than this. */
const DEMO_LIMIT_SECONDS = 600

export class Audit extends ProbeCommand {
  static override summary =
    'Load in phases and the kernel beside it: a table, a recording, the run over time and flame graphs'
  static override description =
    '--demo needs nothing: it starts an API of its own with known faults, drives it through idle, warm-up, baseline, stress and soak, and ends in about a minute.'
  static override examples = ['<%= config.bin %> audit --demo']
  static override flags = {
    demo: boolean({ description: 'our own API with known faults, our own load, five phases, a minute' }),
    out: string({ description: 'folder for the results (default: probe-audit-TIME here)', helpValue: 'DIR' }),
    json: boolean({ description: 'the records on stdout as they come, one JSON object a line', helpGroup: 'GLOBAL' }),
    'no-ui': boolean({ description: 'text even in a terminal' }),
    'bpf-stats': boolean({
      description:
        'let the kernel measure the cost of the programs (sysctl kernel.bpf_stats_enabled for the whole host, undone at the end)',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Audit)
    if (!flags.demo)
      throw new UsageError(
        'plans are not part of this version',
        'probe audit --demo, or probe attach beside a load of your own',
      )
    const catalog = await loadCatalog()
    const host = await inspectHost()
    const directory = flags.out ?? `probe-audit-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`
    const screen = hasScreen() && !flags.json && !flags['no-ui']
    const { signal, interrupt, release } = interruptible()
    const quit = new AbortController()
    const pulse = createPulse()
    let watching: Promise<void> | null = null
    let stopProgress: () => void = () => undefined
    process.stdout.on('error', interrupt) // the reader of the pipe has gone
    const onAttached = (run: Run) => {
      // Leaving the screen ends the demo: nobody watches it any more.
      if (screen) watching = watchLive(run, catalog, pulse, signal, () => quit.abort())
      else stopProgress = printProgress(run.model)
    }
    process.stderr.write('starting the demo API and attaching\n')
    let outcome: AttachOutcome
    try {
      outcome = await runDemo({
        catalog,
        probes: [...catalog.values()].filter((probe) => probe.isDefault),
        host,
        tool: `probe ${this.config.version}`,
        directory,
        intervalMs: INTERVAL_MS,
        bpfStats: flags['bpf-stats'],
        limitSeconds: DEMO_LIMIT_SECONDS,
        signal: AbortSignal.any([signal, quit.signal]),
        onAttached,
        onProgress: (text) => process.stderr.write(`${text}\n`),
        onRecord: (record) => {
          if (flags.json) process.stdout.write(`${JSON.stringify(record)}\n`)
          pulse.beat()
        },
      })
      await watching
    } catch (error) {
      throw failureToBegin(error, signal)
    } finally {
      stopProgress()
      release()
    }
    const files = [
      await drawTimeline(outcome.model, catalog, directory),
      ...(await drawPhases(outcome.model, catalog, directory)),
    ]
    if (!flags.json) this.log(report(outcome, catalog, files))
    if (outcome.error) throw Object.assign(outcome.error, { exitCode: outcome.end.exit_code })
    process.exitCode = outcome.end.exit_code
  }
}

/** The first picture of the run: load, kernel and faults over time. */
async function drawTimeline(model: RunModel, catalog: ReadonlyMap<string, Probe>, directory: string): Promise<string> {
  const file = join(directory, 'timeline.svg')
  await writeFile(file, await timelineSvg(model, catalog), { mode: 0o600 })
  return file
}

/** One off-CPU flame graph per phase: where the time of its requests went. */
async function drawPhases(model: RunModel, catalog: ReadonlyMap<string, Probe>, directory: string): Promise<string[]> {
  const files: string[] = []
  for (const probe of catalog.values()) {
    if (probe.name !== 'off-cpu') continue
    for (const phase of model.phases) {
      const graph = await flameOfRun(model, { probe, show: { phase } })
      if (graph === null) continue
      const file = join(directory, `${probe.name}-${phase.name}.svg`)
      await writeFile(file, await flameSvg(graph.profile, graph.options), { mode: 0o600 })
      files.push(file)
    }
  }
  return files
}

function report(outcome: AttachOutcome, catalog: ReadonlyMap<string, Probe>, files: readonly string[]): string {
  const { model, recording } = outcome
  const left = [...(recording ? [recording.path] : []), ...files]
  return [
    textSummary(model, catalog, recording ?? undefined),
    ...(model.phases.length > 1 ? [] : [phaseTable(model, catalog)]),
    '',
    ...left.map((file) => `  ${file}`),
  ].join('\n')
}
