import { clip } from '../../text/format.ts'
import type { Brush } from '../cells.ts'
import { commandsFor } from '../commands.ts'
import { BOLD, INVERSE, ink } from '../palette.ts'
import type { Scene } from '../scene.ts'

const MOST_ROWS = 8
/** columns of a command, and on a narrow terminal; a longer one takes what it needs */
const TEXT = 56
const NARROW_TEXT = 30

/** What the palette offers, over the lowest rows of the panel, just above the prompt; the best at the top. */
export function drawCommands(scene: Scene, text: string, brush: Brush): void {
  const commands = commandsFor(scene, text)
  const { chosen } = scene.state.hands
  const rows = Math.min(MOST_ROWS, commands.length, brush.height - 1)
  const from = Math.min(Math.max(0, chosen - rows + 1), commands.length - rows)
  const top = brush.height - Math.max(1, rows)
  brush.fill(0, top - 1, brush.width, '─', ink.faint)
  const count = commands.length > rows ? ` ${chosen + 1} of ${commands.length} ` : ''
  brush.text(brush.width - count.length - 2, top - 1, count, ink.dim)
  if (commands.length === 0) {
    brush.fill(0, top, brush.width, ' ')
    brush.text(2, top, 'nothing here goes by that name', ink.dim)
  }
  commands.slice(from, from + rows).forEach((command, i) => {
    const y = top + i
    const style = from + i === chosen ? INVERSE : 0
    brush.fill(0, y, brush.width, ' ', style)
    brush.spot({ x: 0, y, width: brush.width, height: 1 }, { kind: 'command', index: from + i })
    brush.text(2, y, clip(command.text, brush.width - 3), style | (style ? BOLD : 0))
    const at = Math.max(brush.width >= 100 ? TEXT + 4 : NARROW_TEXT + 4, command.text.length + 4)
    if (at + 8 < brush.width) brush.text(at, y, clip(command.note, brush.width - at - 1), style || ink.dim)
  })
}
