import { clip, left, right, wholePercent } from '../../text/format.ts'
import { timesText } from '../../text/stand-outs.ts'
import { type Symptom, symptomsOf } from '../../text/worst.ts'
import type { Brush } from '../cells.ts'
import { baseFor } from '../compare.ts'
import { BOLD, ink } from '../palette.ts'
import { grownWords, type Proof, proofAt, type Subject, subjectOf } from '../proof.ts'
import type { Scene } from '../scene.ts'
import { keyOfTab } from '../state.ts'
import { drawRule } from './rule.ts'

/** More lines than this nobody reads in a hurry; the tabs have the rest. */
const MOST = 6
/** Two of symptom and reason are what the line at the foot says already. */
const LEAST = 3
const TITLE = 9
const LABEL = 32
const NOW = 9
const TIMES = 6

/** Rows that the list wants, with its rule; 0 where there is nothing to list, or no room for what the line does not say. */
export function standOutRows(scene: Scene, room: number): number {
  const subject = subjectOf(scene)
  if (!subject || subject.proofs.length === 0) return 0
  const most = Math.min(MOST, room - 1)
  // While it runs the table under it stays where it is, however many lines there are.
  const isGrowing = scene.live && !scene.model.end
  const rows = isGrowing ? most : Math.min(most, symptoms(scene, subject).length + subject.proofs.length)
  return rows < LEAST ? 0 : rows + 1
}

/**
 * What stands out in a phase, a line each: first what users feel, then what was measured with it, and the tab that shows
 * it. A click goes there, as `f` does one after the other.
 */
export function drawStandOuts(scene: Scene, brush: Brush): void {
  const subject = subjectOf(scene)
  if (!subject) return
  const { phase, base, proofs } = subject
  drawRule(brush, 0, `What stands out in ${phase.name}`, `against ${base.name}   f shows one after the other`)
  const felt = symptoms(scene, subject)
  const room = brush.height - 1
  for (const [i, symptom] of felt.slice(0, room).entries()) drawSymptom(symptom, brush, i + 1)
  const at = proofAt(scene, subject)
  for (const [i, proof] of proofs.slice(0, Math.max(0, room - felt.length)).entries()) {
    const y = felt.length + 1 + i
    drawProof(scene, subject, proof, brush.part({ x: 0, y, width: brush.width, height: 1 }), i === at)
    brush.spot({ x: 0, y, width: brush.width, height: 1 }, { kind: 'proof', index: i })
  }
}

/** Where no load is known the first reason stands for what users feel: it is listed as a reason. */
const symptoms = ({ model, catalog, state }: Scene, { phase }: Subject): Symptom[] =>
  symptomsOf(model, catalog, phase, baseFor(state)).filter(({ grade }) => grade !== 'measured')

function drawSymptom({ label, now, column }: Symptom, brush: Brush, y: number): void {
  brush.text(1, y, left(`▲ ${label}`, 2 + TITLE + LABEL), BOLD | ink.warn)
  let x = brush.text(3 + TITLE + LABEL, y, right(now, NOW), BOLD | ink.warn)
  x = brush.text(x, y, right(column.ratio === null ? '' : timesText(column.ratio), TIMES), BOLD | ink.bad)
  brush.text(x + 2, y, clip(column.against.join('   '), brush.width - x - 3), ink.dim)
}

function drawProof(scene: Scene, { phase, base }: Subject, proof: Proof, brush: Brush, isHere: boolean): void {
  const { reason, tab, title } = proof
  const style = isHere ? BOLD | ink.accent : 0
  let x = brush.text(1, 0, left(`${keyOfTab(tab).padEnd(1)} ${title}`, 2 + TITLE), isHere ? style : ink.dim)
  x = brush.text(x, 0, left(reason.label, LABEL), style)
  x = brush.text(x, 0, right(reason.now, NOW), style | BOLD)
  x = brush.text(x, 0, right(timesText(reason.ratio), TIMES), BOLD | ink.bad)
  const [also] = reason.also
  const remarks: readonly (readonly string[])[] = [
    reason.weight === 'chance' ? ['may be chance'] : [],
    [`${reason.before} in ${base.name}`],
    reason.share === null ? [] : [`${wholePercent(reason.share)} of the added thread time`],
    grownWords(scene, phase, base, reason),
    also ? [`${also.label} ${also.now} (${timesText(also.ratio)})`] : [],
  ]
  // Whole remarks or none: half a name says nothing.
  const shown = remarks.reduce((line, texts) => {
    const longer = texts.map((text) => (line === '' ? text : `${line}   ${text}`))
    return longer.find((text) => text.length <= brush.width - x - 3) ?? line
  }, '')
  brush.text(x + 2, 0, shown, ink.dim)
}
