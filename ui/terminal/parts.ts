import type { Rect } from './cells.ts'
import { type Lane, lanesOf } from './lanes.ts'
import type { LanesMarked } from './panels/lanes.ts'
import type { Scene } from './scene.ts'
import { tabsOf } from './state.ts'
import { timeAxis } from './time-axis.ts'
import { selectionOf } from './time-state.ts'

/** How the panel is shared: lanes of time, and what stands under them. In the panel's own coordinates. */
export interface Parts {
  /** null: there is no room for lanes, or none are wanted */
  lanes: Rect | null
  shown: readonly Lane[]
  body: Rect
}

type Size = Pick<Rect, 'width' | 'height'>

/** Rows that the body keeps: at 80x24 two lanes and the names of the phases stand above it, below that none. */
const BODY = 15
/** The same while the reader brushes, who must see what is selected. */
const BODY_BESIDE_BRUSH = 4
const OVERVIEW_BESIDE_BRUSH = 8
/** So many rows more than the body needs are enough for a clock under the lanes. */
const AMPLE = 4
const NARROWEST = 60
/** A panel this high shows a probe's own lanes beside the load's. */
const TALL = 40
/** What the overview keeps for its table, with both rules. */
const OVERVIEW_BODY = 11

/** On every tab but the help, which needs the room; the overview has its lanes under its own rule, larger. */
export function partsOf(scene: Scene, { width, height }: Size): Parts {
  const whole = { x: 0, y: 0, width, height }
  const none: Parts = { lanes: null, shown: [], body: whole }
  const { state, model, catalog } = scene
  const isBrushing = state.time.brush !== null
  if (state.help || (width < NARROWEST && !isBrushing)) return none
  const all = lanesOf(scene)
  const isOverview = tabsOf(model, catalog)[state.tab]?.kind === 'overview'
  const wanted = isOverview && state.time.lanes !== 'none' ? all : wantedLanes(scene, all, height >= TALL)
  const [usual, besideBrush] = isOverview ? [OVERVIEW_BODY, OVERVIEW_BESIDE_BRUSH] : [BODY, BODY_BESIDE_BRUSH]
  const body = isBrushing ? besideBrush : usual
  // One row names the phases.
  const room = height - body - (isOverview ? 0 : 1)
  const count = Math.min(wanted.length, room)
  if (count < Math.min(2, Math.max(1, wanted.length))) return none
  const shown = isOverview ? wanted.slice(0, count) : fitting(scene, wanted, count)
  // Another is a clock, where nothing else is short of rows.
  const rows = count + (room >= count + AMPLE ? 2 : 1)
  if (isOverview) return { lanes: { x: 0, y: 1, width, height: rows }, shown, body: whole }
  return { lanes: { ...whole, height: rows }, shown, body: { ...whole, y: rows, height: height - rows } }
}

/**
 * In the order of all lanes: the first two, on a high terminal also those of the tab's own probe, the pinned, or all of them.
 * A reader who brushes sees at least two.
 */
function wantedLanes({ model, catalog, state }: Scene, all: readonly Lane[], isTall: boolean): Lane[] {
  const { time } = state
  if (time.lanes === 'all') return [...all]
  const first = time.lanes === 'two' || time.brush ? 2 : 0
  const tab = tabsOf(model, catalog)[state.tab]
  const own = isTall && time.lanes === 'two' && tab?.kind === 'probe' ? tab.probe.name : null
  return all.filter(
    ({ key, probe }, i) =>
      i < first || (own !== null && probe === own) || time.pinned.includes(key) || key === time.brush?.lane,
  )
}

/** Where there is no room for all, what was chosen or pinned stays. */
function fitting({ state: { time } }: Scene, lanes: readonly Lane[], count: number): Lane[] {
  const rank = ({ key }: Lane) => (key === time.brush?.lane ? 0 : time.pinned.includes(key) ? 1 : 2)
  const kept = new Set(lanes.toSorted((a, b) => rank(a) - rank(b)).slice(0, count))
  return lanes.filter((lane) => kept.has(lane))
}

/** What the reader has done to the lanes, for whoever draws them `columns` wide. */
export function markedOf(scene: Scene, columns: number, shown: readonly Lane[]): LanesMarked {
  const { state, shelf } = scene
  const axis = timeAxis(scene, columns)
  const { brush, pinned, reading } = state.time
  return {
    pinned,
    chosen: brush ? (brush.lane ?? shown[0]?.key ?? null) : null,
    selection:
      brush && axis
        ? { ...selectionOf(brush, axis.stepUs), atUs: brush.atUs }
        : reading && { ...reading, atUs: reading.fromUs },
    spans: (shelf?.spans ?? []).map(({ phase, fromUs, toUs }) => ({ letter: phase.name.slice(0, 1), fromUs, toUs })),
  }
}
