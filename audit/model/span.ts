import type { Probe } from '../../probes/index.ts'
import type { Profile } from '../profile/profile.ts'
import type { RecordingLine } from '../recording/reader.ts'
import { atEndsOfPhases } from '../telemetry/facts.ts'
import { applyRecord, createRunModel, profileOf } from './apply.ts'
import { type PhaseModel, SPAN_KIND } from './run.ts'
import { applySample, beginSource, type LatestSamples } from './telemetry.ts'

/** A stretch of a run that its reader chose, in the shape of a phase: whatever works on phases works on it. */
export interface Span {
  /** as asked for, us since start; `toUs` is the first that is outside */
  fromUs: number
  toUs: number
  /** kind `span`; nothing over time: that is the run's */
  phase: PhaseModel
  /** stacks inside; the column is String(phase.id) */
  profileOf: (probe: string, view?: string) => Profile | null
  /** what its windows and load slices cover together; null when it has none */
  covered: Edges | null
  /** the same of its stacks, which come less often */
  stacks: Edges | null
}

export interface Edges {
  fromUs: number
  toUs: number
}

export interface SpanOptions {
  /** not one of the run's phases */
  id: number
  name: string
  fromUs: number
  toUs: number
}

/**
 * Adds up what of a recording lies in a span. Records tell of a stretch of time and cannot be cut: each belongs where its
 * middle lies, so that neighbouring spans share nothing and lose nothing; `covered` says how far that moved the edges.
 * Counters grow from the last sample at or before its start to the last one before its end.
 */
export function createSpan(
  catalog: ReadonlyMap<string, Probe>,
  { id, name, fromUs, toUs }: SpanOptions,
): { add: (record: RecordingLine) => void; result: () => Span } {
  const model = createRunModel(catalog, { overTime: false })
  const began: RecordingLine = { type: 'phase', id, name, kind: SPAN_KIND, start_us: fromUs, end_us: toUs }
  applyRecord(model, began)
  const samples: LatestSamples = new Map()
  let covered: Edges | null = null
  let stacks: Edges | null = null
  const isInside = ({ start_us, end_us }: { start_us: number; end_us: number }) => {
    const middle = (start_us + end_us) / 2
    return middle >= fromUs && middle < toUs
  }
  const phase = () => {
    const [only] = model.phases
    if (!only) throw new TypeError('a span begins with its phase')
    return only
  }
  return {
    add: (record) => {
      switch (record.type) {
        case 'header':
        case 'frames':
          applyRecord(model, record)
          break
        case 'window':
        case 'load':
          if (!isInside(record)) return
          applyRecord(model, { ...record, phase: id })
          covered = wider(covered, record)
          break
        case 'stacks':
          if (!isInside(record)) return
          applyRecord(model, { ...record, phase: id })
          stacks = wider(stacks, record)
          break
        case 'loss':
          if (isInside(record)) applyRecord(model, record)
          break
        case 'telemetry':
          if (record.t_us > toUs) return
          if (record.t_us > fromUs) beginSource(samples, phase(), record.source)
          applySample(samples, record.t_us > fromUs ? phase() : null, record)
      }
    },
    result: () => {
      for (const source of samples.keys()) beginSource(samples, phase(), source)
      // Their growth belongs to a whole phase: of a part of it nothing is known.
      for (const source of atEndsOfPhases) {
        const seen = phase().telemetry.get(source)
        if (seen) seen.firstUs = seen.lastUs
      }
      return { fromUs, toUs, phase: withoutHistory(phase()), profileOf: profileIn(model), covered, stacks }
    },
  }
}

const profileIn =
  (model: ReturnType<typeof createRunModel>): Span['profileOf'] =>
  (probe, view) =>
    profileOf(model, probe, view)

const wider = (edges: Edges | null, { start_us, end_us }: { start_us: number; end_us: number }): Edges => ({
  fromUs: Math.min(edges?.fromUs ?? start_us, start_us),
  toUs: Math.max(edges?.toUs ?? end_us, end_us),
})

// Pictures over time would draw these twice.
function withoutHistory(phase: PhaseModel): PhaseModel {
  for (const seen of phase.probes.values()) seen.history.length = 0
  if (phase.load) phase.load.history.length = 0
  return phase
}
