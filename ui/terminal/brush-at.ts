import type { Update } from './bindings/binding.ts'
import { inTime, lastCell, lookAt } from './bindings/brush.ts'
import type { Rect } from './cells.ts'
import type { Layout } from './layout.ts'
import { partsOf } from './parts.ts'
import type { Scene } from './scene.ts'
import { cellAt, startOfCell, timeAxis } from './time-axis.ts'
import { selectionOf } from './time-state.ts'

/** Where lanes stand on the screen, columns and rows from its upper left; null where there are none. */
export function lanesRect(scene: Scene, { columns, panel }: Pick<Layout, 'columns' | 'panel'>): Rect | null {
  const { lanes } = partsOf(scene, { width: columns, height: panel.height })
  return lanes && { ...lanes, y: lanes.y + panel.y }
}

/**
 * The mouse on the lanes: pressing sets the start, dragging the end, letting go looks at what was dragged over; a click
 * without dragging places the cursor. `column` is the screen's; beside the plot its nearest cell is meant.
 */
export function brushAt(scene: Scene, lanes: Rect, column: number, action: 'down' | 'drag' | 'up'): Update {
  const { state } = scene
  const axis = timeAxis(scene, lanes.width)
  if (!axis) return { state }
  const cell = Math.min(lastCell(scene, axis), Math.max(0, column - lanes.x - axis.label - 1))
  const atUs = startOfCell(axis, cell)
  const { brush } = state.time
  if (action === 'down')
    return { state: inTime(state, { brush: { atUs, anchorUs: null, endUs: null, lane: brush?.lane ?? null } }) }
  if (!brush) return { state }
  const isMoved = cellAt(axis, brush.anchorUs ?? brush.atUs) !== cell || brush.anchorUs !== null
  const dragged = isMoved ? { ...brush, anchorUs: brush.anchorUs ?? brush.atUs, atUs } : brush
  if (action === 'drag' || !isMoved) return { state: inTime(state, { brush: dragged }) }
  return lookAt(state, scene, selectionOf(dragged, axis.stepUs))
}
