import { LoadError, PlanError } from '../audit/index.ts'
import { TracerError } from '../probes/index.ts'
import { exitCodes } from './errors.ts'
import type { Status } from './status.ts'

export interface Interruption {
  signal: AbortSignal
  interrupt: () => void
  /** the run ends by itself or by a key: the next Ctrl-C does not wait */
  leave: () => void
  release: () => void
}

/**
 * Ctrl-C, SIGTERM and a closed terminal end a run in order: the last window is taken, everything detached, the recording
 * closed; what it is at is said. A second Ctrl-C does not wait: the tracer dies with this process, the recording gets its end
 * on the spot, without the last window.
 * A second hang-up is no impatience: kernel and shell each send one when a terminal is closed.
 */
export function interruptible(status: Pick<Status, 'leave' | 'done'>): Interruption {
  const controller = new AbortController()
  let asked = 0
  const leave = () => {
    asked = Math.max(asked, 1)
    status.leave()
  }
  const onSignal = (name: NodeJS.Signals) => {
    if (name !== 'SIGHUP' && ++asked > 1) {
      status.done()
      process.exit(exitCodes.interrupted)
    }
    leave()
    controller.abort()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of signals) process.on(name, onSignal)
  return {
    signal: controller.signal,
    leave,
    interrupt: () => {
      leave()
      controller.abort()
    },
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
