import type { Context, Update } from './bindings/binding.ts'
import { sortedBy } from './bindings/table.ts'
import { brushAt } from './brush-at.ts'
import type { Rect, Spot } from './cells.ts'
import { noFlame } from './flame/shape.ts'
import type { Layout } from './layout.ts'
import type { Pointer } from './mouse.ts'
import { scrolledBy } from './panels/scroll.ts'
import { atProof, subjectOf } from './proof.ts'
import type { Scene } from './scene.ts'
import { noTable } from './state.ts'
import type { Target } from './target.ts'
import { bodyOf, contextOf, press, withMessage } from './update.ts'
import { drawWhole } from './whole.ts'

/** rows that a notch of the wheel scrolls */
const NOTCH = 3

/** The state after the pointer did something: pure, as after a key. What is under it is what was drawn there. */
export function point(before: Scene, pointer: Pointer, layout: Layout): Update {
  // Moving and letting go is the rest of a press.
  const begins = pointer.kind === 'press' || pointer.kind === 'wheel'
  const isRead = begins && before.state.hands.message !== null
  const scene = isRead ? { ...before, state: withMessage(before.state, null) } : before
  const { state } = scene
  if (!begins) return state.hands.drag ? dragged(scene, state.hands.drag, pointer) : { state }
  const under = drawWhole(scene, layout).spots.filter(({ rect }) => holds(rect, pointer))
  const panel = bodyOf(scene, layout)
  const onlyPrompt = state.prompt !== null || state.help
  if (onlyPrompt) return inPrompt(scene, under, pointer, panel)
  if (pointer.kind === 'wheel') return turned(scene, under, pointer, panel)
  if (pointer.button !== 'left')
    return under.some(({ target }) => target.kind === 'flame') ? press(scene, 'backspace', panel) : { state }
  const spot = under.at(-1)
  return spot ? clicked(scene, spot, pointer, panel) : { state }
}

const holds = ({ x, y, width, height }: Rect, at: { x: number; y: number }): boolean =>
  at.x >= x && at.y >= y && at.x < x + width && at.y < y + height

/** While something is asked only its answers and the way on answer; a click elsewhere leaves it, as escape does. */
function inPrompt(scene: Scene, under: readonly Spot[], pointer: Pointer, panel: Context['panel']): Update {
  const { state } = scene
  if (pointer.kind === 'wheel' && state.help) return turned(scene, under, pointer, panel)
  if (pointer.kind === 'wheel')
    return state.prompt?.kind === 'command' ? press(scene, pointer.button === 'up' ? 'up' : 'down', panel) : { state }
  const target = under.at(-1)?.target
  if (target?.kind !== 'command' || state.prompt?.kind !== 'command') return press(scene, 'escape', panel)
  const chosen = { ...state, hands: { ...state.hands, chosen: target.index } }
  return press({ ...scene, state: chosen }, 'enter', panel)
}

function turned(scene: Scene, under: readonly Spot[], { button }: Pointer, panel: Context['panel']): Update {
  const { state } = scene
  const rows = under.map(({ target }) => target).findLast((target) => target.kind === 'rows' && target.most > 0)
  if (rows?.kind === 'rows') return { state: scrolledBy(state, rows, button === 'up' ? -NOTCH : NOTCH) }
  // All of it is in sight: then from frame to frame.
  const isFlame = under.some(({ target }) => target.kind === 'flame')
  return isFlame ? press(scene, button === 'up' ? 'up' : 'down', panel) : { state }
}

function clicked(scene: Scene, { rect, target }: Spot, pointer: Pointer, panel: Context['panel']): Update {
  const { state } = scene
  const context = contextOf(scene, panel)
  const { tab } = context
  const probe = tab?.kind === 'probe' ? tab.probe.name : tab?.kind === 'stacks' ? tab.name : ''
  switch (target.kind) {
    case 'tab':
      return { state: { ...state, tab: target.tab } }
    case 'key':
      return press(scene, target.key, panel)
    case 'view':
      return { state: { ...state, views: { ...state.views, [probe]: target.view } } }
    case 'phase':
      // Once more lets go of it.
      return { state: { ...state, phaseId: state.phaseId === target.id ? null : target.id } }
    case 'column': {
      const isSorted = (state.tables[probe] ?? noTable).sort === target.column
      return { state: sortedBy(context, isSorted ? null : target.column) }
    }
    case 'flame':
      return inFlame(scene, { rect, target }, pointer, probe, panel)
    case 'lanes': {
      const held = { ...state, hands: { ...state.hands, drag: rect } }
      return brushAt({ ...scene, state: held }, rect, pointer.x, 'down')
    }
    case 'proof': {
      const subject = subjectOf(scene)
      const proof = subject?.proofs[target.index]
      return { state: subject && proof ? atProof(scene, subject, proof) : state }
    }
    case 'rows':
    case 'command':
      return { state }
  }
}

/** Selects the frame under the pointer; the one that is selected is zoomed into, so a double click is a zoom. */
function inFlame(
  scene: Scene,
  { rect, target }: { rect: Rect; target: Target & { kind: 'flame' } },
  pointer: Pointer,
  probe: string,
  panel: Context['panel'],
): Update {
  const { state } = scene
  const box = target.at(pointer.x - rect.x, pointer.y - rect.y)
  if (!box) return { state }
  if (box.isSelected) return press(scene, 'enter', panel)
  const place = { ...(state.flames[probe] ?? noFlame), ...box.place }
  return { state: { ...state, flames: { ...state.flames, [probe]: place } } }
}

/** The pointer is held down on the lanes, wherever it is moved meanwhile. */
function dragged(scene: Scene, lanes: Rect, pointer: Pointer): Update {
  if (pointer.kind === 'drag') return brushAt(scene, lanes, pointer.x, 'drag')
  const free = { ...scene.state, hands: { ...scene.state.hands, drag: null } }
  return brushAt({ ...scene, state: free }, lanes, pointer.x, 'up')
}
