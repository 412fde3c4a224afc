import type { Probe } from '../../probes/index.ts'
import { LIMITS, type LimitName } from '../limits.ts'
import { createProfile, type ProfileBuilder } from '../profile/build.ts'
import type { Profile } from '../profile/profile.ts'
import type { StackRow, StacksRecord } from '../recording/format.ts'

/** Text of stacks that nobody has looked at yet, kept of a probe; more of it is folded into every view. */
const MOST_WAITING = 8 * 1024 * 1024

/**
 * The stacks of one probe. A view is folded when it is first asked for: a reader looks at few of them, and a folded view
 * takes more memory than the text of the stacks in it.
 */
export interface ProbeStacks {
  add: (record: StacksRecord) => void
  /** one column per phase, String(id); null when the probe has no such view. Grows with later stacks when asked again */
  profile: (view: string) => Profile | null
}

interface Waiting {
  column: string
  /** rows as they came, or as JSON once others came after them */
  rows: readonly StackRow[] | string
}

/** What all stacks of a run share. */
export interface StackRoom {
  /** places times columns that each view takes */
  cells: Map<string, number>
  /** a stack is past a bound */
  onLeftOut: (what: LimitName) => void
}

export function createProbeStacks(
  probe: Probe,
  unit: Profile['unit'],
  frames: readonly string[],
  room: StackRoom,
): ProbeStacks {
  const views = probe.draw.flame?.views ?? []
  const folded = new Map<string, { profile: ProfileBuilder; upTo: number }>()
  let waiting: Waiting[] = []
  let bytes = 0

  function fold(name: string): Profile | null {
    const view = views.find((one) => one.name === name)
    if (!view) return null
    const known = folded.get(name) ?? { profile: createProfile(unit, frames), upTo: 0 }
    folded.set(name, known)
    const key = `${probe.name} ${name}`
    room.cells.delete(key)
    const ofOthers = [...room.cells.values()].reduce((a, b) => a + b, 0)
    for (const { column, rows } of waiting.slice(known.upTo))
      for (const [value, count, stack, dims] of rowsOf(rows))
        if (view.keep(dims ?? {})) addStack(known.profile, ofOthers, [value, count, stack], column)
    room.cells.set(key, known.profile.size * known.profile.columns.length)
    known.upTo = waiting.length
    if (views.every((one) => folded.get(one.name)?.upTo === waiting.length)) settle()
    return known.profile
  }

  function addStack(profile: ProfileBuilder, ofOthers: number, row: StackRow, column: string): void {
    const [value, count, stack] = row
    const beyond = boundOf(profile, ofOthers, stack.length, column)
    if (beyond) room.onLeftOut(beyond)
    else
      profile.add(stack.every(isFrame) ? stack : stack.map((id) => (isFrame(id) ? id : NO_FRAME)), value, count, column)
  }

  /** Every view has what was waiting. */
  function settle(): void {
    for (const view of folded.values()) view.upTo = 0
    waiting = []
    bytes = 0
  }

  return {
    add: ({ rows, phase }) => {
      const last = waiting.at(-1)
      if (last && typeof last.rows !== 'string') {
        last.rows = JSON.stringify(last.rows)
        bytes += last.rows.length
      }
      waiting.push({ column: String(phase), rows })
      if (bytes <= MOST_WAITING) return
      for (const { name } of views) fold(name)
    },
    profile: fold,
  }
}

/** Which bound a stack would pass; null: there is room for it. */
function boundOf(profile: ProfileBuilder, ofOthers: number, depth: number, column: string): LimitName | null {
  const columns = profile.columns.length + (profile.columns.includes(column) ? 0 : 1)
  const size = profile.size + depth
  if (depth > LIMITS.depthOfStack.most) return 'depthOfStack'
  if (size > LIMITS.places.most) return 'places'
  return ofOthers + size * columns > LIMITS.cells.most ? 'cells' : null
}

/** Anything may stand for a frame in a damaged file; what no name can have is one that is not known. */
const isFrame = (id: number): boolean => Number.isInteger(id) && id >= 0 && id < LIMITS.frames.most
const NO_FRAME = LIMITS.frames.most

const rowsOf = (rows: Waiting['rows']): readonly StackRow[] =>
  typeof rows === 'string' ? (JSON.parse(rows) as StackRow[]) : rows
