import { type Brush, brush, type Cells, createCells, type Spot } from './cells.ts'
import { drawFooter, drawHeader, drawTabs } from './chrome.ts'
import type { Layout } from './layout.ts'
import { drawPanel } from './panels/panel.ts'
import type { Scene } from './scene.ts'

/** The screen as one picture: its cells, and what answers the pointer where. The terminal gets the same parts one by one. */
export interface Whole {
  cells: Cells
  spots: Spot[]
}

export function drawWhole(scene: Scene, { columns, rows, header, tabs, panel, footer }: Layout): Whole {
  const cells = createCells(columns, rows)
  const spots: Spot[] = []
  const part = (y: number, height: number): Brush => brush(cells, { x: 0, y, width: columns, height }, spots)
  drawHeader(scene, part(0, header))
  drawTabs(scene, part(header, tabs))
  drawPanel(scene, part(panel.y, panel.height))
  drawFooter(scene, part(rows - footer, footer))
  return { cells, spots }
}
