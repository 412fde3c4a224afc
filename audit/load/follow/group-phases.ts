/** What a sample's group means for the phases: a new one begins, it belongs to one that began, or its start decides. */
export type Placement =
  | { to: 'begin'; name: string }
  | { to: 'phase'; id: number }
  | { to: 'time'; why: 'no group' | 'parallel' | 'too many' }

export interface GroupPhases {
  place(group: string | null, startNs: bigint): Placement
  /** the phase of a group has begun */
  begun(group: string, phase: { id: number; atNs: bigint }): void
}

/** Requests of the group before may start so long after the next has begun, or pause so long without being over. */
const OVERLAP_NS = 1_000_000_000n
/** A file whose phases never repeat would otherwise cut the recording to pieces. */
const PHASE_LIMIT = 100

/**
 * Makes phases of the groups that a file names, with no plan at hand: a group never seen begins one; one that comes back
 * after the running group has been silent for a second begins another; two that go on side by side are one load, so
 * that each request belongs to the phase it started in.
 */
export function createGroupPhases(): GroupPhases {
  const phases = new Map<string, { id: number; atNs: bigint }>()
  let running: { group: string; atNs: bigint; lastStartNs: bigint } | null = null
  let count = 0

  return {
    place(group, startNs) {
      if (group === null) return { to: 'time', why: 'no group' }
      if (running && group === running.group) {
        if (startNs > running.lastStartNs) running.lastStartNs = startNs
        return known(group)
      }
      if (!running || !phases.has(group)) return beginOf(group)
      if (startNs < running.atNs + OVERLAP_NS) return known(group)
      if (startNs - running.lastStartNs >= OVERLAP_NS) return beginOf(group)
      return { to: 'time', why: 'parallel' }
    },
    begun(group, phase) {
      count++
      phases.set(group, phase)
      running = { group, atNs: phase.atNs, lastStartNs: phase.atNs }
    },
  }

  function known(group: string): Placement {
    const phase = phases.get(group)
    return phase ? { to: 'phase', id: phase.id } : { to: 'time', why: 'no group' }
  }

  function beginOf(group: string): Placement {
    return count < PHASE_LIMIT ? { to: 'begin', name: group } : { to: 'time', why: 'too many' }
  }
}
