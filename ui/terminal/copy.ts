import { frameLabel } from '../../audit/index.ts'
import { formatUnit, UNKNOWN } from '../text/format.ts'
import { tableRowsOf } from '../text/reading.ts'
import { remarkOf } from '../text/remark.ts'
import { filterRows, sortRows } from './panels/table.ts'
import type { Scene } from './scene.ts'
import { noTable, phaseShown, tabsOf, viewShown } from './state.ts'

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

/** What a reader wants to paste elsewhere: the selected frame, the table, else the line that says what stands out. */
export function textToCopy(scene: Scene): { text: string; what: string } {
  const { model, catalog, state } = scene
  const tab = tabsOf(model, catalog)[state.tab]
  const phase = phaseShown(model, state)
  const probe = tab?.kind === 'probe' ? tab.probe : undefined
  const view = probe ? viewShown(probe, phase, state) : null
  if (probe && view?.kind === 'flame') {
    const selected = state.flames[probe.name]?.selected.at(-1)
    if (selected !== undefined) return { text: frameLabel(selected), what: frameLabel(selected) }
  }
  const table = probe?.draw.table
  if (probe && table && view?.kind !== 'flame') {
    const { sort } = state.tables[probe.name] ?? noTable
    const kept = filterRows(tableRowsOf(probe, phase), state.hands.filters[probe.name] ?? '')
    const rows = sortRows(kept, table.columns, sort).map((row) =>
      table.columns.map(({ key, unit }) => {
        const value = row[key] ?? null
        return typeof value === 'number' && unit !== 'text' ? formatUnit(value, unit) : String(value ?? UNKNOWN)
      }),
    )
    const lines = [table.columns.map(({ label }) => label), ...rows].map((cells) => cells.join('\t'))
    return { text: lines.join('\n'), what: `${rows.length} rows` }
  }
  // The longest is the whole of it.
  const [text = ''] = remarkOf(model, catalog, phase, probe).texts
  return { text, what: 'what stands out' }
}
