import { lstatSync } from 'node:fs'
import type { FilePlace } from '../../files/index.ts'
import {
  createRoster,
  describeExit,
  growth,
  type Host,
  type Probe,
  type Roster,
  sanitizeText,
  servingNow,
  startSession,
  type Target,
  type TraceSession,
} from '../../probes/index.ts'
import { applyRecord, createRunModel } from '../model/apply.ts'
import type { Judging } from '../model/judging.ts'
import type { RunModel } from '../model/run.ts'
import { summarize } from '../model/summary.ts'
import type { EndRecord, RecordingRecord, SummaryRecord } from '../recording/format.ts'
import { createRecording, type RecordingWriter } from '../recording/writer.ts'
import { measurePrograms } from '../telemetry/kernel-cost.ts'
import { createTelemetry } from '../telemetry/telemetry.ts'
import { openControl } from './control.ts'
import { type Recorder, startRecorder } from './recorder.ts'

export interface RunOptions {
  catalog: ReadonlyMap<string, Probe>
  probes: readonly Probe[]
  variants?: Readonly<Record<string, string>>
  host: Host
  target: Target
  plan: unknown
  tool: string
  firstPhase: { name: string; kind: string }
  intervalMs: number
  /** where the recording goes; null: nowhere */
  path: string | null
  /** the same where its folder is open already */
  place?: FilePlace
  /** measure the kernel programs by kernel.bpf_stats_enabled, for the whole host, undone at the end */
  bpfStats: boolean
  /** false: nobody draws from the model while it runs (no screen); pictures are then drawn from the recording */
  looksBack?: boolean
  /** the programs end themselves after this, s */
  limitSeconds: number
  /** how phases are judged; without it nothing has a limit */
  judging?: Judging
  /** processes that make the load: their CPU time is recorded beside the target's */
  generatorPids?: () => readonly number[]
  onRecord?: (record: RecordingRecord) => void
  onProgress?: (text: string) => void
  /** what is being done now, where that takes a moment */
  onStep?: (text: string) => void
  signal: AbortSignal
}

/** A run: probes attached, recording growing, model following it. */
export interface Run {
  model: RunModel
  recorder: Recorder
  recording: RecordingWriter | null
  /** resolves when the run cannot or need not go on; `end` is then called with it */
  over: Promise<Ending>
  /** takes the last window, detaches, writes summary and end; once, whoever else asks gets the same */
  end: (ending: Ending | Conclude) => Promise<EndRecord>
}

/** An ending that depends on what the run came to. */
export type Conclude = (model: RunModel, summary: SummaryRecord) => Ending

export interface Ending {
  reason: EndRecord['reason']
  exitCode: number
  verdict: string
  /** said to the user when it is not as planned */
  error?: Error
}

const FIRST_WINDOW_MS = 50
/** exit code of who was interrupted (128 + SIGINT) */
const INTERRUPTED = 130
/** By then the tracer has been spawned. */
const SPAWNED_AFTER_MS = 200
const TARGET_POLL_MS = 200
/** A service that is stopped and started again is back by then; what takes longer is an end. */
const GRACE_MS = 5_000
/** What a long run is bounded by when the user names no duration. */
export const LONGEST_RUN_SECONDS = 7 * 24 * 3600

/** Attaches and starts recording. Whatever happens from here on, `end` leaves nothing attached. */
export async function startRun(options: RunOptions): Promise<Run> {
  const model = createRunModel(options.catalog, options)
  const recording = options.path === null ? null : await createRecording(options.path, options.catalog, options.place)
  // Whoever ends this process on the spot leaves a recording that says so. Only what needs no waiting happens then.
  let nowUs = () => 0
  const leave = (code: number) =>
    recording?.endNow({
      type: 'end',
      t_us: nowUs(),
      reason: code === INTERRUPTED ? 'interrupted' : 'aborted',
      exit_code: code,
      verdict: code === INTERRUPTED ? 'interrupted: left at once, the last window is missing' : 'ended on the spot',
    })
  process.once('exit', leave)
  const onRecord = (record: RecordingRecord) => {
    applyRecord(model, record)
    recording?.append(record)
    options.onRecord?.(record)
  }
  const roster = createRoster(options.target, growth(options.target, options.host))
  const restore = options.bpfStats ? measurePrograms() : () => undefined
  let session: TraceSession
  let recorder: Recorder
  try {
    const attaching = startSession({
      probes: options.probes,
      target: options.target,
      roster,
      host: options.host,
      limitSeconds: options.limitSeconds,
      signal: options.signal,
      ...(options.onProgress ? { onProgress: options.onProgress } : {}),
      ...(options.onStep ? { onStep: options.onStep } : {}),
      ...(options.variants ? { prepare: { variants: options.variants } } : {}),
    })
    const opening = whileItCompiles(() => createTelemetry(options.target, { roster }))
    opening.catch(() => undefined) // told when it is awaited; until then the tracer may take a while
    const closeTelemetry = () => opening.then(({ close }) => close()).catch(() => undefined) // it is not even open
    try {
      session = await attaching
    } catch (error) {
      void closeTelemetry()
      throw error
    }
    try {
      const telemetry = await opening
      recorder = await startRecorder({ ...options, session, telemetry, firstWindowMs: FIRST_WINDOW_MS, onRecord })
    } catch (error) {
      void closeTelemetry()
      await session.stop()
      throw error
    }
  } catch (error) {
    restore()
    await recording?.close()
    process.off('exit', leave)
    throw error
  }
  nowUs = recorder.nowUs
  const control = await openControl((label) => recorder.mark(label)).catch((error: Error) => {
    recorder.note(`no marks from another terminal: ${error.message}`)
    return null // the measurement does not hang on it
  })
  const watch = watchTarget(options.target, roster, (text) => recorder.note(text))
  const over = Promise.race([
    watch.gone.then((): Ending => ({ reason: 'target_exited', exitCode: 0, verdict: 'the target ended' })),
    session.failed.then((exit): Ending => {
      const error = new Error(`the tracer ended: ${describeExit(exit)}`)
      return { reason: 'tracer_failed', exitCode: 3, verdict: error.message, error }
    }),
    recorder.failed.then((error): Ending => ({ reason: 'tracer_failed', exitCode: 3, verdict: error.message, error })),
    ...(recording
      ? [
          recording.failed.then(
            (error): Ending => ({ reason: 'aborted', exitCode: error.exitCode, verdict: error.message, error }),
          ),
        ]
      : []),
    aborted(options.signal).then((): Ending => ({ reason: 'interrupted', exitCode: 130, verdict: 'interrupted' })),
  ])

  const close = async (ended: Ending | Conclude): Promise<EndRecord> => {
    watch.stop()
    control?.close()
    options.onStep?.('taking the last window')
    session.hurry()
    try {
      await recorder.finish()
    } catch (error) {
      // The tracer is gone: what it had since the last cut is lost, and said so.
      if (typeof ended === 'function' || ended.reason !== 'tracer_failed')
        onRecord({
          type: 'note',
          t_us: recorder.nowUs(),
          text: `the last window is missing: ${error instanceof Error ? error.message : String(error)}`,
        })
    }
    options.onStep?.('detaching')
    const leftOver = await session.stop()
    if (leftOver !== null) onRecord({ type: 'note', t_us: recorder.nowUs(), text: leftOver })
    restore()
    const summary = summarize(model, options.catalog, options.judging)
    onRecord(summary)
    const ending = typeof ended === 'function' ? ended(model, summary) : wholeOrNot(ended, summary)
    const record: EndRecord = {
      type: 'end',
      t_us: recorder.nowUs(),
      reason: ending.reason,
      exit_code: ending.exitCode,
      verdict: sanitizeText(ending.verdict),
    }
    onRecord(record)
    await recording?.close()
    process.off('exit', leave)
    return record
  }
  let closing: Promise<EndRecord> | null = null
  const end = (ending: Ending | Conclude): Promise<EndRecord> => {
    closing ??= close(ending)
    return closing
  }
  return { model, recorder, recording, over, end }
}

/** A run that ended as it should, but whose numbers do not reach to its end, is no measurement of what was asked for. */
function wholeOrNot(ending: Ending, summary: SummaryRecord): Ending {
  const lacking = ending.exitCode === 0 ? summary.phases.find(({ valid }) => !valid) : undefined
  if (lacking === undefined) return ending
  return { ...ending, exitCode: 5, verdict: `not valid: ${lacking.name}: ${lacking.reasons.join(', ')}` }
}

/** The tracer takes half a second to start, and this process waits: what needs a moment is done then. */
async function whileItCompiles<T>(work: () => T): Promise<T> {
  await new Promise((resolve) => setTimeout(resolve, SPAWNED_AFTER_MS))
  return work()
}

/**
 * Tells when nothing of the target is left. A port may be nobody's for a moment: a service that is started again has some
 * seconds to listen on it.
 */
function watchTarget(
  target: Target,
  roster: Roster,
  note: (text: string) => void,
): { gone: Promise<void>; stop: () => void } {
  let timer: NodeJS.Timeout | undefined
  let goneSinceMs: number | null = null
  const isServedAgain = () => target.port !== undefined && servingNow(target.port, target.netnsInode).length > 0
  const gone = new Promise<void>((resolve) => {
    // A cgroup may be empty for a while; its processes at the start say nothing about its end.
    if (target.selectedBy === 'cgroup') return
    timer = setInterval(() => {
      if (roster.isAlive()) {
        goneSinceMs = null
        return
      }
      if (target.port !== undefined && goneSinceMs === null) {
        goneSinceMs = performance.now()
        note(`nobody serves port ${target.port} any more: waiting ${GRACE_MS / 1000} s for whoever listens on it next`)
      }
      if (goneSinceMs !== null && performance.now() - goneSinceMs < GRACE_MS) return
      // Who came since the last window is not in the roster yet.
      if (isServedAgain()) return
      clearInterval(timer)
      resolve()
    }, TARGET_POLL_MS)
  })
  return { gone, stop: () => clearInterval(timer) }
}

export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** `probe-2026-11-23T15-04-05.ndjson` in the working directory; a number is appended when that exists. */
export function recordingName(now = new Date()): string {
  const stamp = now.toISOString().slice(0, 19).replaceAll(':', '-')
  for (let n = 1; ; n++) {
    const name = `probe-${stamp}${n > 1 ? `-${n}` : ''}.ndjson`
    // A link to nothing counts, too: nothing is written through it.
    if (!lstatSync(name, { throwIfNoEntry: false })) return name
  }
}
