import type { Brush } from '../cells.ts'
import { markedOf, partsOf } from '../parts.ts'
import type { Scene } from '../scene.ts'
import { tabsOf } from '../state.ts'
import { drawCommands } from './commands.ts'
import { drawHelp } from './help.ts'
import { drawLanes } from './lanes.ts'
import { drawLog } from './log.ts'
import { drawOverview } from './overview.ts'
import { drawProbe } from './probe.ts'
import { drawStacks } from './stacks.ts'
import { drawSystem } from './system.ts'

/** Draws what the state asks for: the help, or the panel of the tab under the lanes. */
export function drawPanel(scene: Scene, brush: Brush): void {
  const { help, prompt } = scene.state
  if (help) drawHelp(scene, brush)
  else drawTab(scene, brush)
  if (prompt?.kind === 'command') drawCommands(scene, prompt.text, brush)
}

function drawTab(scene: Scene, brush: Brush): void {
  const tab = tabsOf(scene.model, scene.catalog)[scene.state.tab]
  const parts = partsOf(scene, brush)
  if (!tab || tab.kind === 'overview') {
    drawOverview(scene, brush, parts)
    return
  }
  if (parts.lanes) drawLanes(scene, parts.shown, brush.part(parts.lanes), markedOf(scene, brush.width, parts.shown))
  const body = brush.part(parts.body)
  if (tab.kind === 'probe') drawProbe(scene, tab.probe, body)
  else if (tab.kind === 'system') drawSystem(scene, body)
  else if (tab.kind === 'stacks') drawStacks(scene, tab, body)
  else drawLog(scene, body)
}
