import { type PhaseModel, type ProfileOf, profileOf, type RunModel, type WallPhase, wallOf } from '../../audit/index.ts'
import { formatCount, formatNs, formatPercent } from '../text/format.ts'
import { columnOf, headLines, type RunFlame } from './of-run.ts'

/**
 * Where the time of all threads went that had work: running, blocked, waiting for a CPU, in one unit. null when the run has not both
 * on-CPU and off-CPU stacks, or nothing of them in the phases shown. A model that is a copy has its profiles elsewhere.
 */
export function wallFlameOfRun(
  model: RunModel,
  show: { phase: PhaseModel } | { base: PhaseModel; candidate: PhaseModel },
  profiles: ProfileOf = profileOf,
): RunFlame | null {
  const wall = wallOf(model, profiles)
  if (!wall) return null
  const key = (phase: PhaseModel) => String(phase.id)
  return {
    profile: wall.busy,
    value: 'wall',
    options: {
      title: 'Wall clock · where threads were when they had work: on CPU, blocked, waiting for a CPU',
      lines: headLines(model, ['on-cpu', 'off-cpu']),
      columns: [...wall.phases].map(([phase, told]) => columnOf(model, phase, 'off-cpu', trustIn(told))),
      view: 'phase' in show ? { column: key(show.phase) } : { base: key(show.base), candidate: key(show.candidate) },
    },
  }
}

/** What the picture's widths rest on: how many samples split the CPU time, and whether all adds up to the threads' time. */
function trustIn({ samples, isCpuTimeKnown, expectedNs, sumNs, idleNs, unknownNs }: WallPhase): string[] {
  return [
    `${formatNs(idleNs)} of waiting for work left out`,
    ...(unknownNs > 0 ? [`and ${formatNs(unknownNs)} of waits of unknown kind`] : []),
    `CPU time ${isCpuTimeKnown ? 'as the kernel counts it, ' : ''}by ${formatCount(samples)} samples`,
    expectedNs === null || expectedNs <= 0
      ? 'threads came and went'
      : `sum ${formatPercent((100 * sumNs) / expectedNs)} of the threads’ time`,
  ]
}
