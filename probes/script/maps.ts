import type { Expr, Kind } from './expr.ts'

/**
 * What a part of a map key is; tells the decoder how to read it back from the printed key. An `address` becomes text in
 * hex: kernel addresses are above 2^53, and 0.17 prints them as negative numbers.
 */
export type KeyPart = 'int' | 'address' | 'text' | 'stack'

/**
 * A result map: printed and cleared at every cut. It exists twice (`_a`, `_b`); events update the side that the last cut
 * chose, so that a frame holds exactly what happened between two cuts.
 */
export interface ResultMap {
  readonly role: 'result'
  readonly name: string
  readonly fn: 'count' | 'sum' | 'stats' | 'max'
  readonly key: readonly KeyPart[]
}

/**
 * A scratch map: what is open now (a start time, a stack). It lives across cuts and is printed only when the phase
 * changes and at the end, when `shown` is true: these are the waits that have not ended.
 */
export interface ScratchMap<K extends Kind = Kind> {
  readonly role: 'scratch'
  readonly name: string
  readonly holds: K
  readonly key: readonly KeyPart[]
  readonly shown: boolean
  /** it holds addresses of the target's data */
  readonly isAddress?: boolean
}

export const resultMap = (name: string, fn: ResultMap['fn'], ...key: KeyPart[]): ResultMap => ({
  role: 'result',
  name,
  fn,
  key,
})

/** Holds open waits; listed at the end of a phase. */
export const openMap = <K extends Kind>(name: string, holds: K, ...key: KeyPart[]): ScratchMap<K> => ({
  role: 'scratch',
  name,
  holds,
  key,
  shown: true,
})
/** The same for addresses of what is waited for. */
export const openAddressMap = (name: string, ...key: KeyPart[]): ScratchMap<'int'> => ({
  ...openMap(name, 'int', ...key),
  isAddress: true,
})
/** Holds state that nobody needs to see. */
export const stateMap = <K extends Kind>(name: string, holds: K, ...key: KeyPart[]): ScratchMap<K> => ({
  role: 'scratch',
  name,
  holds,
  key,
  shown: false,
})

/** One update of a result map. */
export interface Update {
  readonly map: ResultMap
  readonly key: readonly Expr[]
  readonly value: Expr<'int'> | null
}

const update = (map: ResultMap, key: readonly Expr[], value: Expr<'int'> | null): Update => ({ map, key, value })
export const countIn = (map: ResultMap, ...key: Expr[]): Update => update(map, key, null)
/** Adds `value` (sum, stats) or keeps the highest (max). */
export const addTo = (map: ResultMap, key: readonly Expr[], value: Expr<'int'>): Update => update(map, key, value)
