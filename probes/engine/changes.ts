import type { ResultMap } from '../script/maps.ts'
import { readRows } from './decode.ts'
import type { Tolerant } from './json.ts'
import { CHANGE, changes, children, joined, left, spent, spentBy } from './membership.ts'

/** Who came to a target and who left it between two cuts, as the kernel programs saw it. */
export interface Changes {
  /** pid -> how it came, as in CHANGE; not all of very many */
  joined: ReadonlyMap<number, number>
  /** pid -> how it left */
  left: ReadonlyMap<number, number>
  /** CPU time of threads that ended, by pid, ns */
  spentBy: ReadonlyMap<number, number>
  /** the same of all, ns */
  spentNs: number
  /** processes that came, and those that ended: exact */
  came: number
  ended: number
  /** processes that execute another program and left with it */
  executedAnother: number
  /** children that were made and are not watched */
  children: number
}

/** @param results printed maps by name, as in a frame of the tracer */
export function readChanges(results: ReadonlyMap<string, Tolerant>): Changes {
  const rows = (map: ResultMap) => {
    const data = results.get(`@${map.name}`)
    return data === undefined ? [] : readRows(map, data)
  }
  const byNumber = (map: ResultMap) => new Map(rows(map).map(({ key, value }) => [Number(key[0]), value]))
  const counts = byNumber(changes)
  const count = (...kinds: number[]) => kinds.reduce((sum, kind) => sum + (counts.get(kind) ?? 0), 0)
  return {
    joined: byNumber(joined),
    left: byNumber(left),
    spentBy: byNumber(spentBy),
    spentNs: rows(spent)[0]?.value ?? 0,
    came: count(CHANGE.born, CHANGE.listens, CHANGE.executes, CHANGE.accepts),
    ended: count(CHANGE.ended),
    executedAnother: count(CHANGE.executedAnother),
    children: rows(children)[0]?.value ?? 0,
  }
}
