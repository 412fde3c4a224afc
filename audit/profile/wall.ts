import { createProfile, type ProfileBuilder } from './build.ts'
import type { Profile } from './profile.ts'
import { fromRoot, namesIn } from './rewrite.ts'

/** What a thread was doing, as the last frame of its stack says; waiting for work is a root of its own instead. */
export const WALL_STATES = {
  onCpu: '[on CPU]',
  blocked: '[blocked]',
  runnable: '[waiting for a CPU]',
  unknown: '[waiting, for what is unknown]',
  idle: '[waiting for work]',
} as const

export interface WallParts {
  /** samples; its columns are scaled by `nsPerSample` */
  onCpu: Profile | null
  /** ns */
  blocked: Profile | null
  runnable: Profile | null
  unknown: Profile | null
  idle: Profile | null
}

/**
 * The wall-clock time of all threads in one profile, ns: every stack ends in what the thread did there, running, blocked,
 * waiting for a CPU, or for what cannot be told; stacks that waited for work hang below one root of their own, so that they hide nothing. One width
 * unit for all: a second of one thread.
 *
 * @param nsPerSample CPU time that one sample stands for in a column; null leaves its samples out
 */
export function wallClock(parts: WallParts, nsPerSample: (column: string) => number | null): ProfileBuilder {
  const wall = createProfile('ns')
  const ns = () => 1
  if (parts.onCpu) addStacks(wall, parts.onCpu, nsPerSample, { last: WALL_STATES.onCpu })
  if (parts.blocked) addStacks(wall, parts.blocked, ns, { last: WALL_STATES.blocked })
  if (parts.runnable) addStacks(wall, parts.runnable, ns, { last: WALL_STATES.runnable })
  if (parts.unknown) addStacks(wall, parts.unknown, ns, { last: WALL_STATES.unknown })
  if (parts.idle) addStacks(wall, parts.idle, ns, { first: WALL_STATES.idle })
  return wall
}

/** Adds all stacks below a first frame, or with a last one of their own. */
function addStacks(
  wall: ProfileBuilder,
  from: Profile,
  scaleOf: (column: string) => number | null,
  { first, last }: { first?: string; last?: string },
): void {
  const nameIn = namesIn(from, wall)
  const top = first === undefined ? 0 : wall.child(0, wall.intern(first))
  const lastName = last === undefined ? null : wall.intern(last)
  const place = fromRoot(from, (caller, node) => (node === 0 ? top : wall.child(caller, nameIn(node))))
  for (const [index, key] of from.columns.entries()) {
    const scale = scaleOf(key)
    const column = wall.column(key)
    if (scale === null) continue
    for (let node = 0; node < from.size; node++) {
      const weight = from.self[index]?.[node] ?? 0
      if (weight <= 0) continue
      const end = lastName === null ? place(node) : wall.child(place(node), lastName)
      wall.weigh(end, column, weight * scale, from.selfCount[index]?.[node] ?? 0)
    }
  }
}
