import type { Run, RunModel } from '../audit/index.ts'
import type { Probe } from '../probes/index.ts'
import { openTerminal, progressLine, type ScreenEnd, type TerminalOptions } from '../ui/index.ts'
import { type OpenRecording, openRecording } from './load-recording.ts'
import { saveBeside } from './save-beside.ts'
import { say } from './say.ts'

/** A line for a log every so often, ms. */
const PROGRESS_EVERY_MS = 2_000

/** Calls back whenever records have changed the model, at most once a tick however many came. */
export function createPulse() {
  const listeners = new Set<() => void>()
  let due = false
  return {
    beat: () => {
      if (due) return
      due = true
      setImmediate(() => {
        due = false
        for (const listener of listeners) listener()
      })
    },
    subscribe: (listener: () => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Progress of a run on stderr; returns how to stop it. */
export function printProgress(model: RunModel): () => void {
  const timer = setInterval(() => say(progressLine(model)), PROGRESS_EVERY_MS)
  return () => clearInterval(timer)
}

export interface WatchOptions {
  pulse: ReturnType<typeof createPulse>
  looks: NonNullable<TerminalOptions['looks']>
  mouse: boolean
  /** what is asked before the reader leaves, where that ends more than the screen */
  leaving?: string | undefined
  /** closes the screen from outside */
  signal: AbortSignal
  onEnd: (end: ScreenEnd) => void
}

/**
 * The screen on a run; resolves when the reader has left it. `onEnd` is called in any case, also when the screen broke:
 * what broke it is told by whoever awaits the result, after the run has ended in order.
 */
export function watchLive(
  run: Run,
  catalog: ReadonlyMap<string, Probe>,
  { pulse, looks, mouse, leaving, signal, onEnd }: WatchOptions,
): Promise<void> {
  const watching = openTerminal({
    model: run.model,
    catalog,
    subscribe: (changed) => {
      const stop = pulse.subscribe(changed)
      return () => void stop()
    },
    onQuit: () => undefined,
    onMark: (label) =>
      void run.recorder.mark(label).catch((error: Error) => run.recorder.note(`mark ${label}: ${error.message}`)),
    save: saveBeside(run.recording?.path ?? null),
    mouse,
    title: run.recording?.path ?? '',
    recording: run.recording?.path ?? null,
    live: true,
    leaving,
    looks,
    signal,
  }).then(onEnd, (error: unknown) => {
    onEnd('left')
    throw error
  })
  watching.catch(() => undefined) // told after the end of the run
  return watching
}

/**
 * The screen on a recording, at once: it is read while the reader looks. Resolves when the reader has left; rejects when
 * the file is no recording, or could not be read to its end.
 */
export async function watchReplay(
  path: string,
  catalog: ReadonlyMap<string, Probe>,
  { looks, mouse }: Pick<WatchOptions, 'looks' | 'mouse'>,
): Promise<Pick<OpenRecording, 'model' | 'bytes'> & { isWhole: boolean }> {
  const [pulse, reading, closing] = [createPulse(), new AbortController(), new AbortController()]
  const opened = await openRecording(path, catalog, { signal: reading.signal, onRecord: pulse.beat })
  opened.done.then(collectSoon, () => closing.abort()) // why is told below, when the screen is gone
  await openTerminal({
    model: opened.model,
    catalog,
    subscribe: (changed) => {
      const stop = pulse.subscribe(changed)
      return () => void stop()
    },
    onQuit: () => reading.abort(),
    progress: opened.progress,
    looks,
    mouse,
    save: saveBeside(path),
    title: path,
    recording: path,
    live: false,
    signal: closing.signal,
  })
  const { model, bytes } = opened
  return { model, bytes, isWhole: await opened.done }
}

/** By then what has been read is drawn, s; on a busy machine it takes longer. */
const DRAWN_AFTER_S = [0.5, 3] as const

/** When all is read and drawn most of the memory is what that left behind, and nothing more comes that would collect it. */
function collectSoon(): void {
  const collect = () => void globalThis.gc?.({ type: 'major', flavor: 'last-resort', execution: 'sync' })
  for (const s of DRAWN_AFTER_S) setTimeout(collect, s * 1000).unref()
}

/** Whether a person sits in front of it. */
export const hasScreen = (): boolean => process.stdout.isTTY === true && process.stdin.isTTY === true
