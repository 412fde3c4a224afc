import { type Remark, reasonTexts, remarkOf } from '../text/remark.ts'
import { baseFor } from './compare.ts'
import { exportsOf } from './export.ts'
import { grownWords, proofAt, type Subject, spokenOf, subjectOf } from './proof.ts'
import type { Scene } from './scene.ts'
import { keyOfTab, phaseShown, tabsOf } from './state.ts'

/** What stands out now, and the way to where it can be seen; at such a place, what it shows and the way on. */
export function findingOf(scene: Scene): Remark {
  const { model, catalog, state } = scene
  const subject = subjectOf(scene)
  const at = subject ? proofAt(scene, subject) : -1
  const here = subject?.proofs[at]
  if (subject && here) return atProof(scene, subject, at)
  const tab = tabsOf(model, catalog)[state.tab]
  const probe = tab?.kind === 'probe' ? tab.probe : undefined
  const phase = probe ? phaseShown(model, state) : spokenOf(scene)
  const { tone, texts } = remarkOf(model, catalog, phase, probe, baseFor(state), (one) =>
    subject ? grownWords(scene, subject.phase, subject.base, one) : [],
  )
  const first = subject?.proofs[0]
  return { tone, texts: first ? withTails(texts, [`f shows it: ${placeOf(first)}`, 'f shows it']) : texts }
}

function atProof(scene: Scene, { phase, base, proofs }: Subject, at: number): Remark {
  const [here, next] = [proofs[at], proofs[(at + 1) % proofs.length]]
  if (!here || !next) return { tone: 'neutral', texts: [] }
  const place = `${phase.name}, ${at + 1} of ${proofs.length}: `
  const texts = reasonTexts(here.reason, base, grownWords(scene, phase, base, here.reason))
  const takes = exportsOf(scene).length > 0 ? ['e exports it'] : []
  const ways = proofs.length > 1 ? [[`f next: ${placeOf(next)}`], ['f next'], []] : [[]]
  const tails = ways.map((way) => [...takes, ...way].join('   '))
  return {
    tone: 'worse',
    texts: withTails(
      texts.map((text) => place + text),
      tails,
    ),
  }
}

const placeOf = ({ tab, title }: Subject['proofs'][number]): string => `${keyOfTab(tab)} ${title}`.trimStart()

/** What is said goes before how it is said whole: the way on is cut before it is left out. */
const withTails = (texts: readonly string[], tails: readonly string[]): string[] => [
  ...texts.flatMap((text) => tails.map((tail) => (tail === '' ? text : `${text}   ${tail}`))),
  ...texts.slice(-1),
]
