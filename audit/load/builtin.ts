import { availableParallelism } from 'node:os'
import { highestRpsOf } from '../plan/ceiling.ts'
import type { BuiltinLoad, PlannedPhase, SearchPhase, Thresholds, TimedPhase } from '../plan/plan.ts'
import type { Course, DriverVerdict, LoadDriver } from './driver.ts'
import { type Generator, type LoadSlice, startGenerator } from './generator.ts'
import type { ValidityLimits } from './judge.ts'
import { LoadError } from './load-error.ts'
import { generatorCpus, workersFor } from './placement.ts'
import { capacitySearch, rateText, type Trial } from './search.ts'
import { judgeTrial } from './trial.ts'

export interface BuiltinOptions {
  load: BuiltinLoad
  url: string
  /** of its host; by default they are resolved when the load begins */
  addresses?: readonly string[]
  /** at least one */
  phases: readonly PlannedPhase[]
  /** the plan's; a search looks for the highest rate that keeps them */
  thresholds: Thresholds
  /** when a trial of a search says nothing about the target; by default as for any phase */
  validity?: ValidityLimits
  /** CPUs for the generator, as taskset(1) takes them; null: anywhere; not given: away from the others where there are more than two */
  cpus?: string | null
}

/** The built-in open-loop generator as the load of an audit: timed phases, and searches for capacity. */
export function builtinDriver(options: BuiltinOptions): LoadDriver {
  const stopped = new AbortController()
  let generator: Generator | null = null
  return {
    name: 'builtin',
    pids: () => generator?.pids ?? [],
    run: async (course) => {
      try {
        return await drive(options, course, stopped.signal, (started) => {
          generator = started
        })
      } finally {
        generator = null
      }
    },
    stop: async () => {
      // Processes that are just starting are killed by the signal.
      stopped.abort()
      await generator?.stop()
    },
  }
}

async function drive(
  options: BuiltinOptions,
  course: Course,
  signal: AbortSignal,
  onStarted: (generator: Generator) => void,
): Promise<DriverVerdict> {
  const reasons: string[] = []
  let failed: boolean | null = null
  /** of the trial that runs; of other phases nothing is kept, for they may take hours */
  let trialSlices: LoadSlice[] | null = null
  let generator: Generator
  try {
    generator = await startGenerator({
      ...generatorOptions(options),
      signal,
      onSlice: (slice) => {
        trialSlices?.push(slice)
        course.slice(slice)
      },
    })
  } catch (error) {
    if (signal.aborted) return { failed: null, reasons: [] }
    throw error
  }
  onStarted(generator)
  let isWarm = false
  let isFirst = true

  /** Begins the phase and drives it to its last answer; false: the load was stopped. */
  const runPhase = async (name: string, phase: Omit<TimedPhase, 'type' | 'name' | 'thresholds'>): Promise<boolean> => {
    const id = isFirst ? course.firstPhase : (await course.begin(name, phase.kind)).id
    isFirst = false
    if (signal.aborted) return false
    // The connections are opened at the last moment: an idle phase before stays idle.
    if (!isWarm && Math.max(phase.fromRps, phase.toRps) > 0) {
      isWarm = true
      await generator.warmUp()
      if (signal.aborted) return false
    }
    const { fromRps, toRps, durationMs, discard } = phase
    const { drained } = await generator.runPhase({ id, rates: { fromRps, toRps, durationMs }, discard })
    await drained
    // One that dies with its last answers outstanding has not told all it did.
    const death = generator.died()
    if (death && !signal.aborted) throw death
    return !signal.aborted
  }

  const runTrial =
    (phase: SearchPhase) =>
    async (rps: number): Promise<Trial | null> => {
      const slices: LoadSlice[] = []
      trialSlices = slices
      const ran = await runPhase(`${phase.name} ${rateText(rps)}`, {
        kind: phase.kind,
        durationMs: phase.stepMs,
        fromRps: rps,
        toRps: rps,
        discard: false,
      })
      trialSlices = null
      return ran ? judgeTrial(rps, slices, [options.thresholds, phase.thresholds], options.validity) : null
    }

  try {
    for (const phase of options.phases) {
      if (phase.type === 'timed') {
        if (!(await runPhase(phase.name, phase))) break
        continue
      }
      const found = await capacitySearch(phase, runTrial(phase), course.note)
      if (!found) break
      course.note(found.text)
      reasons.push(found.text)
      if (found.keptRps === null && found.brokenBy === 'target') failed = true
    }
  } catch (error) {
    // A generator that was stopped ends its phase early; one that died by itself is an error.
    if (!signal.aborted || !(error instanceof LoadError)) throw error
  } finally {
    await generator.stop()
  }
  return { failed, reasons }
}

function generatorOptions({
  load,
  url,
  addresses,
  phases,
  cpus,
}: BuiltinOptions): Parameters<typeof startGenerator>[0] {
  const workers = load.workers ?? workersFor(highestRpsOf(phases), load, availableParallelism())
  return {
    url,
    ...(addresses ? { addresses } : {}),
    workers,
    cpus: cpus === undefined ? generatorCpus(workers) : cpus,
    protocol: load.protocol,
    connections: load.connections,
    keepAlive: load.keepAlive,
    timeoutMs: load.timeoutMs,
    maxInFlight: load.maxInFlight,
    maxQueue: load.maxQueue,
    tls: load.tls,
    requests: load.requests.map(({ body, expect, headers, method, path, weight }) => ({
      method,
      path,
      weight,
      headers: { ...headers },
      body: body?.toString('base64') ?? null,
      expect: { status: [...expect.status], bodyIncludes: expect.bodyIncludes },
    })),
  }
}
