import { z } from 'zod'
import { resolveTarget } from './address.ts'
import { LoadError } from './load-error.ts'
import { addedUp, createSliceMerge, latest } from './merge.ts'
import {
  type LoadOptions,
  loadOptionsSchema,
  type PhaseSpec,
  type PhaseTotals,
  phaseSpecSchema,
  type Report,
  type requestSchema,
} from './protocol.ts'
import type { LoadSlice } from './slice.ts'
import { startWorker, type Worker } from './worker.ts'

export { type LoadSlice, loadRecordOf } from './slice.ts'

export interface GeneratorOptions extends Partial<Omit<z.input<typeof loadOptionsSchema>, 'shard' | 'requests'>> {
  url: string
  /** none: GET of the url's own path */
  requests?: readonly z.input<typeof requestSchema>[]
  /** processes that share the load */
  workers?: number
  /** CPUs to keep the processes on, as taskset(1) takes them, e.g. "2,3"; anywhere without it */
  cpus?: string | null
  /** of the url's host, where they have been resolved before */
  addresses?: readonly string[]
  /** a process that says nothing for so long is taken for dead; default 10 s */
  silenceMs?: number
  /** called about once a second per phase that has something to tell */
  onSlice?: (slice: LoadSlice) => void
  /** aborted: whatever has been started is killed, and starting rejects with LoadError `stopped` */
  signal?: AbortSignal
}

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
  readonly pids: readonly number[]
  /** address the requests go to, after name resolution */
  readonly address: string
  /** Opens the kept connections with one request each, outside any phase, for at most two seconds. */
  warmUp(): Promise<void>
  /**
   * Drives one phase and resolves at its end on the timetable (or when stopped). Rejects with LoadError `phase_running`,
   * or `generator_died` when a process ended by itself.
   */
  runPhase(phase: PhaseSpec): Promise<PhaseResult>
  /** why its processes are gone, where nobody has stopped them */
  died(): LoadError | null
  /** Stops the load at once; the last slices are delivered, then the processes are gone (killed after 2 s). */
  stop(): Promise<void>
}

/** The timetable begins so long after it was made, that every process has heard of it. */
const HEARD_AFTER_NS = 3_000_000n

/**
 * Starts the open-loop load generator in processes of its own. Requests leave when the integral of the rate says so;
 * latency counts from there. Nothing is sent yet but one connection that proves that the target can be reached.
 * Throws LoadError `target_unreachable`, `tls_failed`, `bad_options`, `generator_died` or `stopped`.
 */
export async function startGenerator(input: GeneratorOptions): Promise<Generator> {
  const { cpus = null, onSlice = () => undefined, signal } = input
  const options = checkedOptions(input)
  const count = Math.min(input.workers ?? 1, options.connections, options.maxInFlight)
  const address = await resolveTarget(options, input.addresses)
  const merge = createSliceMerge(count, onSlice)
  const listeners = new Set<(worker: number, report: Report) => void>()
  const onReport = (worker: number, report: Report) => {
    if (report.type === 'slice') merge.add(worker, report.slice)
    else if (report.type === 'drained') merge.drained(worker, report.id)
    for (const listener of listeners) listener(worker, report)
  }
  const stoppedEarly = new LoadError('stopped', 'the load was stopped before it began')
  if (signal?.aborted) throw stoppedEarly
  const workers = Array.from({ length: count }, (_, index) =>
    startWorker(cpus, (report) => onReport(index, report), input.silenceMs),
  )
  const killAll = () => {
    for (const worker of workers) worker.kill()
  }
  let stopping = false
  const firstGone = Promise.race(workers.map(({ gone }) => gone))
  // A share of a load is not the load: when one process dies the others end.
  let death: LoadError | null = null
  void firstGone.then((error) => {
    if (stopping) return
    death = error
    killAll()
  })
  const allGone = Promise.all(workers.map(({ gone }) => gone)).then(() => firstGone)
  signal?.addEventListener('abort', killAll, { once: true })

  /** What `pick` takes from the first fitting report of each worker, or the error that ended one. */
  const answers = async <T>(pick: (report: Report) => T | undefined): Promise<T[] | LoadError> => {
    const picked = new Map<number, T>()
    let listener: (worker: number, report: Report) => void = () => {}
    const all = new Promise<T[]>((resolve) => {
      listener = (worker, report) => {
        const value = picked.has(worker) ? undefined : pick(report)
        if (value === undefined) return
        picked.set(worker, value)
        if (picked.size === count) resolve([...picked.values()])
      }
      listeners.add(listener)
    })
    const result = await Promise.race([all, allGone])
    listeners.delete(listener)
    return result
  }

  const ready = answers((report) => (report.type === 'ready' ? true : undefined))
  for (const [index, worker] of workers.entries())
    worker.tell({ type: 'open', address, options: shareOf(options, index, count) })
  const opened = await ready
  signal?.removeEventListener('abort', killAll)
  if (opened instanceof LoadError) {
    killAll()
    throw signal?.aborted ? stoppedEarly : opened
  }
  return {
    pids: workers.map(({ pid }) => pid),
    address,
    warmUp: async () => {
      const warm = answers((report) => (report.type === 'warm' ? true : undefined))
      for (const worker of workers) worker.tell({ type: 'warm' })
      await warm // a process that died says so to the phase
    },
    died: () => death,
    runPhase: phaseRunner(workers, answers, merge.begin),
    stop: async () => {
      stopping = true
      await Promise.all(workers.map((worker) => worker.stop()))
    },
  }
}

function checkedOptions(input: GeneratorOptions): LoadOptions {
  const {
    workers: _workers,
    cpus: _cpus,
    onSlice: _onSlice,
    signal: _signal,
    addresses: _addresses,
    silenceMs: _silenceMs,
    ...load
  } = input
  const path = URL.canParse(input.url) ? new URL(input.url).pathname + new URL(input.url).search : '/'
  const parsed = loadOptionsSchema.safeParse({ ...load, requests: load.requests ?? [{ path }] })
  if (parsed.success) return parsed.data
  throw new LoadError('bad_options', `the load cannot be made: ${z.prettifyError(parsed.error)}`, 'correct the plan')
}

/** A process's part of what bounds the whole. */
function shareOf(options: LoadOptions, index: number, of: number): LoadOptions {
  const part = (whole: number) => Math.floor((whole + of - 1 - index) / of)
  return {
    ...options,
    connections: part(options.connections),
    maxInFlight: part(options.maxInFlight),
    maxQueue: part(options.maxQueue),
    shard: { index, of },
  }
}

function phaseRunner(
  workers: readonly Worker[],
  answers: <T>(pick: (report: Report) => T | undefined) => Promise<T[] | LoadError>,
  begin: (id: number, startNs: bigint, endNs: bigint) => void,
): Generator['runPhase'] {
  let running = false
  return async (spec) => {
    if (running) throw new LoadError('phase_running', 'a phase is running already', 'await it first, or stop()')
    const phase = phaseSpecSchema.parse(spec)
    running = true
    const drained = answers((report) =>
      report.type === 'drained' && report.id === phase.id ? report.totals : undefined,
    )
    const ended = answers((report) => (report.type === 'ended' && report.id === phase.id ? report : undefined))
    const startNs = process.hrtime.bigint() + HEARD_AFTER_NS
    begin(phase.id, startNs, startNs + BigInt(Math.round(phase.rates.durationMs * 1e6)))
    for (const worker of workers) worker.tell({ type: 'phase', phase, startNs: String(startNs) })
    const ends = await ended
    running = false
    if (ends instanceof LoadError) throw ends
    return {
      id: phase.id,
      startNs,
      endNs: ends.map(({ endNs }) => BigInt(endNs)).reduce(latest),
      drained: drained.then((totals) => addedTotals(totals instanceof LoadError ? [] : totals)),
    }
  }
}

const addedTotals = (totals: readonly PhaseTotals[]): PhaseTotals => ({
  planned: totals.reduce((sum, { planned }) => sum + planned, 0),
  sent: totals.reduce((sum, { sent }) => sum + sent, 0),
  done: totals.reduce((sum, { done }) => sum + done, 0),
  errors: addedUp(totals.map(({ errors }) => errors)),
})
