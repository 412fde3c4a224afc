import type { Profile } from './profile.ts'

/**
 * Where a frame's code comes from, as the end of its recorded name says: `_[k]` kernel, `_[j]` JIT, none user. In a
 * wall-clock profile the last frame says what the thread did there: `running`, `blocked`, `ready` (waiting for a CPU).
 */
export type FrameClass = 'kernel' | 'user' | 'jit' | 'unknown' | 'running' | 'blocked' | 'ready'

/** Names of those last frames. */
export const STATE_FRAMES: ReadonlyMap<string, FrameClass> = new Map([
  ['[on CPU]', 'running'],
  ['[blocked]', 'blocked'],
  ['[waiting for a CPU]', 'ready'],
])

/** The name of a frame that no symbol table knows. */
export const UNKNOWN_FRAME = '[unknown]'

export function frameClass(name: string): FrameClass {
  if (
    name === '' ||
    name.startsWith(UNKNOWN_FRAME) ||
    name === '[caller not seen]' ||
    /^0x[0-9a-f]+(_\[.\])?$/.test(name)
  )
    return 'unknown'
  const state = STATE_FRAMES.get(name)
  if (state) return state
  if (name.endsWith('_[k]')) return 'kernel'
  return name.endsWith('_[j]') ? 'jit' : 'user'
}

/** The name as people read it: without the suffix that carries its class. */
export const frameLabel = (name: string): string => (/_\[[kj]\]$/.test(name) ? name.slice(0, -4) : name)

/** The recorded name of a node; the root is `all`. An index no name exists for is an unknown frame, not an error. */
export const nodeName = (profile: Profile, node: number): string =>
  node === 0 ? 'all' : (profile.names[profile.nameOf[node] ?? -1] ?? UNKNOWN_FRAME)

/** Frame names from the root's child down to `node`: what finds the same place again in a later or another profile. */
export function pathOf(profile: Profile, node: number): string[] {
  const path: string[] = []
  for (let at = node; at > 0; at = profile.parentOf[at] ?? 0) path.push(nodeName(profile, at))
  return path.reverse()
}

/** The node at the end of a path of names; `null` where the profile has no such stack. The empty path is the root. */
export function findPath(profile: Profile, path: readonly string[]): number | null {
  let node = 0
  for (const name of path) {
    let child = profile.firstChild[node] ?? 0
    while (child > 0 && nodeName(profile, child) !== name) child = profile.nextSibling[child] ?? 0
    if (child === 0) return null
    node = child
  }
  return node
}
