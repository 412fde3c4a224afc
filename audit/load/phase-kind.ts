const kinds: readonly (readonly [RegExp, string])[] = [
  [/idle|pause|wait/, 'idle'],
  [/warm|ramp.?up|set.?up/, 'warmup'],
  [/soak|endurance/, 'soak'],
  [/stress|peak|spike|overload/, 'stress'],
  [/recover|cool|tear.?down/, 'recovery'],
  [/base|load|normal|steady/, 'baseline'],
]

/** The kind of a phase by the name that a load tool gives it: `mark`, a user's own, when the name says nothing. */
export function kindOfName(name: string): string {
  const lower = name.toLowerCase()
  return kinds.find(([pattern]) => pattern.test(lower))?.[1] ?? 'mark'
}
