import { rowText } from '../../../ui/terminal/cells.ts'
import { layoutOf } from '../../../ui/terminal/layout.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'
import { drawWhole } from '../../../ui/terminal/whole.ts'

/** The whole screen as text, a string a row. */
export function screen(scene: Scene, columns: number, rows: number): string[] {
  const layout = layoutOf({ columns, rows })
  const { cells } = drawWhole(scene, layout)
  return Array.from({ length: layout.rows }, (_, y) =>
    rowText(cells, y, () => '')
      .replace(/\x1b\[0m$/, '')
      .trimEnd(),
  )
}
