import type { RunModel } from '../model/run.ts'
import type { EndRecord } from '../recording/format.ts'
import { type Ending, type Run, type RunOptions, startRun } from './run.ts'

export interface AttachOptions extends RunOptions {
  /** ends by itself after this; null: until interrupted or the target ends */
  durationMs: number | null
  /** resolves when the user has seen enough */
  left: Promise<void>
  /** called once everything is attached and the recording has begun */
  onAttached?: (run: Run) => void
}

export interface AttachOutcome {
  model: RunModel
  end: EndRecord
  error: Error | null
  /** null also where nothing could be written */
  recording: { path: string; bytes: number } | null
}

/** `probe attach`: probes on a running target until its time is over, it ends, or somebody says stop. */
export async function attach(options: AttachOptions): Promise<AttachOutcome> {
  const run = await startRun(options)
  options.onAttached?.(run)
  let timer: NodeJS.Timeout | undefined
  const time = new Promise<Ending>((resolve) => {
    if (options.durationMs !== null)
      timer = setTimeout(() => resolve({ reason: 'done', exitCode: 0, verdict: 'done' }), options.durationMs)
  })
  const ending = await Promise.race([
    run.over,
    time,
    options.left.then((): Ending => ({ reason: 'done', exitCode: 0, verdict: 'done' })),
  ])
  clearTimeout(timer)
  const end = await run.end(ending)
  return {
    model: run.model,
    end,
    error: ending.error ?? (end.exit_code === ending.exitCode ? null : notValid(end)),
    recording: run.recording?.bytes() ? { path: run.recording.path, bytes: run.recording.bytes() } : null,
  }
}

/** It went to its end, and what it measured turned out to be incomplete. */
const notValid = ({ verdict }: EndRecord): Error => Object.assign(new Error(verdict), { code: 'not_valid' })
