import type { Brush } from '../cells.ts'
import { drawHelp } from '../chrome.ts'
import type { Scene } from '../scene.ts'
import { tabsOf } from '../state.ts'
import { drawCommands } from './commands.ts'
import { drawLog } from './log.ts'
import { drawOverview } from './overview.ts'
import { drawProbe } from './probe.ts'

/** Draws what the state asks for: the help, or the panel of the tab. */
export function drawPanel(scene: Scene, brush: Brush): void {
  const { help, prompt } = scene.state
  if (help) drawHelp(brush)
  else drawTab(scene, brush)
  if (prompt?.kind === 'command') drawCommands(scene, prompt.text, brush)
}

function drawTab(scene: Scene, brush: Brush): void {
  const tab = tabsOf(scene.model, scene.catalog)[scene.state.tab]
  if (tab?.kind === 'probe') drawProbe(scene, tab.probe, brush)
  else if (tab?.kind === 'log') drawLog(scene, brush)
  else drawOverview(scene, brush)
}
