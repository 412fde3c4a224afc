import { type ChildProcess, spawn } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import type { LoadRecord } from '../recording/format.ts'
import { LoadError } from './load-error.ts'
import {
  type Command,
  loadOptionsSchema,
  type PhaseSpec,
  type PhaseTotals,
  phaseSpecSchema,
  type Report,
  reportSchema,
  type WireSlice,
} from './protocol.ts'

export interface GeneratorOptions extends z.input<typeof loadOptionsSchema> {
  /** CPU to pin the generator to, by taskset(1); anywhere without it */
  cpu?: number
  /** called about once a second per phase that has something to tell */
  onSlice?: (slice: LoadSlice) => void
}

/** A `load` record before the recording's clock: times are CLOCK_MONOTONIC ns, as process.hrtime.bigint() reads it. */
export type LoadSlice = Omit<LoadRecord, 'type' | 'start_us' | 'end_us'> & { startNs: bigint; endNs: bigint }

/** The `load` record of a slice in a recording that started at `startedNs` (CLOCK_MONOTONIC). */
export const loadRecordOf = ({ startNs, endNs, ...rest }: LoadSlice, startedNs: bigint): LoadRecord => ({
  type: 'load',
  start_us: Number((startNs - startedNs) / 1000n),
  end_us: Number((endNs - startedNs) / 1000n),
  ...rest,
})

export interface PhaseResult {
  id: number
  /** CLOCK_MONOTONIC, ns */
  startNs: bigint
  endNs: bigint
  /**
   * Totals once the last request of the phase is decided, at most `timeoutMs` after `endNs`; the slices of late answers
   * come under this phase's id, also while the next phase runs. Never rejects: `stop()` ends it early.
   */
  drained: Promise<PhaseTotals>
}

export interface Generator {
  readonly pid: number
  /** address the requests go to, after name resolution */
  readonly address: string
  /**
   * Drives one phase and resolves at its end on the timetable (or when stopped). Rejects with LoadError `phase_running`,
   * or `generator_died` when the process ended by itself.
   */
  runPhase(phase: PhaseSpec): Promise<PhaseResult>
  /** Stops the load at once; the last slices are delivered, then the process is gone (killed after 2 s). */
  stop(): Promise<void>
}

const STOP_BOUND_MS = 2000

/**
 * Starts the open-loop load generator in its own process and connects it to the target. Requests leave when the
 * integral of the rate says so; latency counts from there. Throws LoadError `target_unreachable` or `generator_died`.
 */
export async function startGenerator({ cpu, onSlice, ...input }: GeneratorOptions): Promise<Generator> {
  const options = loadOptionsSchema.parse(input)
  const child = spawnGenerator(cpu)
  const stderr = tailOf(child)
  const gone = new Promise<LoadError>((resolve) => {
    child.once('error', (error) => resolve(died(error.message)))
    child.once('close', (code, signal) => resolve(died(stderr().trim() || `ended with ${signal ?? `code ${code}`}`)))
  })
  const tell = (command: Command) => {
    // A process that is gone is noticed by `gone`; the failed write has nothing to add.
    if (child.connected) child.send(command, () => {})
  }

  const listeners = new Set<(report: Report) => void>()
  child.on('message', (message) => {
    const report = reportSchema.parse(message)
    if (report.type === 'slice') onSlice?.(sliceOf(report.slice))
    for (const listener of listeners) listener(report)
  })

  /** First answer that `pick` wants, or the error that ended the process. */
  const answer = async <T>(pick: (report: Report) => T | undefined): Promise<T | LoadError> => {
    let listener: (report: Report) => void = () => {}
    const picked = new Promise<T>((resolve) => {
      listener = (report) => {
        const value = pick(report)
        if (value !== undefined) resolve(value)
      }
      listeners.add(listener)
    })
    const result = await Promise.race([picked, gone])
    listeners.delete(listener)
    return result
  }

  tell({ type: 'open', options })
  const opened = await answer((report) => (report.type === 'ready' || report.type === 'failed' ? report : undefined))
  if (opened instanceof LoadError || opened.type === 'failed') {
    child.kill('SIGKILL')
    throw opened instanceof LoadError
      ? opened
      : new LoadError('target_unreachable', opened.message, 'start the target first, or correct the url')
  }

  let running = false
  const runPhase = async (spec: PhaseSpec): Promise<PhaseResult> => {
    if (running) throw new LoadError('phase_running', 'a phase is running already', 'await it first, or stop()')
    const phase = phaseSpecSchema.parse(spec)
    running = true
    const drained = answer((report) =>
      report.type === 'drained' && report.id === phase.id ? report.totals : undefined,
    )
    const ended = answer((report) => (report.type === 'ended' && report.id === phase.id ? report : undefined))
    tell({ type: 'phase', phase })
    const end = await ended
    running = false
    if (end instanceof LoadError) throw end
    return {
      id: phase.id,
      startNs: BigInt(end.startNs),
      endNs: BigInt(end.endNs),
      drained: drained.then((totals) =>
        totals instanceof LoadError ? { planned: 0, sent: 0, done: 0, errors: {} } : totals,
      ),
    }
  }
  const stop = async () => {
    tell({ type: 'stop' })
    const bound = setTimeout(() => child.kill('SIGKILL'), STOP_BOUND_MS)
    await gone
    clearTimeout(bound)
  }
  return { pid: child.pid ?? 0, address: opened.address, runPhase, stop }
}

const died = (cause: string): LoadError =>
  new LoadError('generator_died', `the load generator died: ${cause}`, 'run the audit again; the phase is incomplete')

function spawnGenerator(cpu: number | undefined): ChildProcess {
  // From source this is a .ts file, which Node runs by stripping its types; from dist a .js file.
  const entry = fileURLToPath(new URL(`./generator-process${extname(import.meta.url)}`, import.meta.url))
  const command = [process.execPath, entry]
  const [file = '', ...args] = cpu === undefined ? command : ['taskset', '-c', String(cpu), ...command]
  return spawn(file, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: process.env['NODE_EXTRA_CA_CERTS'] },
    // Ctrl-C reaches the whole foreground group: the parent decides when the load ends.
    detached: true,
  })
}

function tailOf(child: ChildProcess): () => string {
  let tail = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-4096)
  })
  return () => tail
}

const sliceOf = ({ startNs, endNs, ...rest }: WireSlice): LoadSlice => ({
  ...rest,
  startNs: BigInt(startNs),
  endNs: BigInt(endNs),
})
