import type { Changes } from './changes.ts'

/** What came and went between two moments, for a sentence. */
interface Movement {
  /** watched at the beginning */
  before: number
  /** of those, how many ended */
  gone: number
  /** who came and is still there */
  fresh: number
  /** came and ended in between */
  passing: number
  /** executed another program */
  strayed: number
}

/** Single changes that are told; after them sums, at the ends of phases. */
const TOLD_SINGLY = 5

/**
 * Says who of a target came and went, in few words: a service with a process for each connection has thousands, and is
 * told of once.
 *
 * @param what whom newcomers join, such as "port 8080" or "the target"
 */
export function createChangeNotes(what: string) {
  let told = 0
  let untold: Movement | null = null
  let hasToldPassing = false

  const say = (movement: Movement, isSum: boolean): string[] => {
    const replaced = describe(movement, what, isSum)
    return replaced === null ? [] : [replaced]
  }
  const add = (movement: Movement): void => {
    untold = untold
      ? {
          before: untold.before,
          gone: untold.gone + movement.gone,
          fresh: untold.fresh + movement.fresh,
          passing: untold.passing + movement.passing,
          strayed: untold.strayed + movement.strayed,
        }
      : movement
  }

  return {
    /** @param isMoment the end of a phase: what was not told is told now */
    take: (movement: Movement, isMoment: boolean): string[] => {
      const isQuiet = movement.gone === 0 && movement.fresh === 0 && movement.strayed === 0
      const notes: string[] = []
      if (isQuiet ? movement.passing > 0 && !hasToldPassing : told < TOLD_SINGLY) {
        if (movement.passing > 0) hasToldPassing = true
        const said = say(movement, false)
        if (said.length > 0 && !isQuiet) told++
        notes.push(...said)
      } else add(movement)
      if (isMoment && untold) {
        notes.push(...say(untold, true))
        untold = null
      }
      return notes
    },
  }
}

/** Of those that were watched `before`, `goneOfThem` have ended; `back` executed another program and serve on. */
export function movementOf(
  changes: Changes,
  { before, goneOfThem, back }: { before: number; goneOfThem: number; back: number },
): Movement {
  const passing = Math.max(0, changes.ended - goneOfThem)
  return {
    before,
    gone: goneOfThem,
    passing,
    fresh: Math.max(0, changes.came - passing - changes.executedAnother),
    strayed: Math.max(0, changes.executedAnother - back),
  }
}

function describe({ before, gone, fresh, passing, strayed }: Movement, what: string, isSum: boolean): string | null {
  const parts: string[] = []
  if (gone > 0) parts.push(`${!isSum && gone <= before ? `${gone} of ${processes(before)}` : processes(gone)} ended`)
  if (fresh > 0) parts.push(`${fresh} new ${fresh === 1 ? 'one serves' : 'ones serve'} ${what}`)
  if (passing > 0) parts.push(`${passing} came and ended within a window, watched while they lived`)
  if (strayed > 0) parts.push(`${strayed} executed another program and ${strayed === 1 ? 'is' : 'are'} watched no more`)
  if (parts.length === 0) return null
  return `${isSum ? 'since the last of these notes: ' : ''}${parts.join(', ')}`
}

const processes = (count: number): string => (count === 1 ? '1 process' : `${count} processes`)
