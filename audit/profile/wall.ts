import { createProfile, type ProfileBuilder } from './build.ts'
import { nodeName } from './frame.ts'
import type { Profile } from './profile.ts'

/** What a thread was doing, as the last frame of its stack says; waiting for work is a root of its own instead. */
export const WALL_STATES = {
  onCpu: '[on CPU]',
  blocked: '[blocked]',
  runnable: '[waiting for a CPU]',
  idle: '[waiting for work]',
} as const

export interface WallParts {
  /** samples; its columns are scaled by `nsPerSample` */
  onCpu: Profile | null
  /** ns */
  blocked: Profile | null
  runnable: Profile | null
  idle: Profile | null
}

/**
 * The wall-clock time of all threads in one profile, ns: every stack ends in what the thread did there, running, blocked,
 * or waiting for a CPU; stacks that waited for work hang below one root of their own, so that they hide nothing. One width
 * unit for all: a second of one thread.
 *
 * @param nsPerSample CPU time that one sample stands for in a column; null leaves its samples out
 */
export function wallClock(parts: WallParts, nsPerSample: (column: string) => number | null): ProfileBuilder {
  const wall = createProfile('ns')
  const ns = () => 1
  if (parts.onCpu) addStacks(wall, parts.onCpu, nsPerSample, (path) => [...path, WALL_STATES.onCpu])
  if (parts.blocked) addStacks(wall, parts.blocked, ns, (path) => [...path, WALL_STATES.blocked])
  if (parts.runnable) addStacks(wall, parts.runnable, ns, (path) => [...path, WALL_STATES.runnable])
  if (parts.idle) addStacks(wall, parts.idle, ns, (path) => [WALL_STATES.idle, ...path])
  return wall
}

function addStacks(
  wall: ProfileBuilder,
  from: Profile,
  scaleOf: (column: string) => number | null,
  placed: (path: string[]) => string[],
): void {
  for (const [index, key] of from.columns.entries()) {
    const scale = scaleOf(key)
    wall.column(key)
    if (scale === null) continue
    for (let node = 0; node < from.size; node++) {
      const weight = from.self[index]?.[node] ?? 0
      if (weight > 0) wall.add(placed(pathTo(from, node)), weight * scale, from.selfCount[index]?.[node] ?? 0, key)
    }
  }
}

function pathTo(profile: Profile, node: number): string[] {
  const path: string[] = []
  for (let at = node; at > 0; at = profile.parentOf[at] ?? 0) path.push(nodeName(profile, at))
  return path.reverse()
}
