import type { PhaseModel, RunModel } from '../../audit/index.ts'
import { type Figure, type Probe, percentile } from '../../probes/index.ts'
import { csvText } from './csv.ts'
import { dropCounters } from './drops.ts'
import { errorPct, figuresOf, histogramsOf, rpsOf } from './reading.ts'

type Row = { group: string; label: string; unit: string; of: (phase: PhaseModel) => number | null }

/** Figures by phase as numbers, not rounded, in the unit that stands beside them: of the load where asked for, and of probes. */
export function figuresCsv(model: RunModel, probes: readonly Probe[], { withLoad }: { withLoad: boolean }): string {
  const rows = [
    ...(withLoad ? [...loadRows, ...dropRows(model)] : []),
    ...probes.flatMap((probe) => probeRows(model, probe)),
  ]
  return csvText([
    ['of', 'figure', 'unit', ...model.phases.map(({ name }) => name)],
    ...rows.map(({ group, label, unit, of }) => [group, label, unit, ...model.phases.map(of)]),
  ])
}

const loadRows: readonly Row[] = [
  { group: 'Load', label: 'requests', unit: 'per_s', of: rpsOf },
  ...(['p50', 'p90', 'p99', 'p999', 'max'] as const).map(
    (key): Row => ({
      group: 'Load',
      label: `response ${key}`,
      unit: 'ms',
      of: ({ load }) => load?.response?.[key] ?? null,
    }),
  ),
  { group: 'Load', label: 'errors', unit: 'percent', of: errorPct },
]

const dropRows = (model: RunModel): Row[] =>
  dropCounters(model).map(({ label, grown }): Row => ({ group: 'Kernel', label, unit: 'count', of: grown }))

const QUANTILES = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
  ['p99.9', 0.999],
] as const

function probeRows(model: RunModel, probe: Probe): Row[] {
  const group = probe.draw.tab
  const known = new Map<string, Figure>()
  const distributions = new Set<string>()
  for (const phase of model.phases) {
    for (const figure of figuresOf(probe, phase)) known.set(figure.key, figure)
    for (const { label } of histogramsOf(probe, phase)) distributions.add(label)
  }
  return [
    ...[...known.values()].map(
      ({ key, label, unit }): Row => ({
        group,
        label,
        unit,
        of: (phase) => figuresOf(probe, phase).find((figure) => figure.key === key)?.value ?? null,
      }),
    ),
    ...[...distributions].flatMap((label) =>
      QUANTILES.map(
        ([name, quantile]): Row => ({
          group,
          label: `${label} ${name}`,
          unit: 'ns',
          of: (phase) => {
            const found = histogramsOf(probe, phase).find((other) => other.label === label)
            return found ? percentile(found.histogram, quantile) : null
          },
        }),
      ),
    ),
  ]
}
