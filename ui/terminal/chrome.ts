import { costOf, type PhaseModel, type RunModel } from '../../audit/index.ts'
import { clip, formatClock, formatCount, formatMs, formatPercent, formatRate, UNKNOWN } from '../text/format.ts'
import { NOT_JUDGED } from '../text/phases.ts'
import {
  errorPct,
  isNotJudged,
  lossCount,
  lossCountText,
  lossOfRun,
  placeInPlan,
  probesOf,
  rpsOf,
  targetName,
  tracingPct,
} from '../text/reading.ts'
import { invalidPhases, worstOf } from '../text/worst.ts'
import { bindingOf, bindings, placesOf } from './bindings/all.ts'
import { hintRank } from './bindings/binding.ts'
import type { Brush } from './cells.ts'
import { findingOf } from './finding.ts'
import { drawFileHeader, fileRemark } from './flame/file-chrome.ts'
import { isStackFile } from './flame/stacks-tab.ts'
import type { Message } from './hands.ts'
import { BOLD, INVERSE, ink } from './palette.ts'
import { prompts } from './prompts.ts'
import type { Scene } from './scene.ts'
import { timeRemark } from './span-words.ts'
import { keyOfTab, phaseShown, type ScreenState, tabsOf } from './state.ts'

/** Tracing that costs more than this much of a core is named in the trust line. */
const DEAR_PCT = 5
/** columns of the recording's file name in the trust line */
const FILE = 32

/** Where we are, and whether to trust it. The phase stays when the load's numbers have no room. */
export function drawHeader(scene: Scene, brush: Brush): void {
  const { model, catalog, state, live } = scene
  if (isStackFile(model)) {
    drawFileHeader(scene, brush)
    return
  }
  // While it runs the first line is about now, whatever is looked at; afterwards there is no now.
  const phase = live && !model.end ? model.current : phaseShown(model, state)
  const mode = state.frozen ? ' frozen ' : live ? (model.end ? ' ended ' : ' probe ') : ' replay '
  let x = brush.text(0, 0, mode, BOLD | INVERSE)
  x = brush.text(x + 1, 0, clip(targetName(model), Math.max(8, Math.floor(brush.width / 4))), BOLD) + 3
  if (phase) {
    // Of the present the line of findings says it.
    const isWorst = !(live && !model.end) && worstOf(model, catalog)?.phase === phase
    // Two blanks, the clock, two blanks, and one at the edge.
    const room = brush.width - x - phase.name.length - ' 3/5'.length - 10
    const right = loadTexts(model, phase).find((text) => text.length <= room) ?? ''
    brush.text(brush.width - right.length - 1, 0, right)
    progress(scene, phase, isWorst, brush, x, brush.width - right.length - 3)
  }
  if (brush.height > 1) drawTrust(scene, brush)
}

/** What the load sees now, of a phase that has ended what it saw; longest first. */
function loadTexts(model: RunModel, phase: PhaseModel): string[] {
  if (isNotJudged(model, phase)) return ['not judged', NOT_JUDGED]
  if (!phase.load) return []
  const latest = phase.endUs === null ? phase.load.history.at(-1) : undefined
  // Each number keeps its place whatever its digits: `999 µs` and `1.02 ms` end in the same column.
  const rate = formatRate(latest?.rps ?? rpsOf(phase)).padStart(8)
  const target = phase.load.targetRps ? ` of ${formatCount(phase.load.targetRps)}` : ''
  const p99 = `p99 ${formatMs(latest?.p99Ms ?? phase.load.response?.p99).padStart(7)}`
  const errors = `errors ${formatPercent(errorPct(phase)).padStart(6)}`
  return [
    `${rate}${target}   ${p99}   ${errors}`,
    `${rate}   ${p99}   ${errors}`,
    `${rate}  ${p99}  ${errors}`,
    `${rate}  ${p99}`,
    p99,
  ]
}

const BAR = 13
const WORST = ' ▲ worst'

function progress({ model }: Scene, phase: PhaseModel, isWorst: boolean, brush: Brush, from: number, to: number): void {
  const { index, of, durationUs } = placeInPlan(model, phase)
  const elapsedUs = (phase.endUs ?? model.nowUs) - phase.startUs
  // A span that the reader selected has no place in the plan.
  const name = index > 0 ? `${phase.name} ${index}/${of}` : phase.name
  if (from + name.length > to) return
  let x = brush.text(from, 0, name, BOLD | ink.accent)
  if (isWorst && x + WORST.length + 7 <= to) x = brush.text(x, 0, WORST, BOLD | ink.warn)
  x += 2
  // Of a phase that is over a full bar says nothing that is not said by its clock.
  if (durationUs !== null && phase.endUs === null && x + BAR + 16 < to) {
    const done = Math.min(BAR, Math.round((elapsedUs / durationUs) * BAR))
    brush.text(x, 0, '█'.repeat(done), ink.bar)
    brush.text(x + done, 0, '░'.repeat(BAR - done), ink.faint)
    x += BAR + 1
  }
  const elapsed = formatClock(elapsedUs)
  const ofPlan = durationUs === null ? elapsed : `${elapsed} / ${formatClock(durationUs)}`
  const isRunning = phase.endUs === null && durationUs !== null && elapsedUs < durationUs
  const left = isRunning ? `${ofPlan}   ${formatClock(durationUs - elapsedUs)} left` : ofPlan
  const clock = [left, ofPlan, elapsed].find((text) => x + text.length <= to)
  if (clock) brush.text(x, 0, clock)
}

function drawTrust({ model, catalog, title }: Scene, brush: Brush): void {
  const lost = lossCount(lossOfRun(model))
  const cost = tracingPct(costOf(model, null, probesOf(model, catalog)))
  const invalid = invalidPhases(model)
  const doubts = [
    lost > 0 && 'lower bound',
    cost !== null && cost > DEAR_PCT && 'tracing is dear',
    model.skipped > 0 && `${model.skipped} lines unread`,
    model.leftOut.size > 0 && 'parts left out',
    // Why is said in the log.
    invalid.length > 0 && `not valid: ${invalid.join(', ')}`,
  ].filter((doubt) => typeof doubt === 'string')
  const doubt = doubts.join(', ') || 'ok'
  const { host } = model.header ?? {}
  const system = [host && `kernel ${host.kernel}`, `bpftrace ${host?.bpftrace ?? UNKNOWN}`].filter(Boolean).join('   ')
  // The file is what a reader asks for afterwards: only a very long name is cut.
  const file = clip(title.slice(title.lastIndexOf('/') + 1), FILE)
  const room = brush.width - ' trust '.length - doubt.length - 1
  const loss = `loss ${lossCountText(model)}`
  const costText = `cost ${formatPercent(cost)}`
  const [numbers, right] = [
    [`${costText} of a core   ${loss}`, `${system}   ${file}`],
    [`${costText} of a core   ${loss}`, file || system],
    [`${costText}   ${loss}`, file],
    [loss, file],
    ['', file],
    ['', ''],
  ]
    .map((sides) => sides.map((text) => text.trim()))
    .find(([a = '', b = '']) => a.length + b.length + 6 <= room) ?? ['', '']
  const x = brush.text(brush.text(1, 1, 'trust ', ink.dim), 1, doubt, doubts.length > 0 ? BOLD | ink.warn : ink.good)
  brush.text(x + 3, 1, numbers ?? '', ink.dim)
  brush.text(brush.width - (right ?? '').length - 1, 1, right ?? '', ink.dim)
}

/** All tabs, closer together when they must be; on a narrow terminal their numbers, and the name of the one shown. */
export function drawTabs({ model, catalog, state }: Scene, brush: Brush): void {
  const tabs = tabsOf(model, catalog).map(({ title }, i) => ({
    number: keyOfTab(i),
    title,
    isShown: i === state.tab,
  }))
  const wordy = tabs.map(({ number, title }) => (number === '' ? title : `${number} ${title}`))
  const length = wordy.reduce((n, name) => n + name.length, 0)
  const blanks = [3, 2].find((n) => length + n * tabs.length <= brush.width)
  let x = 0
  if (blanks !== undefined) {
    for (const [i, name] of wordy.entries()) {
      const isShown = tabs[i]?.isShown ?? false
      brush.spot({ x, y: 0, width: name.length + 2, height: 1 }, { kind: 'tab', tab: i })
      x = brush.text(x, 0, ` ${name} `, isShown ? BOLD | INVERSE : ink.dim) + blanks - 2
    }
    return
  }
  // Number and name stand together, and are told apart by their weight: a blank for each tab is saved.
  const dense = tabs.reduce((n, { number, title }) => n + number.length + title.length + 1, 1) <= brush.width
  for (const [i, { number, title, isShown }] of tabs.entries()) {
    const name = dense || isShown ? title : ''
    brush.spot({ x, y: 0, width: number.length + name.length + 2, height: 1 }, { kind: 'tab', tab: i })
    if (isShown) brush.text(x, 0, ` ${number}${name} `, BOLD | INVERSE)
    else
      brush.text(
        brush.text(x + 1, 0, number === '' ? name.slice(0, 1) : number, BOLD),
        0,
        number === '' ? name.slice(1) : name,
        ink.dim,
      )
    x += number.length + name.length + 1 + (number === '' && name === '' ? 1 : 0)
  }
}

/** What stands out now, in words, or the question that is being answered; the last line names the keys. */
export function drawFooter(scene: Scene, brush: Brush): void {
  const { prompt } = scene.state
  const keysAt = brush.height - 1
  const remarkAt = prompt ? 0 : brush.height - 2
  const { message } = scene.state.hands
  if (prompt && keysAt === 0) drawPrompt(scene, brush, 0, prompt)
  else {
    if (prompt) drawPrompt(scene, brush, remarkAt, prompt)
    else if (remarkAt >= 0 && message) drawMessage(brush, remarkAt, message)
    else if (remarkAt >= 0) drawRemark(scene, brush, remarkAt)
    drawKeys(scene, brush, keysAt)
  }
}

function drawPrompt(scene: Scene, brush: Brush, y: number, prompt: NonNullable<ScreenState['prompt']>): void {
  const { question, hint } = prompts[prompt.kind]
  const asked = typeof question === 'string' ? question : question(scene)
  const style = prompt.selected ? INVERSE : 0
  const x = brush.text(brush.text(0, y, ` ${asked} `, BOLD | ink.accent), y, prompt.text, style)
  brush.text(x, y, ' ', INVERSE)
  brush.text(x + 2, y, hint, ink.dim)
}

function drawMessage(brush: Brush, y: number, { text, tone }: Message): void {
  brush.text(1, y, clip(`${tone === 'good' ? '·' : '▲'} ${text}`, brush.width - 2), BOLD | ink[tone])
}

const remarkSigns = { worse: ['▲', BOLD | ink.warn], good: ['·', ink.good], neutral: ['·', ink.dim] } as const

function drawRemark(scene: Scene, brush: Brush, y: number): void {
  const said = timeRemark(scene, brush.width)
  if (said) {
    brush.text(1, y, `◆ ${clip(said.text, brush.width - 4)}`, said.tone === 'accent' ? BOLD | ink.accent : ink.accent)
    return
  }
  const { tone, texts } = isStackFile(scene.model)
    ? { tone: 'neutral' as const, texts: [fileRemark(scene)] }
    : findingOf(scene)
  const [sign, style] = remarkSigns[tone]
  const room = brush.width - 4
  brush.text(1, y, `${sign} ${clip(texts.find((text) => text.length <= room) ?? texts.at(-1) ?? '', room)}`, style)
  brush.spot({ x: 0, y, width: brush.width, height: 1 }, { kind: 'key', key: 'f' })
}

function drawKeys(scene: Scene, brush: Brush, y: number): void {
  const places = placesOf(scene)
  // Only what the key does here: something nearer may have taken it.
  const hints = bindings.flatMap((binding) => {
    const { hint, keys, applies } = binding
    const [stands = ''] = keys
    const isHere = hint && bindingOf(stands, places) === binding && (applies?.(scene) ?? true)
    return isHere ? [{ hint, stands, rank: hintRank(binding) }] : []
  })
  const room = brush.width - 1
  const gap = widthOf(hints, WIDE_GAP) <= room ? WIDE_GAP : NARROW_GAP
  let x = 1
  for (const hint of hintsThatFit(hints, room, gap)) x = drawHint(brush, x, y, hint) + gap
}

interface Hint {
  hint: string
  /** the key that a click on it stands for */
  stands: string
  rank: number
}

const [WIDE_GAP, NARROW_GAP] = [3, 2]
const widthOf = (hints: readonly Hint[], gap: number): number =>
  hints.reduce((sum, { hint }) => sum + hint.length + gap, -gap)

/** In their order; of those that give way first the last goes first, and one that is too long leaves its room to others. */
function hintsThatFit(hints: readonly Hint[], room: number, gap: number): Hint[] {
  const kept = new Set<Hint>()
  for (const hint of hints.toSorted((a, b) => a.rank - b.rank))
    if (widthOf([...kept, hint], gap) <= room) kept.add(hint)
  return hints.filter((hint) => kept.has(hint))
}

function drawHint(brush: Brush, x: number, y: number, { hint, stands }: Hint): number {
  const [key = '', ...does] = hint.split(' ')
  brush.spot({ x, y, width: hint.length, height: 1 }, { kind: 'key', key: stands })
  return brush.text(brush.text(x, y, key, BOLD), y, ` ${does.join(' ')}`, ink.dim)
}
