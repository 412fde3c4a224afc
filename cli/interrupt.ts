import { LoadError, PlanError } from '../audit/index.ts'
import { TracerError } from '../probes/index.ts'
import { exitCodes } from './errors.ts'

/**
 * Ctrl-C, SIGTERM and a closed terminal end a run in order: the last window is taken, everything detached, the recording
 * closed. A second Ctrl-C does not wait: the tracer dies with this process, the recording opens up to its last line.
 * A second hang-up is no impatience: kernel and shell each send one when a terminal is closed.
 */
export function interruptible(): { signal: AbortSignal; interrupt: () => void; release: () => void } {
  const controller = new AbortController()
  let asked = 0
  const onSignal = (name: NodeJS.Signals) => {
    if (name !== 'SIGHUP' && ++asked > 1) process.exit(exitCodes.interrupted)
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

/** What is told of a run that did not begin: somebody who interrupts it has met no failure of tracer, load or target. */
export function failureToBegin(error: unknown, signal: AbortSignal): unknown {
  const isOfTheStart = error instanceof TracerError || error instanceof LoadError || error instanceof PlanError
  if (!signal.aborted || !isOfTheStart) return error
  return Object.assign(new Error('interrupted while attaching: nothing was recorded'), {
    code: 'interrupted',
    exitCode: exitCodes.interrupted,
  })
}
