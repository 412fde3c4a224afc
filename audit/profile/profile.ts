/**
 * A profile: one columnar trie of stacks with a weight column per phase. Pure data; `addStacks` is the only mutation.
 * Interface for layout and export (ui/flame). Nodes are ids 1..size-1, 0 is the root; children of a node are linked
 * through `firstChild`/`nextSibling`.
 */
export interface Profile {
  readonly unit: 'samples' | 'ns' | 'count'
  /** interned frame names; `names[nameOf[node]]` */
  readonly names: readonly string[]
  readonly size: number
  /** rises when weights are added to a profile that still grows; without it a profile stands still */
  readonly revision?: number
  readonly nameOf: Int32Array
  readonly parentOf: Int32Array
  readonly firstChild: Int32Array
  readonly nextSibling: Int32Array
  /** phase keys in order of appearance; one column of self weights each */
  readonly columns: readonly string[]
  /** self weight of a node in a column (the stack ends there) */
  readonly self: readonly Float64Array[]
  /** number of events that make up the self weight */
  readonly selfCount: readonly Float64Array[]
}
