import type { Profile } from '../profile/profile.ts'
import { columnTotals } from '../profile/totals.ts'
import { wallClock } from '../profile/wall.ts'
import { profileOf } from './apply.ts'
import type { PhaseModel, ProfileOf, RunModel } from './run.ts'
import { counterGrowth } from './telemetry.ts'

/** The wall-clock time of all of the target's threads; columns are phases, as in every profile of a run. */
export interface Wall {
  /** ns, see `wallClock`; made when it is asked for, since most pictures are of `busy` */
  profile: () => Profile
  /** the same without what waited for work, or may have: of an idle server that is nearly everything, and hides the rest */
  busy: Profile
  phases: Map<PhaseModel, WallPhase>
}

export interface WallPhase {
  /** samples that the CPU time is split by */
  samples: number
  /** true: their sum is the kernel's count of the target's CPU time; false: samples x sampling period */
  isCpuTimeKnown: boolean
  /** threads x duration, ns: what the sum of all stacks should be; null when threads came or went meanwhile */
  expectedNs: number | null
  sumNs: number
  /** the part of the sum that waited for work, ns */
  idleNs: number
  /** the part that waited for what cannot be told, ns */
  unknownNs: number
}

/** null: the run has not both on-CPU and off-CPU stacks. `profiles` finds them where the model is a copy. */
export function wallOf(model: RunModel, profiles: ProfileOf = profileOf): Wall | null {
  const onCpu = profiles(model, 'on-cpu')
  const [blocked, runnable, unknown, idle] = ['blocked', 'runnable', 'unknown', 'waiting'].map((view) =>
    profiles(model, 'off-cpu', view),
  )
  if (!onCpu || !(blocked || runnable || unknown || idle)) return null
  const phaseOf = (column: string) => model.phases.find(({ id }) => String(id) === column)
  const samplesIn = (column: string) => total(onCpu, column)
  const nsPerSample = (column: string): number | null => {
    const phase = phaseOf(column)
    const samples = samplesIn(column)
    if (!phase || samples === 0) return null
    const cpuNs = counterGrowth(phase, 'process', 'cpu_ns')
    return cpuNs === null ? periodNs(phase) : cpuNs / samples
  }
  const parts = { onCpu, blocked: blocked ?? null, runnable: runnable ?? null }
  const busy = wallClock({ ...parts, unknown: null, idle: null }, nsPerSample)
  const phases = new Map(
    model.phases
      .filter(
        ({ id }) =>
          busy.columns.includes(String(id)) || [idle, unknown].some((part) => part?.columns.includes(String(id))),
      )
      .map((phase): [PhaseModel, WallPhase] => {
        const column = String(phase.id)
        const threads = steadyThreads(phase)
        const idleNs = idle ? total(idle, column) : 0
        const unknownNs = unknown ? total(unknown, column) : 0
        const durationNs = ((phase.endUs ?? model.nowUs) - phase.startUs) * 1000
        return [
          phase,
          {
            samples: samplesIn(column),
            isCpuTimeKnown: counterGrowth(phase, 'process', 'cpu_ns') !== null,
            expectedNs: threads === null ? null : threads * durationNs,
            sumNs: total(busy, column) + idleNs + unknownNs,
            idleNs,
            unknownNs,
          },
        ]
      }),
  )
  return {
    profile: () => wallClock({ ...parts, unknown: unknown ?? null, idle: idle ?? null }, nsPerSample),
    busy,
    phases,
  }
}

const total = (profile: Profile, column: string): number => columnTotals(profile, column)[0] ?? 0

function periodNs(phase: PhaseModel): number | null {
  const data = phase.probes.get('on-cpu')?.data
  const hz = typeof data === 'object' && data !== null && 'hz' in data ? Number(data.hz) : Number.NaN
  return hz > 0 ? 1e9 / hz : null
}

function steadyThreads(phase: PhaseModel): number | null {
  const seen = phase.telemetry.get('process')
  const [low, high] = [seen?.low['threads'], seen?.high['threads']]
  return low !== undefined && low === high ? low : null
}
