import { reasonlessText } from '../../text/remark.ts'
import { isStackFile } from '../flame/stacks-tab.ts'
import { atProof, proofAt, spokenOf, subjectOf } from '../proof.ts'
import type { Scene } from '../scene.ts'
import type { ScreenState } from '../state.ts'
import { type Binding, type Context, change } from './binding.ts'

/** From what the line says to where it can be seen. */
export const proofBindings: readonly Binding[] = [
  {
    keys: ['f'],
    where: 'everywhere',
    act: change((context) => onwards(context, 1)),
    help: { keys: 'f  F', does: 'why the phase is worse: to the place that shows the next, the previous reason' },
    hint: 'f why',
    rank: 2,
    applies: (scene) => !isStackFile(scene.model) && (subjectOf(scene)?.proofs.length ?? 0) > 0,
  },
  { keys: ['F'], where: 'everywhere', act: change((context) => onwards(context, -1)) },
]

function onwards({ state, scene }: Context, step: 1 | -1): ScreenState {
  if (isStackFile(scene.model)) return state
  const subject = subjectOf(scene)
  const count = subject?.proofs.length ?? 0
  const at = subject ? proofAt(scene, subject) : -1
  // From anywhere else the way begins at its start, or backwards at its end.
  const next = at < 0 ? (step === 1 ? 0 : count - 1) : (at + step + count) % count
  const proof = subject?.proofs[next]
  return subject && proof ? atProof(scene, subject, proof) : said(scene, state)
}

function said({ model, catalog, ...scene }: Scene, state: ScreenState): ScreenState {
  const text = reasonlessText(model, catalog, spokenOf({ ...scene, model, catalog }))
  return { ...state, hands: { ...state.hands, message: { text, tone: 'good' } } }
}
