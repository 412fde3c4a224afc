import { lanesOf } from '../lanes.ts'
import { partsOf } from '../parts.ts'
import type { Scene } from '../scene.ts'
import { phaseShown, type ScreenState } from '../state.ts'
import { cellAt, runPhases, startOfCell, type TimeAxis, timeAxis } from '../time-axis.ts'
import { type BrushState, selectionOf, type TimeState } from '../time-state.ts'
import { type Binding, type Context, change, type Update } from './binding.ts'

/** Keys of time that mean the same on every tab. */
export const timeBindings: readonly Binding[] = [
  {
    keys: ['b'],
    where: 'everywhere',
    act: change((context) => begun(context) ?? context.state),
    help: { keys: 'b', does: 'brush: select a span of time; it becomes a phase' },
    hint: 'b brush',
    rank: 5,
  },
  {
    keys: ['L'],
    where: 'everywhere',
    act: change((context) => inTime(context.state, { lanes: lanesAfter(context) })),
    help: { keys: 'L', does: 'lanes of time: two, all that fit, none' },
  },
]

/** Keys while time is brushed: nearer than any other. */
export const brushBindings: readonly Binding[] = [
  {
    keys: ['enter'],
    where: 'brush',
    act: (context) => look(context),
    help: { keys: 'enter', does: 'look at the selected time, as a phase' },
    hint: 'enter look',
  },
  {
    keys: [' '],
    where: 'brush',
    act: change((context) => inBrush(context, anchored)),
    help: { keys: 'space', does: 'set the start, then the end' },
    hint: 'space start, end',
  },
  ...step(['left', 'h'], -1, { keys: 'left right  h l', does: 'one cell of time' }),
  ...step(['right', 'l'], 1),
  ...step(['H', 'shift-left'], -10, { keys: 'H L', does: 'ten cells; also with shift and an arrow' }),
  ...step(['L', 'shift-right'], 10),
  ...lane(['up', 'k'], -1, { keys: 'up down  j k', does: 'choose a lane' }),
  ...lane(['down', 'j'], 1),
  {
    keys: ['p'],
    where: 'brush',
    act: change(pinned),
    help: { keys: 'p', does: 'pin the chosen lane, so that it stays on every tab; again: let it go' },
    hint: 'p pin lane',
  },
  {
    keys: ['c'],
    where: 'brush',
    act: ({ state }) => ({
      state: { ...inTime(state, { brush: null }), phaseId: (state.phaseId ?? 0) < 0 ? null : state.phaseId },
      effect: { do: 'drop-spans' },
    }),
    help: { keys: 'c', does: 'remove the spans' },
    hint: 'c clear',
  },
  {
    keys: ['escape'],
    where: 'brush',
    act: change(({ state }) => inTime(state, { brush: null })),
    help: { keys: 'esc', does: 'leave the brush' },
    hint: 'esc leave',
  },
  {
    keys: ['escape'],
    where: 'reading',
    act: ({ state }) => ({ state: inTime(state, { reading: null }), effect: { do: 'stop-reading' } }),
    help: { keys: 'esc', does: 'leave the span that is being read' },
    hint: 'esc leave',
  },
]

function step(keys: readonly string[], by: number, help?: Binding['help']): Binding[] {
  const act = change((context) => inBrush(context, (brush, axis, last) => movedBy(brush, by, axis, last)))
  return [{ keys, where: 'brush', act, ...(help ? { help } : {}) }]
}

function lane(keys: readonly string[], by: 1 | -1, help?: Binding['help']): Binding[] {
  return [{ keys, where: 'brush', act: change((context) => chosen(context, by)), ...(help ? { help } : {}) }]
}

const nextLanes = { two: 'all', all: 'none', none: 'two' } as const

/** The next choice that looks otherwise here: where two are all that fit, or all stand there anyway, no press is for nothing. */
function lanesAfter({ state, scene, panel: { width, whole } }: Context): TimeState['lanes'] {
  const { lanes } = state.time
  const seen = (choice: TimeState['lanes']) =>
    partsOf({ ...scene, state: inTime(state, { lanes: choice }) }, { width, height: whole ?? 0 })
      .shown.map(({ key }) => key)
      .join(' ')
  const others = [nextLanes[lanes], nextLanes[nextLanes[lanes]]]
  return others.find((choice) => seen(choice) !== seen(lanes)) ?? nextLanes[lanes]
}

export const inTime = (state: ScreenState, some: Partial<TimeState>): ScreenState => ({
  ...state,
  time: { ...state.time, ...some },
})

const axisOf = ({ scene, panel }: Context): TimeAxis | null => timeAxis(scene, panel.width)

/** The newest cell; of a phase that is pinned its middle. */
function begun(context: Context): ScreenState | null {
  const { state, scene } = context
  const axis = axisOf(context)
  if (!axis) return null
  const phase = state.phaseId === null ? null : phaseShown(scene.model, state)
  const us = phase ? (phase.startUs + (phase.endUs ?? scene.model.nowUs)) / 2 : scene.model.nowUs - 1
  const atUs = startOfCell(axis, Math.min(lastCell(scene, axis), Math.max(0, cellAt(axis, us))))
  return inTime(state, { brush: { atUs, anchorUs: null, endUs: null, lane: state.time.brush?.lane ?? null } })
}

export const lastCell = ({ model }: Pick<Scene, 'model'>, axis: TimeAxis): number =>
  Math.min(axis.width - 1, Math.max(0, cellAt(axis, Math.max(axis.fromUs, model.nowUs - 1))))

function inBrush(context: Context, next: (brush: BrushState, axis: TimeAxis, last: number) => BrushState): ScreenState {
  const { state, scene } = context
  const axis = axisOf(context)
  const { brush } = state.time
  return axis && brush ? inTime(state, { brush: next(brush, axis, lastCell(scene, axis)) }) : state
}

/** A cell of now, wherever the scale of a growing run has moved it. */
function movedBy(brush: BrushState, by: number, axis: TimeAxis, last: number): BrushState {
  const cell = Math.min(last, Math.max(0, cellAt(axis, brush.atUs) + by))
  return { ...brush, atUs: startOfCell(axis, cell) }
}

function anchored(brush: BrushState): BrushState {
  if (brush.anchorUs === null || brush.endUs !== null) return { ...brush, anchorUs: brush.atUs, endUs: null }
  return { ...brush, endUs: brush.atUs }
}

function look(context: Context): Update {
  const { state, scene } = context
  const axis = axisOf(context)
  const { brush } = state.time
  if (!axis || !brush) return { state }
  return lookAt(state, scene, selectionOf(brush, axis.stepUs))
}

/** The span is read; what is outside of the run is no part of it. */
export function lookAt(
  state: ScreenState,
  { model }: Pick<Scene, 'model'>,
  asked: { fromUs: number; toUs: number },
): Update {
  const first = runPhases(model)[0]?.startUs ?? 0
  const reading = {
    fromUs: Math.max(first, Math.round(asked.fromUs)),
    toUs: Math.max(first + 1, Math.min(model.nowUs, Math.round(asked.toUs))),
  }
  return { state: inTime(state, { brush: null, reading }), effect: { do: 'span', ...reading } }
}

/** All lanes: the one that is chosen is shown, whatever else there is room for. */
const lanesHere = ({ scene }: Context): string[] => lanesOf(scene).map(({ key }) => key)

function chosen(context: Context, by: 1 | -1): ScreenState {
  const keys = lanesHere(context)
  const at = Math.max(0, keys.indexOf(context.state.time.brush?.lane ?? keys[0] ?? ''))
  const lane = keys[(at + by + keys.length) % Math.max(1, keys.length)] ?? null
  return inBrush(context, (brush) => ({ ...brush, lane }))
}

function pinned(context: Context): ScreenState {
  const { state } = context
  const lane = state.time.brush?.lane ?? lanesHere(context)[0]
  if (!lane) return state
  return pinnedOrNot(state, lane)
}

export function pinnedOrNot(state: ScreenState, lane: string): ScreenState {
  const { pinned: before } = state.time
  return inTime(state, { pinned: before.includes(lane) ? before.filter((key) => key !== lane) : [...before, lane] })
}
