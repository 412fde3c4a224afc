import type { LoadPhase, PhaseModel, RunModel, SummaryRecord } from '../../../audit/index.ts'
import { createRunModel } from '../../../audit/index.ts'
import type { Figure, Probe } from '../../../probes/index.ts'
import { syntheticCatalog } from '../../terminal/synthetic.ts'

/** Runs whose truth is written down, not measured. */
export interface Told {
  name: string
  kind?: string
  /** requests that ended; none: no load is known */
  done?: number
  failed?: number
  p50?: number | null
  p99?: number | null
  /** figures of the probe of that name, by key */
  figures?: Record<string, Record<string, number | null>>
  /** counters of the network namespace: what they grew by */
  grown?: Record<string, number>
}

const SECOND = 1e6

export function phaseOf(told: Told, id: number): PhaseModel {
  const [startUs, endUs] = [id * 10 * SECOND, (id + 1) * 10 * SECOND]
  const probes = Object.entries(told.figures ?? {}).map(([probe, data]) => [
    probe,
    { probe, windows: 1, coveredUs: 10 * SECOND, data, history: [], hasStacks: false },
  ])
  return {
    id,
    name: told.name,
    kind: told.kind ?? told.name,
    startUs,
    endUs,
    probes: new Map(probes as [string, never][]),
    load: told.done === undefined ? null : loadOf(told, startUs, endUs),
    telemetry: new Map(told.grown ? [['netns', counters(told.grown, startUs, endUs)]] : []),
    loss: {},
  }
}

function loadOf({ done = 0, failed = 0, p50 = 1, p99 = 2 }: Told, startUs: number, endUs: number): LoadPhase {
  const errors: Record<string, number> = failed > 0 ? { timeout: failed } : {}
  const response = { p50, p90: null, p99, p999: null, max: null }
  return {
    ...{ targetRps: null, planned: null, sent: done, done, errors, inFlight: null, queued: null, startUs, endUs },
    ...{ response, service: null, sendLag: null, generatorCpuUs: null, history: [] },
  }
}

const counters = (grown: Record<string, number>, firstUs: number, lastUs: number) => ({
  firstUs,
  lastUs,
  first: Object.fromEntries(Object.keys(grown).map((name) => [name, 0])),
  last: grown,
  low: {},
  high: {},
  restarted: [],
})

export function modelOf(phases: readonly Told[], summary: SummaryRecord | null = null): RunModel {
  const made = phases.map(phaseOf)
  const model = createRunModel(new Map())
  return { ...model, phases: made, current: made.at(-1) ?? null, summary, end: null }
}

/** What a summary says of phases, by their place. */
export const summaryOf = (...phases: Record<string, unknown>[]): SummaryRecord =>
  ({ type: 'summary', phases: phases.map((phase, id) => ({ id, valid: true, reasons: [], ...phase })) }) as never

/** A probe that reads its figures out of its data, key by key. */
export function probeOf(name: string, figures: readonly Partial<Figure>[]): Probe {
  const [some] = syntheticCatalog().values()
  if (!some) throw new Error('there are probes')
  return {
    ...some,
    name,
    draw: {
      tab: name,
      lanes: [{ label: 'none', figures: ['none'] }],
      figures: (data) =>
        figures.map((figure) => ({
          ...{ key: '', label: figure.key ?? '', unit: 'ns_per_request', better: 'lower' },
          ...figure,
          value: (data as Record<string, number | null>)[figure.key ?? ''] ?? null,
        })) as Figure[],
    },
  }
}

export const catalogOf = (...probes: Probe[]): Map<string, Probe> => new Map(probes.map((probe) => [probe.name, probe]))
