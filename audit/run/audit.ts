import { join } from 'node:path'
import { type FilePlace, type Folder, freshFolder, openFolder, removeEmptyFolder } from '../../files/index.ts'
import { assertKernelPids, resolveTarget, secretsHider, type Target, type TargetSelector } from '../../probes/index.ts'
import { type AbortReason, createAbortWatch } from '../load/abort.ts'
import { type AskConsent, agreeTo, type Destination, destinationOf, mustReach } from '../load/consent.ts'
import type { Course, DriverVerdict } from '../load/driver.ts'
import { LoadError } from '../load/load-error.ts'
import { type PreparedLoad, prepareLoad } from '../load/prepare.ts'
import { judgingOf } from '../model/judging.ts'
import type { RunModel } from '../model/run.ts'
import { verdictOf } from '../model/verdict.ts'
import { PlanError } from '../plan/error.ts'
import type { Plan } from '../plan/plan.ts'
import { packRecording, refusePacked } from '../recording/pack.ts'
import type { RecordingWriter } from '../recording/writer.ts'
import type { AttachOutcome } from './attach.ts'
import { type Conclude, type Ending, type Run, type RunOptions, startRun } from './run.ts'
import { type Service, startService } from './service.ts'

export interface AuditOptions
  extends Omit<RunOptions, 'target' | 'plan' | 'firstPhase' | 'path' | 'judging' | 'generatorPids' | 'intervalMs'> {
  plan: Plan
  /** asks whether the load may go to what is not this host; null: only where the plan says so */
  askConsent?: AskConsent | null
  /** folder of the results, made where it is missing; null: a new one in the working directory */
  directory: string | null
  onAttached?: (run: Run) => void
  /** called when a phase has begun, before its load starts */
  onPhase?: (name: string) => Promise<void>
}

export interface AuditOutcome extends AttachOutcome {
  /** of the results, open: pictures go into it; whoever asked for the run closes it */
  folder: Folder
}

/**
 * Runs a plan: the target, the probes on it, the load in phases. The load stops before anything else, whatever the reason;
 * the recording is closed and packed, and says how the run ended.
 *
 * @throws PlanError, LoadError, TargetError, TracerError, FileError when the run cannot begin
 */
export async function runAudit(options: AuditOptions): Promise<AuditOutcome> {
  const { plan, directory } = options
  assertKernelPids()
  const clean = secretsHider(plan.secrets)
  if (directory !== null) refusePacked(join(directory, RECORDING))
  let service: Service | null = null
  let load: PreparedLoad | null = null
  let run: Run | null = null
  let folder: Folder | null = null
  try {
    const destination = await destinationOf(plan)
    // Before anything is sent anywhere, also to see whether it is ready.
    if (destination) await agreeTo(destination, options.askConsent ?? null)
    const { command, url, select } = plan.target
    if (command) options.onStep?.('starting the target')
    if (command) service = await startService(command, url, options.host.setpriv, options.signal, clean)
    const target = await targetOf(plan, service)
    const [watched] = target.processes
    // By another choice than the url's port somebody says that both belong together: a balancer before it, a database behind.
    const isOfUrl = select === null || select.port === destination?.port
    if (destination && watched && isOfUrl) mustReach(destination, watched)
    const judging = judgingOf(plan)
    options.onStep?.('preparing the load')
    load = await prepareLoad(plan, judging.validity, options.signal, destination)
    const { driver, firstPhase, phases } = load
    folder = directory === null ? freshFolder(folderName()) : openFolder(directory, { make: true })
    const path = folder.pathOf(RECORDING)
    refusePacked(path)
    const place = { folder, name: RECORDING }
    run = await startRun({
      ...options,
      target,
      path,
      place,
      firstPhase,
      plan: writtenPlan(plan, phases),
      intervalMs: plan.intervalMs,
      judging,
      generatorPids: () => driver.pids(),
    })
    options.onAttached?.(run)
    if (plan.load.driver === 'builtin' && !plan.load.tls.verify)
      run.recorder.note('the plan takes any certificate (tls.verify: false): who answered is not known')
    if (destination && destination.foreign.length > 0) run.recorder.note(elsewhere(destination))
    await options.onPhase?.(firstPhase.name)
    const { course, aborted } = courseOf(run, options, clean)
    const driving = driver.run(course).then(
      (verdict): Conclude => conclude(plan, { ...verdict, reasons: verdict.reasons.map(clean) }),
      (error: Error): Ending => failed(cleaned(error, clean)),
    )
    const { model } = run
    const over = run.over.then((end) => (end.reason === 'target_exited' ? targetGone(end, model) : end))
    const ending = await Promise.race([over, aborted, driving])
    // Nothing may hit a target that nobody watches.
    options.onStep?.('stopping the load')
    await driver.stop()
    await driving
    const end = await run.end(ending)
    return {
      model: run.model,
      end,
      error: typeof ending === 'function' ? null : (ending.error ?? null),
      recording: run.recording?.bytes() ? await packed(run.recording, place, options, model.nowUs) : null,
      folder,
    }
  } catch (error) {
    await load?.driver.stop()
    const told = error instanceof Error ? cleaned(error, clean) : error
    await run?.end({ reason: 'aborted', exitCode: 5, verdict: String(told) })
    folder?.close()
    if (folder?.isNew) await removeEmptyFolder(folder.path)
    throw told
  } finally {
    if (service) options.onStep?.('stopping the target')
    await service?.stop()
  }
}

const elsewhere = ({ host, port, foreign, consent }: Destination): string =>
  `the load goes to ${host}:${port} (${foreign.join(', ')}), which is not this host: ${
    consent.kind === 'plan' ? `the plan consents (${consent.entry})` : 'agreed to for this run'
  }`

const RECORDING = 'run.ndjson'

const folderName = (): string => `probe-audit-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`

function packed(recording: RecordingWriter, place: FilePlace, { catalog, onStep }: AuditOptions, durationUs: number) {
  onStep?.('packing the recording')
  return packRecording(recording.path, catalog, durationUs, place)
}

/** What the driver is given: phases are cut by the recorder, slices recorded and watched for errors. */
function courseOf(
  run: Run,
  options: AuditOptions,
  clean: (text: string) => string,
): { course: Course; aborted: Promise<Ending> } {
  const { recorder } = run
  const watch = options.plan.abort ? createAbortWatch(options.plan.abort) : null
  let abort: (ending: Ending) => void = () => undefined
  const aborted = new Promise<Ending>((resolve) => {
    abort = resolve
  })
  const course: Course = {
    firstPhase: 1,
    begin: async (name, kind) => {
      const { id, start_us } = await recorder.startPhase(name, kind)
      await options.onPhase?.(name)
      return { id, atNs: recorder.monotonicNs(start_us) }
    },
    slice: (slice) => {
      recorder.load(slice)
      const reason = watch?.(slice) ?? null
      if (reason) abort(stopped(reason))
    },
    note: (text) => recorder.note(clean(text)),
  }
  return { course, aborted }
}

const stopped = ({ failed: bad, ended, share, spanMs }: AbortReason): Ending => {
  const percent = Number((100 * share).toPrecision(3))
  const verdict = `aborted: ${percent} % of the requests failed (${bad} of ${ended} in ${(spanMs / 1000).toFixed(0)} s)`
  return { reason: 'aborted', exitCode: 1, verdict }
}

/** Who attaches may see the target end; under the load of an audit it must not. */
const targetGone = (ending: Ending, { current }: RunModel): Ending => ({
  ...ending,
  exitCode: 1,
  verdict: `failed: the target ended during ${current?.name ?? 'the audit'}`,
})

/** What a service or a load tool said of its end stands in its error; so may what it was given. */
function cleaned(error: Error, clean: (text: string) => string): Error {
  if (!(error instanceof LoadError || error instanceof PlanError)) return error
  error.message = clean(error.message)
  if (error.stack) error.stack = clean(error.stack)
  return error
}

/** The load could not be made: what was measured so far stands, and is no verdict. */
function failed(error: Error): Ending {
  const exitCode = error instanceof LoadError ? error.exitCode : 5
  return { reason: 'aborted', exitCode, verdict: error.message, error }
}

const conclude =
  (plan: Plan, driver: DriverVerdict): Conclude =>
  (model, summary) => {
    const { exitCode, text } = verdictOf(model, summary, plan, driver)
    return { reason: 'done', exitCode, verdict: text }
  }

/** The processes to watch: those the plan names, the service it starts, or whoever listens on the url's port here. */
async function targetOf(plan: Plan, service: Service | null): Promise<Target> {
  const { select, url, follow } = plan.target
  return resolveTarget({ ...(select ?? selectorOf(url, service)), follow })
}

function selectorOf(url: string | null, service: Service | null): Omit<TargetSelector, 'follow'> {
  if (url !== null) {
    const { port, protocol } = new URL(url)
    return { port: Number(port || (protocol === 'https:' ? 443 : 80)) }
  }
  if (service) return { pids: [service.pid] }
  throw new PlanError('invalid', 'the plan names no target', 'target: { port: 8080 }, or a url, pid, comm or command')
}

/** The header keeps what was asked for; phases that only the load tool knew are added. */
function writtenPlan(plan: Plan, phases: PreparedLoad['phases']): unknown {
  if (phases === null || typeof plan.written !== 'object' || plan.written === null) return plan.written
  return { ...plan.written, phases }
}
