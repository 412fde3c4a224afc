import { collapseRecursion, filter, frameLabel, hide, type Profile, reverse, sandwich } from '../../../audit/index.ts'
import { keeper } from '../../flame/kept.ts'

/** Where the reader stands in a flame graph: frame names from the root down. */
export interface Place {
  root: readonly string[]
  selected: readonly string[]
  /** the selected frame is among the callers of a sandwich: its path begins at the function and goes up */
  isAbove?: boolean
}

/** What was done to the stacks before they are drawn. */
export type Shape =
  | { kind: 'hide' | 'only'; name: string }
  | { kind: 'collapse' }
  /** `from`: where the reader stood before, and stands again afterwards */
  | { kind: 'reverse'; from: Place }
  | { kind: 'sandwich'; name: string; from: Place }

export interface FlameState extends Place {
  /** rows that stand above what is seen; by default those that leave the selected frame in sight */
  top?: number
  /** in the order in which they were asked for */
  shapes?: readonly Shape[]
}

export const noFlame: FlameState = { root: [], selected: [] }

export interface Shaped {
  profile: Profile
  /** of a sandwich: its function and who calls it, reversed; `profile` holds what it calls */
  callers: Profile | null
}

const once = keeper<Shaped>(6)

/** The stacks as they were asked for; each step is computed once for each state of the profile. */
export function shaped(profile: Profile, shapes: readonly Shape[]): Shaped {
  const last = shapes.at(-1)
  if (!last) return { profile, callers: null }
  const key = JSON.stringify(shapes.map((shape) => ('name' in shape ? [shape.kind, shape.name] : [shape.kind])))
  return once(profile, key, () => apply(last, shaped(profile, shapes.slice(0, -1)).profile))
}

function apply(shape: Shape, profile: Profile): Shaped {
  const one = (made: Profile): Shaped => ({ profile: made, callers: null })
  switch (shape.kind) {
    case 'hide':
      return one(hide(profile, (name) => name === shape.name))
    case 'only':
      return one(filter(profile, 'through', (name) => name === shape.name))
    case 'collapse':
      return one(collapseRecursion(profile))
    case 'reverse':
      return one(reverse(profile))
    case 'sandwich': {
      const { callers, callees } = sandwich(profile, shape.name)
      return { profile: callees, callers }
    }
  }
}

/** A shape in words, as the chip above the graph says it. */
export function chipOf(shape: Shape): string {
  switch (shape.kind) {
    case 'hide':
      return `hidden ${frameLabel(shape.name)}`
    case 'only':
      return `only through ${frameLabel(shape.name)}`
    case 'collapse':
      return 'recursion collapsed'
    case 'reverse':
      return 'reversed: what ran, and its callers'
    case 'sandwich':
      return `sandwich ${frameLabel(shape.name)}: callers and callees`
  }
}

/** The same as part of a sentence, for the head of a picture. */
export function doneWords(shape: Shape): string {
  if (shape.kind === 'hide') return `without ${frameLabel(shape.name)}`
  if (shape.kind === 'reverse') return 'reversed (what ran, and its callers)'
  return chipOf(shape)
}

export const isSandwich = ({ shapes = [] }: FlameState): boolean => shapes.at(-1)?.kind === 'sandwich'

/** The place after one thing more is asked for: the same stack, as far as it is still there. */
export function withShape(state: FlameState, shape: Shape): FlameState {
  const shapes = state.shapes ?? []
  const turned = shapes.findLast((one) => one.kind === 'sandwich' || one.kind === 'reverse')
  const kept = shapes.filter((one) => one !== turned)
  if (shape.kind === 'sandwich' || shape.kind === 'reverse') {
    // A sandwich of a sandwich is the other one: there is one way round at a time.
    const from = turned && 'from' in turned ? turned.from : placeOf(state)
    const selected = shape.kind === 'sandwich' ? [shape.name] : []
    return { root: [], selected, shapes: [...kept, { ...shape, from }] }
  }
  const place = moved(shape, placeOf(state))
  return turned && 'from' in turned
    ? { ...place, shapes: [...kept, shape, { ...turned, from: moved(shape, turned.from) }] }
    : { ...place, shapes: [...kept, shape] }
}

/** The place after a shape is taken off; `null` where there is no such. */
export function withoutShape(state: FlameState, shape: Shape | undefined): FlameState | null {
  const shapes = state.shapes ?? []
  if (!shape || !shapes.includes(shape)) return null
  const place = 'from' in shape ? shape.from : placeOf(state)
  const rest = shapes.filter((one) => one !== shape)
  return rest.length > 0 ? { ...place, shapes: rest } : place
}

function placeOf({ root, selected, isAbove }: FlameState): Place {
  return isAbove ? { root, selected, isAbove } : { root, selected }
}

function moved(shape: Shape, place: Place): Place {
  const path = (names: readonly string[]): readonly string[] => {
    if (shape.kind === 'hide') return names.filter((name) => name !== shape.name)
    return shape.kind === 'collapse' ? withoutCircles(names) : names
  }
  return { ...place, root: path(place.root), selected: path(place.selected) }
}

/** As `collapseRecursion` does with a stack. */
function withoutCircles(names: readonly string[]): string[] {
  const path: string[] = []
  for (const name of names) {
    const first = path.indexOf(name)
    if (first >= 0) path.length = first
    path.push(name)
  }
  return path
}
