import type { Edges, RunModel, Span } from '../../audit/index.ts'
import { formatClock, formatNs } from '../text/format.ts'
import type { Scene } from './scene.ts'
import { timeAxis } from './time-axis.ts'
import { type Selection, selectionOf } from './time-state.ts'

/** `A 02:10-03:40`, on the run's clock as the header shows it. */
export const spanName = (letter: string, { fromUs, toUs }: Selection): string =>
  `${letter} ${formatClock(fromUs)}-${formatClock(toUs)}`

/** Edges that moved by less are where they were asked for. */
const NOTICEABLE_US = 50_000

/** What a span holds instead of what was asked for: records cannot be cut, each belongs where its middle lies. */
export function edgesMoved(span: Span): string {
  const parts = [
    span.covered && moved('windows', span.covered, span),
    span.stacks && moved('stacks', span.stacks, span),
  ].filter((part) => typeof part === 'string')
  return parts.length === 0 ? `${span.phase.name}: to the edges` : `${span.phase.name}: ${parts.join('; ')}`
}

function moved(what: string, held: Edges, asked: Selection): string | null {
  const [start, end] = [asked.fromUs - held.fromUs, held.toUs - asked.toUs]
  const parts = [side(start, 'earlier', 'later', 'begin'), side(end, 'later', 'earlier', 'end')].filter(
    (part) => part !== null,
  )
  return parts.length === 0 ? null : `its ${what} ${parts.join(' and ')}`
}

function side(byUs: number, more: string, less: string, verb: string): string | null {
  if (Math.abs(byUs) < NOTICEABLE_US) return null
  return `${verb} ${formatNs(Math.abs(byUs) * 1000)} ${byUs > 0 ? more : less}`
}

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
  const { of, text } = shelf?.said ?? {}
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
