import { costOf, firstOf, type PhaseModel, type RunModel } from '../../audit/index.ts'
import type { Figure, Probe } from '../../probes/index.ts'
import {
  clip,
  formatCount,
  formatFigure,
  formatMs,
  formatNs,
  formatPercent,
  formatRate,
  formatRatio,
  left,
  right,
  UNKNOWN,
} from './format.ts'
import { kernelRows } from './kernel-rows.ts'
import { limitRows } from './limits.ts'
import type { Cell, PhaseRow } from './phase-row.ts'
import {
  type BaseOf,
  baselineOf,
  type Catalog,
  errorPct,
  figuresOf,
  headlines,
  isNotJudged,
  lossCount,
  probesOf,
  rpsOf,
  targetCpu,
  worsening,
} from './reading.ts'
import { isFelt, WORSE } from './stand-outs.ts'
import { toldPhases } from './told-phases.ts'

const LABEL = 30
const VALUE = 9
const RATIO = 5
/** 30 + 5 x 14 columns: a hundred */
const PHASES_A_ROW = 5

/**
 * Phases side by side: what the client saw, what each probe measured, the kernel's own counters, what tracing cost.
 * A value that is worse than in the baseline is followed by `×N`; why a phase is not valid stands below. At most 100
 * columns (reasons may be longer); more than five phases make blocks. Of very many those are told that
 * stand out.
 */
export function phaseTable(model: RunModel, catalog: Catalog): string {
  const rows = phaseRows(model, catalog)
  const blocks: string[] = []
  const told = toldPhases(model, catalog)
  for (let at = 0; at < told.phases.length; at += PHASES_A_ROW) {
    const phases = told.phases.slice(at, at + PHASES_A_ROW)
    const head = left('', LABEL) + phases.map((phase) => right(phase.name, VALUE) + ' '.repeat(RATIO)).join('')
    const lines = rows.map((row) => left(row.label, LABEL) + phases.map((phase) => cellText(row.cell(phase))).join(''))
    blocks.push([head, ...lines].map((line) => line.trimEnd()).join('\n'))
  }
  const invalid = model.summary?.phases.filter((phase) => !phase.valid) ?? []
  const doubts = [
    ...model.phases
      .filter((phase) => isNotJudged(model, phase))
      .map(({ name }) => `${name} is not judged (${NOT_JUDGED}): the plan discards its latencies`),
    ...invalid.map(({ name, reasons }) => `${name} is not valid: ${reasons.join('; ')}`),
  ]
  return [...blocks, ...(told.left === null ? [] : [told.left]), ...firstOf(doubts)].join('\n\n')
}

const cellText = ({ text, ratio }: Cell): string =>
  right(text, VALUE) + left(ratio !== null && ratio >= WORSE ? ` ${mark(ratio)}` : '', RATIO)

/** At most four columns. */
const mark = (ratio: number): string => (Number.isFinite(ratio) ? (ratio > 999 ? '×1k+' : formatRatio(ratio)) : 'new')

/** Stands where the plan throws a phase's latencies away; "not judged" is too wide for a column. */
export const NOT_JUDGED = 'n/j'

/** The rows of the table, each able to speak for any phase; the screen's overview shows the same. */
export function phaseRows(model: RunModel, catalog: Catalog, baseOf: BaseOf = baselineOf): PhaseRow[] {
  const probes = probesOf(model, catalog)
  return [
    ...(model.phases.some((phase) => phase.load) ? loadRows(model, baseOf) : []),
    ...limitRows(model),
    ...kernelRows(model, baseOf),
    ...targetRows(model, baseOf),
    ...probes.flatMap((probe) => probeRows(model, probe, baseOf)),
    ...trustRows(model, probes),
  ]
}

function loadRows(model: RunModel, baseOf: BaseOf): PhaseRow[] {
  const orNotJudged = (phase: PhaseModel, text: string) => (isNotJudged(model, phase) ? NOT_JUDGED : text)
  const latency = (key: 'p50' | 'p99') => ({
    label: `response ${key}`,
    group: 'Load',
    cell: (phase: PhaseModel) => {
      const value = phase.load?.response?.[key] ?? null
      const base = baseOf(model, phase)?.load?.response?.[key] ?? null
      return { text: orNotJudged(phase, formatMs(value)), ratio: value !== null && base ? value / base : null }
    },
  })
  return [
    { label: 'requests/s', group: 'Load', cell: (phase) => plain(orNotJudged(phase, formatRate(rpsOf(phase)))) },
    latency('p50'),
    ...spreadRows(model),
    latency('p99'),
    { label: 'errors', group: 'Load', cell: (phase) => plain(orNotJudged(phase, formatPercent(errorPct(phase)))) },
  ]
}

/** How far off the median of another run like this may lie, once the run is over. */
function spreadRows(model: RunModel): PhaseRow[] {
  const spreads = new Map(model.summary?.phases.map(({ id, intervals }) => [id, intervals?.['response_ms.p50']]))
  if (![...spreads.values()].some(Boolean)) return []
  const cell = ({ id }: PhaseModel): Cell => {
    const spread = spreads.get(id)
    return plain(spread ? `±${formatMs((spread.high - spread.low) / 2)}` : UNKNOWN)
  }
  return [{ label: '  p50 of another run', group: 'Load', cell }]
}

function probeRows(model: RunModel, probe: Probe, baseOf: BaseOf): PhaseRow[] {
  const labels = new Map<string, string>()
  for (const phase of model.phases) for (const f of tableFigures(figuresOf(probe, phase))) labels.set(f.key, f.label)
  const byPhase = new Map<PhaseModel, Map<string, Figure>>()
  const figures = (phase: PhaseModel) => {
    const known = byPhase.get(phase) ?? new Map(figuresOf(probe, phase).map((f) => [f.key, f]))
    byPhase.set(phase, known)
    return known
  }
  return [...labels].map(([key, label]) => ({
    label: clip(`${probe.draw.tab} ${label.replace(' per request', '/req')}`, LABEL - 1),
    group: probe.draw.tab,
    cell: (phase) => {
      const figure = figures(phase).get(key)
      if (!figure) return plain(UNKNOWN)
      const baseline = baseOf(model, phase)
      const base = baseline && figures(baseline).get(key)
      // A mark says that something is worse, not that a trifle has grown.
      const ratio = base && isFelt(figure, phase) ? worsening(figure, base, phase, baseline, probe.name) : null
      return { text: formatFigure(figure), ratio }
    },
  }))
}

/** A count says as much as its rate under the same name. What is per request can be compared between phases whatever their load: it has a row even when it is no headline. */
function tableFigures(figures: readonly Figure[]): Figure[] {
  const chosen = headlines(figures).filter((f, i, all) => all.findIndex(({ label }) => label === f.label) === i)
  return [
    ...chosen,
    ...figures.filter((f) => f.unit.endsWith('per_request') && f.value !== null && !chosen.includes(f)),
  ]
}

function targetRows(model: RunModel, baseOf: BaseOf): PhaseRow[] {
  const cpu = (phase: PhaseModel | null) => (phase ? targetCpu(phase) : { corePct: null, perRequestNs: null })
  if (!model.phases.some((phase) => cpu(phase).corePct !== null)) return []
  return [
    { label: 'target CPU (of a core)', group: 'Target', cell: (phase) => plain(formatPercent(cpu(phase).corePct)) },
    {
      label: 'target CPU/req',
      group: 'Target',
      cell: (phase) => {
        const now = cpu(phase).perRequestNs
        const base = cpu(baseOf(model, phase)).perRequestNs
        return { text: formatNs(now), ratio: now !== null && base ? now / base : null }
      },
    },
  ]
}

function trustRows(model: RunModel, probes: readonly Probe[]): PhaseRow[] {
  const verdict = (phase: PhaseModel) => model.summary?.phases.find((p) => p.id === phase.id)?.valid
  const costs = new Map(model.phases.map((phase) => [phase, costOf(model, phase, probes)]))
  const estimated = [...costs.values()].some((cost) => cost.bpfEstimated && cost.bpfPct !== null)
  return [
    { label: 'tracer (of a core)', group: 'Trust', cell: (phase) => plain(formatPercent(costs.get(phase)?.tracerPct)) },
    {
      label: 'recorder (of a core)',
      group: 'Trust',
      cell: (phase) => plain(formatPercent(costs.get(phase)?.recorderPct)),
    },
    {
      label: `kernel programs${estimated ? ' (est.)' : ''}`,
      group: 'Trust',
      cell: (phase) => plain(formatPercent(costs.get(phase)?.bpfPct)),
    },
    { label: 'loss', group: 'Trust', cell: (phase) => plain(formatCount(lossCount(phase.loss))) },
    ...(model.summary
      ? [
          {
            label: 'valid',
            group: 'Trust',
            cell: (phase: PhaseModel) =>
              plain({ true: 'yes', false: 'no', undefined: UNKNOWN }[String(verdict(phase))] ?? UNKNOWN),
          },
        ]
      : []),
  ]
}

const plain = (text: string): Cell => ({ text, ratio: null })
