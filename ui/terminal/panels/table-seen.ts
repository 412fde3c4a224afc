import type { Probe, TableColumn } from '../../../probes/index.ts'
import { tableRowsOf } from '../../text/reading.ts'
import type { Scene } from '../scene.ts'
import { noTable, phaseShown } from '../state.ts'
import { filterRows, sortRows, type TableRow } from './table.ts'

/** The table of a probe as the reader has it: all rows that the filter leaves, in the order that is seen. */
export function tableSeen(
  { model, state }: Scene,
  probe: Probe,
): { columns: readonly TableColumn[]; rows: readonly TableRow[] } | null {
  const { table } = probe.draw
  const phase = phaseShown(model, state)
  if (!table || !phase) return null
  const kept = filterRows(tableRowsOf(probe, phase), state.hands.filters[probe.name] ?? '')
  return { columns: table.columns, rows: sortRows(kept, table.columns, (state.tables[probe.name] ?? noTable).sort) }
}
