import { createProfile, type ProfileBuilder } from './build.ts'
import { nodeName } from './frame.ts'
import type { Profile } from './profile.ts'
import { addStacks, fromRoot, namesIn } from './rewrite.ts'

/** The other end first: a stack begins with the function that ran, and its callees are its callers. Twice is the identity. */
export function reverse(profile: Profile): ProfileBuilder {
  const reversed = createProfile(profile.unit)
  const nameIn = namesIn(profile, reversed)
  addStacks(profile, reversed, (node) => upwards(profile, node, reversed, nameIn))
  return reversed
}

/**
 * One function: who calls it (`callers`, reversed: the function, its callers, theirs) and what it calls (`callees`). Both
 * have the function as their only first frame, whose total is the function's: a stack counts once, at the outermost of
 * its frames of that name, so callees show recursion and callers do not.
 */
export function sandwich(profile: Profile, name: string): { callers: ProfileBuilder; callees: ProfileBuilder } {
  const outermost = outermostMatch(profile, (other) => other === name)
  const callers = createProfile(profile.unit)
  const callerName = namesIn(profile, callers)
  const placeOf = new Map<number, number>([[0, -1]])
  addStacks(profile, callers, (node) => {
    const at = outermost[node] ?? 0
    const place = placeOf.get(at) ?? upwards(profile, at, callers, callerName)
    placeOf.set(at, place)
    return place
  })
  return { callers, callees: focus(profile, (other) => other === name) }
}

/** The stacks that pass through a matching frame, without what is above the outermost of them. */
export function focus(profile: Profile, matches: (name: string) => boolean): ProfileBuilder {
  const outermost = outermostMatch(profile, matches)
  const focused = createProfile(profile.unit)
  const nameIn = namesIn(profile, focused)
  const place = fromRoot(profile, (caller, node) =>
    (outermost[node] ?? 0) > 0 ? focused.child(Math.max(0, caller), nameIn(node)) : -1,
  )
  addStacks(profile, focused, place)
  return focused
}

/** The same stacks without the matching frames: what they weigh themselves goes to their callers. */
export function hide(profile: Profile, matches: (name: string) => boolean): ProfileBuilder {
  const hidden = profile.names.map(matches)
  const shown = createProfile(profile.unit)
  const nameIn = namesIn(profile, shown)
  const place = fromRoot(profile, (caller, node) => {
    if (node === 0) return 0
    return hidden[profile.nameOf[node] ?? -1] ? caller : shown.child(caller, nameIn(node))
  })
  addStacks(profile, shown, place)
  return shown
}

/**
 * Every function at most once in a stack: when it is entered again, directly or through others, the stack goes on at its
 * first frame, and what lay between is cut out. `parse;value;array;value;number` becomes `parse;value;number`. Calls that
 * are left are real ones and every function keeps its self weight; the totals of functions inside such a circle shrink.
 */
export function collapseRecursion(profile: Profile): ProfileBuilder {
  const collapsed = createProfile(profile.unit)
  const nameIn = namesIn(profile, collapsed)
  const place = fromRoot(profile, (caller, node) => {
    if (node === 0) return 0
    const name = nameIn(node)
    for (let at = caller; at > 0; at = collapsed.parentOf[at] ?? 0) if (collapsed.nameOf[at] === name) return at
    return collapsed.child(caller, name)
  })
  addStacks(profile, collapsed, place)
  return collapsed
}

/**
 * Where first frames are threads, one first frame for each group of them; by default `worker-1` and `worker-2` are
 * `worker-N`, as pools number their threads.
 */
export function groupFirstFrames(
  profile: Profile,
  groupOf: (name: string) => string = (name) => name.replace(/\d+/g, 'N'),
): ProfileBuilder {
  const grouped = createProfile(profile.unit)
  const nameIn = namesIn(profile, grouped)
  const place = fromRoot(profile, (caller, node) => {
    if (node === 0) return 0
    const name = caller === 0 ? grouped.intern(groupOf(nodeName(profile, node))) : nameIn(node)
    return grouped.child(caller, name)
  })
  addStacks(profile, grouped, place)
  return grouped
}

/** Adds the frames of `node` and its callers, in this order, below the root of another profile; returns the last. */
function upwards(from: Profile, node: number, to: ProfileBuilder, nameIn: (node: number) => number): number {
  let place = 0
  for (let at = node; at > 0; at = from.parentOf[at] ?? 0) place = to.child(place, nameIn(at))
  return place
}

/** By node: the matching frame nearest to the root that its stack passes through, 0 for none. */
function outermostMatch(profile: Profile, matches: (name: string) => boolean): Int32Array {
  const matching = profile.names.map(matches)
  const unnamed = matches(nodeName(profile, -1))
  const outermost = new Int32Array(profile.size)
  for (let node = 1; node < profile.size; node++) {
    const above = outermost[profile.parentOf[node] ?? 0] ?? 0
    outermost[node] = above > 0 ? above : (matching[profile.nameOf[node] ?? -1] ?? unnamed) ? node : 0
  }
  return outermost
}
