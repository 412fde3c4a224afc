import { boolean, string } from '@oclif/core/flags'
import { type AttachOutcome, attach, LONGEST_RUN_SECONDS, type Run, recordingName } from '../../audit/index.ts'
import { assertKernelPids, inspectHost, loadCatalog, resolveTarget } from '../../probes/index.ts'
import { textSummary } from '../../ui/index.ts'
import { chooseProbes } from '../choose-probes.ts'
import { ProbeCommand } from '../command.ts'
import { duration } from '../duration.ts'
import { exitCodes } from '../errors.ts'
import { failureToBegin, interruptible } from '../interrupt.ts'
import { pickTarget } from '../pick-target.ts'
import { jsonText, say } from '../say.ts'
import { looksOf, screenFlags } from '../screen-flags.ts'
import { createStatus } from '../status.ts'
import { selectorOf, targetFlags } from '../target-flags.ts'
import { createPulse, hasScreen, printProgress, watchLive } from '../watch.ts'

/** A cut takes the tracer some ms. */
const SHORTEST_WINDOW_MS = 50
/** The screen would stand still, and maps would fill. */
const LONGEST_WINDOW_MS = 60_000

export class Attach extends ProbeCommand {
  static override summary =
    'Watch a running service: live in a terminal, as a text summary in a pipe, as records with --json'
  static override description = `Without names the default probes are attached; probe list shows them all.
Without a target, in a terminal, it lists the processes that listen or burn CPU to pick from.
The service keeps running as it is; nothing stays attached afterwards, however this ends.`
  static override examples = [
    '<%= config.bin %> attach --pid 4242',
    '<%= config.bin %> attach --port 8080 --duration 30s',
    '<%= config.bin %> attach accept-queue retransmits --port 8080 --json',
  ]
  static override strict = false
  static override usage = 'attach [PROBE...] [--pid N...|--comm NAME|--port N|--cgroup PATH] [flags]'
  static override flags = {
    ...targetFlags,
    duration: duration({ maxMs: LONGEST_RUN_SECONDS * 1000 })({
      description: 'stop after this, e.g. 30s; without it: until Ctrl-C or the target ends',
      helpValue: '30s',
    }),
    interval: duration({ minMs: SHORTEST_WINDOW_MS, maxMs: LONGEST_WINDOW_MS })({
      description: 'length of a window',
      default: 1000,
      defaultHelp: async () => '1s',
      helpValue: '1s',
    }),
    record: string({ description: 'file of the recording (default: probe-TIME.ndjson here)', helpValue: 'FILE' }),
    json: boolean({ description: 'the records on stdout as they come, one JSON object a line', helpGroup: 'GLOBAL' }),
    ...screenFlags,
    'bpf-stats': boolean({
      description:
        'let the kernel measure the cost of the programs (sysctl kernel.bpf_stats_enabled for the whole host, undone at the end)',
    }),
  }

  async run(): Promise<void> {
    let begunMs = performance.now() // the user's wait counts from here, the start of node comes on top
    const { argv, flags } = await this.parse(Attach)
    const catalog = await loadCatalog()
    const probes = chooseProbes(catalog, argv.map(String))
    assertKernelPids()
    const screen = hasScreen() && !flags.json && !flags['no-ui']
    const given = selectorOf(flags)
    const selector = screen ? await pickTarget(given, flags) : given
    if (selector === null) {
      // Who leaves the list has seen that nothing was begun.
      process.exitCode = exitCodes.interrupted
      return
    }
    // What a person takes to choose is no wait.
    if (selector !== given) begunMs = performance.now()
    const target = await resolveTarget(selector)
    const status = createStatus()
    const { signal, interrupt, leave, release } = interruptible(status)
    if (process.stderr.isTTY) status.step(`attaching to ${target.selector}: looking at the host`)
    else if (!screen) say(`attaching to ${target.selector}`)
    const host = await inspectHost()
    const pulse = createPulse()
    const closing = new AbortController()
    let watching: Promise<void> | null = null
    let quit: () => void = () => undefined
    const left = new Promise<void>((resolve) => {
      quit = resolve
    })
    let stopProgress: () => void = () => undefined
    process.stdout.on('error', interrupt) // the reader of the pipe has gone
    const onAttached = (run: Run) => {
      status.done()
      const said = `attached in ${((performance.now() - begunMs) / 1000).toFixed(1)} s`
      if (screen) {
        status.hide()
        watching = watchLive(run, catalog, {
          ...{ pulse, looks: looksOf(flags), mouse: !flags['no-mouse'] },
          signal: AbortSignal.any([signal, closing.signal]),
          onEnd: (end) => {
            status.show()
            if (end === 'lost') return interrupt()
            leave()
            quit()
          },
        })
      } else {
        say(said)
        stopProgress = printProgress(run.model)
      }
    }
    let outcome: AttachOutcome
    try {
      outcome = await attach({
        catalog,
        probes,
        host,
        target,
        plan: null,
        tool: `probe ${this.config.version}`,
        firstPhase: { name: 'attach', kind: 'mark' },
        intervalMs: flags.interval,
        path: flags.record ?? (flags.json ? null : recordingName()),
        bpfStats: flags['bpf-stats'],
        limitSeconds: flags.duration === undefined ? LONGEST_RUN_SECONDS : Math.ceil(flags.duration / 1000) + 60,
        looksBack: screen,
        durationMs: flags.duration ?? null,
        signal,
        left,
        onAttached,
        onProgress: status.say,
        onStep: (text) => status.step(`${target.selector}: ${text}`),
        onRecord: (record) => {
          if (flags.json) process.stdout.write(`${jsonText(record)}\n`)
          pulse.beat()
        },
      })
      // The run may be over while the reader still looks at it.
      await watching
    } catch (error) {
      throw failureToBegin(error, signal)
    } finally {
      closing.abort()
      stopProgress()
      status.done()
      release()
    }
    if (!flags.json) this.log(textSummary(outcome.model, catalog, outcome.recording ?? undefined))
    if (outcome.error) throw Object.assign(outcome.error, { exitCode: outcome.end.exit_code })
    process.exitCode = outcome.end.exit_code
  }
}
