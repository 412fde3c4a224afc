import { nodeName } from './frame.ts'
import type { Profile } from './profile.ts'
import { inclusive } from './totals.ts'

/** The functions of a profile: all frames of one name are one function, wherever it is called. */
export interface Functions {
  names: string[]
  /** by node; -1 for the root */
  functionOf: Int32Array
  /** by node: 1 where no caller is the same function, so that totals count a recursive stack once */
  outermost: Uint8Array
  /** Self weights by node as self weights by function. */
  self(byNode: Float64Array): Float64Array
  /** Self weights by node as total weights by function: of each stack it is on, however often. */
  total(byNode: Float64Array): Float64Array
}

export function functionsOf(profile: Profile): Functions {
  const names: string[] = []
  const functionOf = new Int32Array(profile.size).fill(-1)
  const idOfName = new Map<string, number>()
  const idOfIndex = new Int32Array(profile.names.length).fill(-1)
  for (let node = 1; node < profile.size; node++) {
    const index = profile.nameOf[node] ?? -1
    let id = idOfIndex[index] ?? -1
    if (id < 0) {
      const name = nodeName(profile, node)
      id = idOfName.get(name) ?? names.push(name) - 1
      idOfName.set(name, id)
      if (index >= 0 && index < idOfIndex.length) idOfIndex[index] = id
    }
    functionOf[node] = id
  }
  const outermost = outermostFrames(profile, functionOf, names.length)
  const sumBy = (weights: Float64Array, counts: (node: number) => boolean): Float64Array => {
    const sums = new Float64Array(names.length)
    for (let node = 1; node < profile.size; node++) {
      const id = functionOf[node] ?? 0
      if (counts(node)) sums[id] = (sums[id] ?? 0) + (weights[node] ?? 0)
    }
    return sums
  }
  return {
    names,
    functionOf,
    outermost,
    self: (byNode) => sumBy(byNode, () => true),
    total: (byNode) => sumBy(inclusive(profile, byNode), (node) => outermost[node] === 1),
  }
}

/** One walk through the tree that keeps how often each function is on the way. */
function outermostFrames(profile: Profile, functionOf: Int32Array, functions: number): Uint8Array {
  const outermost = new Uint8Array(profile.size)
  const open = new Int32Array(functions)
  const { firstChild, nextSibling, parentOf } = profile
  for (let node = firstChild[0] ?? 0; node > 0; ) {
    const id = functionOf[node] ?? 0
    outermost[node] = open[id] === 0 ? 1 : 0
    open[id] = (open[id] ?? 0) + 1
    let next = firstChild[node] ?? 0
    // Down if there is a callee, else to the right, else up until there is something to the right.
    for (let at = node; next === 0 && at > 0; at = parentOf[at] ?? 0) {
      const leaving = functionOf[at] ?? 0
      open[leaving] = (open[leaving] ?? 0) - 1
      next = nextSibling[at] ?? 0
    }
    node = next
  }
  return outermost
}
