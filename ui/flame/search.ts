import type { Profile } from '../../audit/index.ts'
import { nodeName } from '../../audit/index.ts'
import { type FlameView, weightsOf } from './layout.ts'
import { patternOf } from './pattern.ts'

/** A pattern, case ignored; text that is none is looked for as it stands. Empty text matches nothing. */
export const matcherOf = (search: string | null | undefined): ((name: string) => boolean) =>
  search ? patternOf(search).test : () => false

export interface SearchResult {
  /** matching nodes that weigh anything, in the order of their ids */
  nodes: number[]
  /** false: it is no pattern, and looked for as it stands */
  isPattern: boolean
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
  return { nodes, isPattern: !search || patternOf(search).isPattern, share: total > 0 ? matched / total : 0 }
}
