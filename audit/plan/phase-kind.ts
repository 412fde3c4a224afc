/** What a phase is for; `mark` is a user's own, of which nothing is known. */
export const PHASE_KINDS = ['idle', 'warmup', 'baseline', 'stress', 'soak', 'recovery', 'mark'] as const
export type PhaseKind = (typeof PHASE_KINDS)[number]

const names: readonly (readonly [RegExp, PhaseKind])[] = [
  [/^(idle|pause)/, 'idle'],
  [/warm|ramp.?up|set.?up/, 'warmup'],
  [/recover|cool|tear.?down/, 'recovery'],
  [/soak|endurance/, 'soak'],
  [/stress|peak|spike|overload/, 'stress'],
  [/base|normal|steady|^load$/, 'baseline'],
]

/** The kind of a phase by the name that a person or a load tool gives it; `mark` when the name says nothing. */
export function kindOfName(name: string): PhaseKind {
  const lower = name.toLowerCase()
  return names.find(([pattern]) => pattern.test(lower))?.[1] ?? 'mark'
}
