import type { Brush } from '../cells.ts'
import { drawHelp } from '../chrome.ts'
import type { Scene } from '../scene.ts'
import { tabsOf } from '../state.ts'
import { drawLog } from './log.ts'
import { drawOverview } from './overview.ts'
import { drawProbe } from './probe.ts'
import { drawStacks } from './stacks.ts'
import { drawSystem } from './system.ts'

/** Draws what the state asks for: the help, or the panel of the tab. */
export function drawPanel(scene: Scene, brush: Brush): void {
  if (scene.state.help) {
    drawHelp(scene, brush)
    return
  }
  const tab = tabsOf(scene.model, scene.catalog)[scene.state.tab]
  if (tab?.kind === 'probe') drawProbe(scene, tab.probe, brush)
  else if (tab?.kind === 'system') drawSystem(scene, brush)
  else if (tab?.kind === 'stacks') drawStacks(scene, tab, brush)
  else if (tab?.kind === 'log') drawLog(scene, brush)
  else drawOverview(scene, brush)
}
