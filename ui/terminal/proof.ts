import { type PhaseModel, SPAN_KIND } from '../../audit/index.ts'
import { type Grown, grownMost, stackWords } from '../flame/grown.ts'
import { wholePercent } from '../text/format.ts'
import { type Reason, reasonsOf } from '../text/reasons.ts'
import type { StandOut } from '../text/stand-outs.ts'
import { unjudgedBecause, worstOf } from '../text/worst.ts'
import { baseFor } from './compare.ts'
import { noFlame } from './flame/shape.ts'
import { exposureOf } from './flame/shown.ts'
import { scaleOf } from './flame/unit.ts'
import type { Scene } from './scene.ts'
import { phaseShown, type ScreenState, tabsOf, viewShown, viewsOf } from './state.ts'

/** A reason, and the place on the screen that shows it: what `f` goes to. */
export interface Proof {
  reason: Reason
  /** index of the tab, and its title */
  tab: number
  title: string
  /** name of the view within the tab; null where it has none */
  view: string | null
}

/** What the findings are about: a phase and what it is held against. */
export interface Subject {
  phase: PhaseModel
  base: PhaseModel
  proofs: readonly Proof[]
}

/**
 * The phase that is looked at, where anything stands out in it. Of a run that is over and of which no phase was chosen,
 * or where the chosen one has nothing to tell, it is the worst.
 */
export function subjectOf(scene: Scene): Subject | null {
  const { model, catalog } = scene
  const worst = worstOf(model, catalog)?.phase ?? null
  const shown = phaseShown(model, scene.state)
  const own = shown && !isOpen(scene) ? subject(scene, shown) : null
  return own && own.proofs.length > 0 ? own : worst && subject(scene, worst)
}

/** No phase was chosen, and there is no present any more that could be followed. */
const isOpen = ({ model, state, live }: Scene): boolean => state.phaseId === null && (model.end !== null || !live)

/** The phase that the line of findings is about. */
export const spokenOf = (scene: Scene): PhaseModel | null =>
  (isOpen(scene) ? worstOf(scene.model, scene.catalog)?.phase : null) ?? phaseShown(scene.model, scene.state)

function subject(scene: Scene, phase: PhaseModel): Subject | null {
  const { model, catalog, state } = scene
  const base = baseFor(state)(model, phase)
  if (!base || (phase.kind !== SPAN_KIND && unjudgedBecause(model, phase) !== null)) return null
  const tabs = tabsOf(model, catalog)
  const proofs = reasonsOf(model, catalog, phase, base).flatMap((reason): Proof[] => {
    const tab = tabs.findIndex((one) =>
      reason.at.probe === null ? one.kind === 'system' : one.kind === 'probe' && one.probe.name === reason.at.probe,
    )
    const found = tabs[tab]
    if (!found) return []
    const views = found.kind === 'probe' ? viewsOf(found.probe, phase) : []
    const own = views.find(({ name }) => name === `flame:${reason.at.view}`) ?? views[0]
    return [{ reason, tab, title: found.title, view: own?.name ?? null }]
  })
  return { phase, base, proofs }
}

/** Index of the proof that the reader looks at; -1 where it is none. */
export function proofAt({ model, catalog, state }: Scene, { phase, base, proofs }: Subject): number {
  if (phaseShown(model, state) !== phase || baseFor(state)(model, phase) !== base) return -1
  const tab = tabsOf(model, catalog)[state.tab]
  const view = tab?.kind === 'probe' ? (viewShown(tab.probe, phase, state)?.name ?? null) : null
  return proofs.findIndex((proof) => proof.tab === state.tab && proof.view === view)
}

/** The place of a proof, compared with what it is held against; of stacks the frame in which most has grown is selected. */
export function atProof(scene: Scene, { phase, base }: Subject, { tab, view, reason }: Proof): ScreenState {
  const { model, state } = scene
  const name = reason.at.probe
  const grown = grownOf(scene, phase, base, reason)
  return {
    ...state,
    tab,
    compare: base.id,
    // Who follows the run goes on doing so.
    phaseId: phaseShown(model, state) === phase ? state.phaseId : phase.id,
    views: name === null || view === null ? state.views : { ...state.views, [name]: view },
    flames: name === null || !grown ? state.flames : { ...state.flames, [name]: { ...noFlame, selected: grown.path } },
  }
}

/** Where in the stacks behind a figure most of its growth is; null where it has none, or is spread. */
function grownOf(
  { model, catalog, profileOf }: Scene,
  phase: PhaseModel,
  base: PhaseModel,
  at: StandOut,
): Grown | null {
  const probe = at.at.probe === null ? undefined : catalog.get(at.at.probe)
  const view = at.at.view ?? probe?.draw.flame?.views[0]?.name
  const profile = probe && view !== undefined ? profileOf(model, probe.name, view) : null
  if (!probe || !profile) return null
  const sides = [base, phase].map((one) => exposureOf(one, probe.name))
  const unit = sides.every(({ requests }) => requests !== null) ? 'request' : 'second'
  const [baseScale = 1, candidateScale = 1] = sides.map((side) => scaleOf(unit, side))
  const pair = { base: String(base.id), candidate: String(phase.id), baseScale, candidateScale }
  return [pair.base, pair.candidate].some((key) => profile.columns.includes(key)) ? grownMost(profile, pair) : null
}

/** `76 % of it in sqlite3_step › btreeLockCarefully`, and in fewer words; nothing where it is spread, or there are no stacks. */
export function grownWords(scene: Scene, phase: PhaseModel, base: PhaseModel, found: StandOut): string[] {
  const grown = grownOf(scene, phase, base, found)
  if (!grown) return []
  // Where other stacks shrank a part may be more than the whole: no share is said.
  const share = grown.share <= 1 ? `${wholePercent(grown.share)} of it ` : ''
  return stackWords(grown.path, grown.unit).map((words) => `${share}in ${words}`)
}
