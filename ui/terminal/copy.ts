import { frameLabel } from '../../audit/index.ts'
import { formatUnit, UNKNOWN } from '../text/format.ts'
import { logText } from '../text/log.ts'
import { remarkOf } from '../text/remark.ts'
import { systemRows } from '../text/system-rows.ts'
import { baseFor } from './compare.ts'
import { fileRemark } from './flame/file-chrome.ts'
import { flameOfScene, selectedName } from './flame/shown.ts'
import { isStackFile } from './flame/stacks-tab.ts'
import { tableSeen } from './panels/table-seen.ts'
import type { Scene } from './scene.ts'
import { phaseShown, type Tab, tabsOf, viewShown } from './state.ts'

/** Terminals take about so much of a clipboard, as it is sent (base64). */
const MOST_BYTES = 64 << 10
/** base64 makes four bytes of three */
const MOST_TEXT_BYTES = (MOST_BYTES / 4) * 3

/**
 * Bytes that put a text on the clipboard of the reader's own machine, also through ssh (source: xterm's ctlseqs, OSC 52).
 * Terminals may refuse it and tell nobody. A longer text is cut between characters.
 */
export function clipboardBytes(text: string): { bytes: string; isCut: boolean } {
  const taken = new Uint8Array(MOST_TEXT_BYTES)
  const { read, written } = new TextEncoder().encodeInto(text, taken)
  const base64 = Buffer.from(taken.buffer, 0, written).toString('base64')
  return { bytes: `\x1b]52;c;${base64}\x07`, isCut: read < text.length }
}

/** A text for the clipboard, and what it is. */
export interface Copied {
  text: string
  what: string
}

/** What a reader wants to paste elsewhere: the selected frame, the rows of a table, the log, else the line that says what stands out. */
export function textToCopy(scene: Scene): Copied {
  const tab = tabsOf(scene.model, scene.catalog)[scene.state.tab]
  return (tab && copiedOf(scene, tab)) ?? whatStandsOut(scene, tab)
}

function copiedOf(scene: Scene, tab: Tab): Copied | null {
  const { model, state } = scene
  switch (tab.kind) {
    case 'overview':
      return null
    case 'stacks':
      return selectedFrame(scene, tab)
    case 'system':
      return systemCopied(scene)
    case 'log':
      return { text: logText(model), what: 'the log' }
    case 'probe': {
      const view = viewShown(tab.probe, phaseShown(model, state), state)
      if (view?.kind === 'flame') return selectedFrame(scene, tab)
      const seen = view?.kind === 'numbers' ? tableSeen(scene, tab.probe) : null
      if (!seen) return null
      const rows = seen.rows.map((row) =>
        seen.columns.map(({ key, unit }) => {
          const value = row[key] ?? null
          return typeof value === 'number' && unit !== 'text' ? formatUnit(value, unit) : String(value ?? UNKNOWN)
        }),
      )
      return inColumns([seen.columns.map(({ label }) => label), ...rows])
    }
  }
}

function selectedFrame(scene: Scene, tab: Tab): Copied | null {
  const shown = flameOfScene(scene, tab)
  const name = shown && selectedName(shown)
  return name === null ? null : { text: frameLabel(name), what: frameLabel(name) }
}

function systemCopied({ model }: Scene): Copied | null {
  const { rows } = systemRows(model)
  if (rows.length === 0) return null
  return inColumns([
    ['', ...model.phases.map(({ name }) => name)],
    ...rows.map(({ label, text }) => [label, ...model.phases.map(text)]),
  ])
}

/** As a spreadsheet takes it. */
const inColumns = (lines: readonly (readonly string[])[]): Copied => ({
  text: lines.map((cells) => cells.join('\t')).join('\n'),
  what: `${lines.length - 1} rows`,
})

function whatStandsOut(scene: Scene, tab: Tab | undefined): Copied {
  const { model, catalog, state } = scene
  const probe = tab?.kind === 'probe' ? tab.probe : undefined
  // The longest is the whole of it.
  const [text = ''] = isStackFile(model)
    ? [fileRemark(scene)]
    : remarkOf(model, catalog, phaseShown(model, state), probe, baseFor(state)).texts
  return { text, what: 'what stands out' }
}
