import { type Edges, type PhaseModel, type RunModel, SPAN_KIND, type Span } from '../../audit/index.ts'
import { clip, formatClock, formatNs } from '../text/format.ts'
import type { Scene } from './scene.ts'
import { timeAxis } from './time-axis.ts'
import { type Selection, selectionOf } from './time-state.ts'

/** `A 02:10-03:40`, on the run's clock as the header shows it. */
export const spanName = (letter: string, { fromUs, toUs }: Selection): string =>
  `${letter} ${formatClock(fromUs)}-${formatClock(toUs)}`

/** A phase's name in so many columns: that of a span is its letter before it is cut. */
export const phaseName = ({ kind, name }: Pick<PhaseModel, 'kind' | 'name'>, columns: number): string =>
  kind === SPAN_KIND && name.length > columns ? `span ${name.slice(0, 1)}` : clip(name, columns)

/** Edges that moved by less are where they were asked for. */
const NOTICEABLE_US = 50_000

/**
 * What a span holds instead of what was asked for, longest first: records cannot be cut, each belongs where its middle lies.
 */
export function edgesMoved(span: Span): string[] {
  const held = [
    { what: 'windows', edges: span.covered },
    { what: 'stacks', edges: span.stacks },
  ]
  return sayings.map(({ say, joint }) => {
    const parts = held.flatMap(({ what, edges }) => (edges ? (moved(what, edges, span, say) ?? []) : []))
    return `${span.phase.name}: ${parts.length === 0 ? 'to the edges' : parts.join(joint)}`
  })
}

interface Moved {
  what: string
  /** later than was asked for; 0: not noticeably */
  startUs: number
  endUs: number
}

/** `its windows begin 259 ms earlier and end 319 ms later`, `windows −259 ms to +319 ms`. */
const sayings: readonly { joint: string; say: (moved: Moved) => string }[] = [
  {
    joint: '; ',
    say: ({ what, startUs, endUs }) =>
      `its ${what} ${[side('begin', startUs), side('end', endUs)].filter((part) => part !== '').join(' and ')}`,
  },
  { joint: ', ', say: ({ what, startUs, endUs }) => `${what} ${signed(startUs)} to ${signed(endUs)}` },
]

function moved(what: string, held: Edges, asked: Selection, say: (moved: Moved) => string): string | null {
  const [startUs, endUs] = [held.fromUs - asked.fromUs, held.toUs - asked.toUs].map((us) =>
    Math.abs(us) < NOTICEABLE_US ? 0 : us,
  ) as [number, number]
  return startUs === 0 && endUs === 0 ? null : say({ what, startUs, endUs })
}

const side = (verb: string, byUs: number): string =>
  byUs === 0 ? '' : `${verb} ${formatNs(Math.abs(byUs) * 1000)} ${byUs > 0 ? 'later' : 'earlier'}`
const signed = (us: number): string => (us === 0 ? '±0' : `${us > 0 ? '+' : '−'}${formatNs(Math.abs(us) * 1000)}`)

/** The line's sign, and the blanks around what it says. */
const AROUND = 4

/** What the remark line says of time: what is selected, what is being read, or what became of it; null: nothing. */
export function timeRemark(scene: Scene, columns: number): { text: string; tone: 'accent' | 'dim' } | null {
  const { state, model, shelf } = scene
  const { brush, reading } = state.time
  if (brush) {
    const axis = timeAxis(scene, columns)
    if (!axis) return null
    const selection = selectionOf(brush, axis.stepUs)
    const next = brush.anchorUs === null ? 'space sets the start' : brush.endUs === null ? 'space sets the end' : ''
    return { text: [clockText(model, selection), next].filter(Boolean).join('   '), tone: 'accent' }
  }
  if (reading) {
    const share = Math.round(100 * (shelf?.progress ?? 0))
    return { text: `reading ${clockText(model, reading)}: ${share} %   esc leaves`, tone: 'accent' }
  }
  if (typeof scene.readShare === 'number')
    return {
      text: `reading the recording: ${Math.floor(100 * scene.readShare)} %; shown is what has been read`,
      tone: 'dim',
    }
  const { of, texts = [] } = shelf?.said ?? {}
  const text = texts.find(({ length }) => length <= columns - AROUND) ?? texts.at(-1)
  return text !== undefined && (of === null || of === state.phaseId) ? { text, tone: 'dim' } : null
}

/** `02:10-03:40 (90.0 s)   15:06:15-15:07:45 UTC`: the run's clock, and the wall's. */
function clockText(model: RunModel, { fromUs, toUs }: Selection): string {
  const own = `${formatClock(fromUs)}-${formatClock(toUs)} (${formatNs((toUs - fromUs) * 1000)})`
  const startedMs = Date.parse(model.header?.started ?? '')
  if (!Number.isFinite(startedMs)) return own
  const wall = (us: number) => new Date(startedMs + us / 1000).toISOString().slice(11, 19)
  return `${own}   ${wall(fromUs)}-${wall(toUs)} UTC`
}
