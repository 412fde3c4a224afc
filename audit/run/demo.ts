import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startDemoTarget } from '../../fixtures/targets/start.ts'
import { resolveTarget } from '../../probes/index.ts'
import { type Generator, startGenerator } from '../load/generator.ts'
import { demoPlan, type PhasePlan } from '../plan/demo.ts'
import { packRecording, refusePacked } from '../recording/pack.ts'
import type { AttachOutcome } from './attach.ts'
import { type Ending, type Run, type RunOptions, startRun } from './run.ts'

export interface DemoOptions extends Omit<RunOptions, 'target' | 'plan' | 'firstPhase' | 'path'> {
  /** folder of the recording */
  directory: string
  onAttached?: (run: Run) => void
}

const CONNECTIONS = 512
const TIMEOUT_MS = 5_000

/** `probe audit --demo`: our own API with known faults, our own load, five phases; ends by itself in about a minute. */
export async function runDemo(options: DemoOptions): Promise<AttachOutcome> {
  const plan = demoPlan()
  const path = join(options.directory, 'run.ndjson')
  refusePacked(path)
  await mkdir(options.directory, { recursive: true, mode: 0o700 })
  const api = await startDemoTarget()
  let generator: Generator | null = null
  let run: Run | null = null
  try {
    const target = await resolveTarget({ pids: [api.pid], follow: false })
    const first = plan.phases[0]
    run = await startRun({
      ...options,
      target,
      path,
      firstPhase: { name: first?.name ?? 'idle', kind: first?.kind ?? 'idle' },
      plan: {
        target: { url: `http://127.0.0.1:${api.port}/` },
        peak: `${plan.peakRps}/s`,
        load: { driver: 'builtin', connections: 'per-request' },
        phases: plan.phases.map(({ name, durationMs, fromRps, discard }) => ({
          name,
          duration: `${durationMs / 1000}s`,
          rate: `${fromRps}/s`,
          ...(discard ? { discard } : {}),
        })),
      },
    })
    options.onAttached?.(run)
    const { recorder } = run
    generator = await startGenerator({
      url: `http://127.0.0.1:${api.port}/`,
      connections: CONNECTIONS,
      keepAlive: false,
      timeoutMs: TIMEOUT_MS,
      onSlice: (slice) => recorder.load(slice),
    })
    const course = drive(run, generator, api.setFaults, plan.phases)
    const ending = await Promise.race([
      run.over,
      course.then((): Ending => ({ reason: 'done', exitCode: 0, verdict: 'done' })),
    ])
    // The load stops before anything else: nothing may hit a target nobody watches.
    await generator.stop()
    generator = null
    await course.catch(() => undefined) // an interrupted course has nothing to add to its ending
    const end = await run.end(ending)
    return {
      model: run.model,
      end,
      error: ending.error ?? null,
      recording: run.recording && (await packRecording(run.recording.path)),
    }
  } catch (error) {
    await run?.end({ reason: 'aborted', exitCode: 5, verdict: String(error) })
    throw error
  } finally {
    await generator?.stop()
    await api.stop()
  }
}

/** A phase is cut first, then its load starts; the next begins when the last answer of this one is in. */
async function drive(
  run: Run,
  generator: Generator,
  setFaults: (faults: PhasePlan['faults']) => Promise<void>,
  phases: readonly PhasePlan[],
): Promise<void> {
  let id = 1
  for (const [index, phase] of phases.entries()) {
    if (index > 0) id = (await run.recorder.startPhase(phase.name, phase.kind)).id
    await setFaults(phase.faults)
    const result = await generator.runPhase({
      id,
      rates: { fromRps: phase.fromRps, toRps: phase.toRps, durationMs: phase.durationMs },
      discard: phase.discard,
    })
    await result.drained
  }
}
