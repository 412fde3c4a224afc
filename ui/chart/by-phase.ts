import { costOf, type PhaseModel, type RunModel } from '../../audit/index.ts'
import { dropCounters } from '../text/drops.ts'
import { formatCount, formatPercent } from '../text/format.ts'
import { type Catalog, counterDelta, lossCount, probesOf, tracingPct } from '../text/reading.ts'

/** What is known phase by phase only: a row of the picture. */
export interface PhaseRow {
  label: string
  /** null is unknown */
  cells: { phase: PhaseModel; value: number | null }[]
  format: (value: number | null) => string
  /** more than nothing is bad news */
  isFault: boolean
  /** over the run, in words; empty where phases do not add up */
  total: string
}

/** Kernel counters, the target's CPU time, what tracing cost and lost. Rows whose source was never read are left out. */
export function phaseRows(model: RunModel, catalog: Catalog): PhaseRow[] {
  const probes = probesOf(model, catalog)
  const row = (label: string, value: (phase: PhaseModel) => number | null) => ({
    label,
    cells: model.phases.map((phase) => ({ phase, value: value(phase) })),
  })
  const fault = (label: string, value: (phase: PhaseModel) => number | null): PhaseRow => {
    const own = row(label, value)
    return { ...own, format: formatCount, isFault: true, total: totalOf(own.cells) }
  }
  const share = (label: string, value: (phase: PhaseModel) => number | null): PhaseRow => ({
    ...row(label, value),
    format: formatPercent,
    isFault: false,
    total: '',
  })
  const rows = [
    ...dropCounters(model).map(({ label, grown }) => fault(label, grown)),
    share('target CPU, of a core', targetCpuPct),
    share('tracing CPU, of a core', (phase) => tracingPct(costOf(model, phase, probes))),
  ].filter(({ cells }) => cells.some(({ value }) => value !== null))
  return [...rows, fault('events lost', (phase) => lossCount(phase.loss))]
}

function totalOf(cells: PhaseRow['cells']): string {
  const values = cells.map(({ value }) => value).filter((value) => value !== null)
  return values.length > 0 ? formatCount(values.reduce((a, b) => a + b, 0)) : ''
}

/** CPU time of the target's processes between the first and the last sample of a phase, percent of one core. */
function targetCpuPct(phase: PhaseModel): number | null {
  const seen = phase.telemetry.get('process')
  const spanNs = seen ? (seen.lastUs - seen.firstUs) * 1000 : 0
  const spentNs = counterDelta(phase, 'process', 'cpu_ns')
  // A process that ends takes its time with it: a clock that runs backwards says nothing.
  return spanNs > 0 && spentNs !== null && spentNs >= 0 ? (spentNs / spanNs) * 100 : null
}
