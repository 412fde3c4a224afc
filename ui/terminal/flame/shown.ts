import {
  type Change,
  type FrameClass,
  findPath,
  frameClass,
  nodeName,
  type PhaseModel,
  type Profile,
} from '../../../audit/index.ts'
import type { Probe } from '../../../probes/index.ts'
import { type Judgement, judgeNodes } from '../../flame/judge.ts'
import { keeper, totalsKept } from '../../flame/kept.ts'
import { type FlameView, type FlameWeights, weightsOf } from '../../flame/layout.ts'
import { type ListedMover, moversOf } from '../../flame/movers.ts'
import type { ShownPair } from '../../flame/shown.ts'
import { comparedWith } from '../compare.ts'
import type { Scene } from '../scene.ts'
import { phaseShown, type Tab, viewShown } from '../state.ts'
import { longParts } from '../tail.ts'
import { type FlameState, noFlame, type Place, shaped } from './shape.ts'
import { type Exposure, type FlameUnit, scaleOf, unitShown } from './unit.ts'

/** One tree of boxes: its nodes are found again by their path, so a growing profile keeps its place. */
export interface FlameTree {
  profile: Profile
  view: FlameView
  weights: FlameWeights
  /** in a difference: what each change is worth */
  verdict: Judgement | null
  /** the node that fills the width */
  root: number
  /** null: the selected frame is in the other tree */
  selected: number | null
}

/** What of a profile is on the screen. */
export interface FlameShown {
  /** all stacks, or of a sandwich what the function calls */
  tree: FlameTree
  /** of a sandwich: who calls the function, reversed */
  callers: FlameTree | null
  /** whose they are: where the reader stands in them is kept under it */
  name: string
  /** the stacks before anything was done to them */
  whole: Profile
  place: FlameState
  unit: FlameUnit
  units: { sides: readonly Exposure[] }
  exposureOf: (phase: PhaseModel) => Exposure
  /** weights of one phase are multiplied by this before they are printed; those of a pair are scaled already */
  scale: number
  /** the two phases that are compared */
  pair: ShownPair | null
  isFlame: boolean
  /** of the selected frame: what part took at least so long, where the probe keeps lengths apart */
  long: readonly { leastNs: number; share: number }[]
}

/** The flame graph that the state asks for; null where the tab has none, or the phase no stacks yet. */
export function flameOfScene(scene: Scene, tab: Tab | undefined): FlameShown | null {
  const phase = phaseShown(scene.model, scene.state)
  if (tab?.kind === 'stacks') return stacksShown(scene, tab.name, phase)
  if (tab?.kind !== 'probe') return null
  const view = viewShown(tab.probe, phase, scene.state)
  return view?.kind === 'flame' ? flameShown(scene, tab.probe, view.name.slice('flame:'.length), phase) : null
}

/** The stacks of a probe. */
export function flameShown(scene: Scene, probe: Probe, view: string, phase: PhaseModel | null): FlameShown | null {
  const profile = scene.profileOf(scene.model, probe.name, view)
  const shown = profile && phase && show(scene, profile, probe.name, phase, probe.name)
  if (!shown || !phase || shown.pair || shown.place.shapes) return shown
  return { ...shown, long: longParts(scene, probe, view, phase, shown.place.selected) }
}

/** Stacks that are no probe's: the wall clock, a file's. */
function stacksShown(scene: Scene, name: string, phase: PhaseModel | null): FlameShown | null {
  const profile = scene.profileOf(scene.model, name, name)
  return profile && phase && show(scene, profile, name, phase, 'off-cpu')
}

/** `probe`: whose windows say how much time is covered. */
function show(scene: Scene, whole: Profile, name: string, phase: PhaseModel, probe: string): FlameShown | null {
  const { model, state } = scene
  const place = state.flames[name] ?? noFlame
  const base = comparedWith(model, state, phase)
  const key = String(phase.id)
  if (!whole.columns.includes(key) && !(base && whole.columns.includes(String(base.id)))) return null
  const exposure = (one: PhaseModel): Exposure => exposureOf(one, probe)
  const sides = (base ? [base, phase] : [phase]).map(exposure)
  const unit = unitShown(state.flame.unit, whole.unit, sides)
  const { profile, callers } = shaped(whole, place.shapes ?? [])
  const { isFlame } = state.flame
  const common = { name, whole, place, unit, units: { sides }, exposureOf: exposure, isFlame, long: [] }
  if (!base) {
    const scale = scaleOf(unit, sides[0] ?? { requests: null, seconds: null })
    const all = totalsKept(whole, key)[0] ?? 0
    const treeFor = (of: Profile, isAbove: boolean) => treeOf(of, place, isAbove, callers !== null, oneOf(of, key))
    return {
      ...common,
      tree: treeFor(profile, false),
      callers: callers && treeFor(callers, true),
      scale: scale ?? (all > 0 ? 1 / all : 0),
      pair: null,
    }
  }
  const names = { base: base.name, candidate: phase.name }
  const columns = pairOf(whole, String(base.id), key, unit, sides, base.endUs !== null && phase.endUs !== null)
  const per = unit === 'request' || unit === 'second' ? unit : null
  const treeFor = (of: Profile, isAbove: boolean) =>
    treeOf(of, place, isAbove, callers !== null, compared(of, columns, unit))
  return {
    ...common,
    tree: treeFor(profile, false),
    callers: callers && treeFor(callers, true),
    scale: 1,
    pair: { ...names, per, columns },
  }
}

/** What the weights of a probe's stacks can be divided by. */
export function exposureOf(phase: PhaseModel, probe: string): Exposure {
  const requests = phase.load?.done ?? 0
  const coveredUs = phase.probes.get(probe)?.coveredUs ?? 0
  return { requests: requests > 0 ? requests : null, seconds: coveredUs > 0 ? coveredUs / 1e6 : null }
}

type Weighed = Pick<FlameTree, 'view' | 'weights' | 'verdict'>

const ones = keeper<Weighed>(4)
const oneOf = (profile: Profile, column: string): Weighed =>
  ones(profile, column, () => ({
    view: { column },
    weights: { width: totalsKept(profile, column), pair: null },
    verdict: null,
  }))

const pairs = keeper<ShownPair['columns']>(8)
/**
 * Both columns and their scales. While a phase runs these are of the moment when the last stacks came: what was divided by
 * requests that came since would be too small, and everything would be computed again each second.
 */
const pairOf = (
  whole: Profile,
  base: string,
  candidate: string,
  unit: FlameUnit,
  sides: readonly Exposure[],
  isOver: boolean,
): ShownPair['columns'] =>
  pairs(whole, `${base} ${candidate} ${unit} ${isOver ? JSON.stringify(sides) : ''}`, () => {
    const [baseScale, candidateScale] = sides.map((side) => scaleOf(unit, side))
    const isScaled = baseScale !== undefined && candidateScale !== undefined
    return { base, candidate, ...(isScaled ? { baseScale, candidateScale } : {}) }
  })

const keyOf = (pair: ShownPair['columns'], unit: FlameUnit): string =>
  [pair.base, pair.candidate, unit, pair.baseScale, pair.candidateScale].join(' ')

const comparisons = keeper<Weighed>(2)
const compared = (profile: Profile, pair: ShownPair['columns'], unit: FlameUnit): Weighed =>
  comparisons(profile, keyOf(pair, unit), () => {
    const weights = weightsOf(profile, { pair })
    return { view: { pair }, weights, verdict: weights.pair && judgeNodes(profile, pair, weights.pair) }
  })

function treeOf(profile: Profile, place: Place, isAbove: boolean, isSandwich: boolean, weighed: Weighed): FlameTree {
  const root = nearest(profile, place.root)
  const isHere = (place.isAbove ?? false) === isAbove
  const selected = isHere ? (findPath(profile, place.selected) ?? nearestBelow(profile, place.selected, root)) : null
  // The function of a sandwich is its only first frame; above it there is nothing to select.
  return { profile, ...weighed, root, selected: isSandwich && selected === 0 ? (profile.firstChild[0] ?? 0) : selected }
}

/** The function of the selected frame; null for the whole. */
export function selectedName({ tree, callers }: FlameShown): string | null {
  const [side, node] = tree.selected === null ? [callers, callers?.selected] : [tree, tree.selected]
  return side && node ? nodeName(side.profile, node) : null
}

/** As much of a path as there is. */
function nearest(profile: Profile, path: readonly string[]): number {
  let node = 0
  for (const name of path) {
    const next = childOf(profile, node, name)
    if (next === 0) return node
    node = next
  }
  return node
}

/** The same, but never above what is zoomed to. */
function nearestBelow(profile: Profile, path: readonly string[], root: number): number {
  const node = nearest(profile, path)
  for (let at = node; at > 0; at = profile.parentOf[at] ?? 0) if (at === root) return node
  return root === 0 ? node : root
}

function childOf(profile: Profile, node: number, name: string): number {
  let child = profile.firstChild[node] ?? 0
  while (child > 0 && nodeName(profile, child) !== name) child = profile.nextSibling[child] ?? 0
  return child
}

/** The list is never longer than a screen. */
const MOST_MOVERS = 200
const lists = keeper<readonly ListedMover[]>(2)

/** The functions that changed most between the two phases, all that chance would not change. */
export function moversShown({ tree, callers, pair, unit }: FlameShown): readonly ListedMover[] {
  if (!pair || callers) return []
  const { columns } = pair
  return lists(tree.profile, keyOf(columns, unit), () =>
    moversOf(tree.profile, columns, tree.verdict?.isTested ?? false, MOST_MOVERS),
  )
}

const classes = keeper<ReadonlySet<FrameClass>>(1)

/** The kinds of frames that a profile has, for its legend. */
export const classesOf = (profile: Profile): ReadonlySet<FrameClass> =>
  classes(profile, '', () => {
    const seen = new Set<FrameClass>()
    const ofName = classesByName.get(profile.names) ?? []
    classesByName.set(profile.names, ofName)
    for (let node = 1; node < profile.size; node++) {
      const name = profile.nameOf[node] ?? -1
      const known = ofName[name] ?? frameClass(profile.names[name] ?? '')
      ofName[name] = known
      seen.add(known)
    }
    return seen
  })

/** Names of a recording only become more, and stacks that are new come every few seconds. */
const classesByName = new WeakMap<readonly string[], FrameClass[]>()

/** How a frame changed, where two phases are compared. */
export const changeIn = ({ verdict }: FlameTree, node: number): Change | null => verdict?.changeOf(node) ?? null
