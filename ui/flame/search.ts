import type { Profile } from '../../audit/index.ts'
import { nodeName } from '../../audit/index.ts'
import { type FlameView, weightsOf } from './layout.ts'

/** A regular expression, case ignored; text that is none is looked for as it stands. Empty text matches nothing. */
export function matcherOf(search: string | null | undefined): (name: string) => boolean {
  if (!search) return () => false
  try {
    const pattern = new RegExp(search, 'i')
    return (name) => pattern.test(name)
  } catch {
    // Half-typed patterns such as "foo(" are the usual case, not an error.
    const text = search.toLowerCase()
    return (name) => name.toLowerCase().includes(text)
  }
}

export interface SearchResult {
  /** matching nodes that weigh anything, in the order of their ids */
  nodes: number[]
  /** share of the view's weight that passes through a match, 0..1; nested matches count once */
  share: number
}

/** Looks through the whole profile, not only through what is wide enough to draw. */
export function searchProfile(profile: Profile, view: FlameView, search: string | null): SearchResult {
  const matches = matcherOf(search)
  const matching = Uint8Array.from(profile.names, (name) => (matches(name) ? 1 : 0))
  const { width } = weightsOf(profile, view)
  const below = new Uint8Array(profile.size)
  const nodes: number[] = []
  let matched = 0
  for (let node = 1; node < profile.size; node++) {
    const inMatch = below[profile.parentOf[node] ?? 0] === 1
    const nameId = profile.nameOf[node] ?? -1
    const isMatch = nameId in matching ? matching[nameId] === 1 : matches(nodeName(profile, node))
    const weight = width[node] ?? 0
    if (isMatch && weight > 0) {
      nodes.push(node)
      if (!inMatch) matched += weight
    }
    below[node] = inMatch || isMatch ? 1 : 0
  }
  const total = width[0] ?? 0
  return { nodes, share: total > 0 ? matched / total : 0 }
}
