import { exitCodes } from './errors.ts'

/**
 * Ctrl-C, SIGTERM and a closed terminal end a run in order: the last window is taken, everything detached, the recording
 * closed. A second one does not wait: the tracer dies with this process, the recording opens up to its last line.
 */
export function interruptible(): { signal: AbortSignal; interrupt: () => void; release: () => void } {
  const controller = new AbortController()
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted)
    controller.abort()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of signals) process.on(name, onSignal)
  return {
    signal: controller.signal,
    interrupt: () => controller.abort(),
    release: () => {
      for (const name of signals) process.off(name, onSignal)
    },
  }
}
