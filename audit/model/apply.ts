import { mergeData, type Probe } from '../../probes/index.ts'
import { type Hdr, percentilesOf } from '../load/hdr.ts'
import type { Profile } from '../profile/profile.ts'
import type {
  LoadRecord,
  OverheadRecord,
  PhaseRecord,
  StacksRecord,
  TelemetryRecord,
  WindowRecord,
} from '../recording/format.ts'
import type { RecordingLine } from '../recording/reader.ts'
import { remember } from './history.ts'
import { type Blocks, createBlocks, DONE, type Interval, P50_TIMES_DONE, statedIntervals } from './interval.ts'
import { addSlice, addSpan, histogramsOf, type LoadHistograms, plannedBy } from './load.ts'
import { followSample } from './metric-spans.ts'
import type { LoadPhase, PhaseModel, RunModel } from './run.ts'
import { createProbeStacks, type ProbeStacks } from './stacks.ts'
import { applySample, beginPhase, endPhase, type LatestSamples } from './telemetry.ts'
import { createWindow, packWindow } from './window.ts'

type Catalog = ReadonlyMap<string, Probe>
interface Hidden {
  catalog: Catalog
  looksBack: boolean
  overTime: boolean
  stacks: Map<string, ProbeStacks>
  telemetry: LatestSamples
  load: Map<number, LoadHistograms<Hdr>>
  /** by phase id: how what is stated with an interval varied */
  blocks: Map<number, Blocks>
  /** those that are times per request; the others are counts */
  times: Set<string>
  /** by phase id and figure: up to when it is known */
  told: Map<string, number>
}
const hidden = new WeakMap<RunModel, Hidden>()

/** What is kept of windows and load slices when nobody looks back: what a line of progress tells. */
const LATEST = 2

/**
 * An empty model; probes that the catalog does not know are kept by their latest window only.
 * `looksBack` false: nobody will draw from it, so windows over time and stacks stay in the recording alone; `overTime`
 * false: the stacks are kept.
 */
export function createRunModel(
  catalog: Catalog,
  { looksBack = true, overTime = looksBack }: { looksBack?: boolean; overTime?: boolean } = {},
): RunModel {
  const model: RunModel = {
    header: null,
    nowUs: 0,
    phases: [],
    current: null,
    frames: [],
    notes: [],
    loss: [],
    overhead: [],
    metrics: new Map(),
    summary: null,
    end: null,
    skipped: 0,
    revision: 0,
  }
  hidden.set(model, {
    catalog,
    looksBack,
    overTime,
    stacks: new Map(),
    telemetry: new Map(),
    load: new Map(),
    blocks: new Map(),
    times: new Set(),
    told: new Map(),
  })
  return model
}

/** Adds one record of the recording to the model, in place. */
export function applyRecord(model: RunModel, record: RecordingLine): void {
  model.revision++
  switch (record.type) {
    case 'header':
      model.header = record
      break
    case 'phase':
      applyPhase(model, record)
      break
    case 'window':
      applyWindow(model, record)
      break
    case 'frames':
      for (const [index, name] of record.names.entries()) model.frames[record.from + index] = name
      break
    case 'stacks':
      applyStacks(model, record)
      break
    case 'load':
      applyLoad(model, record)
      break
    case 'telemetry':
      applyTelemetry(model, record)
      break
    case 'mark':
    case 'note':
      model.notes.push({ tUs: record.t_us, text: record.text, kind: record.type })
      reach(model, record.t_us)
      break
    case 'loss':
      applyLoss(model, record)
      break
    case 'overhead':
      applyOverhead(model, record)
      break
    case 'summary':
      model.summary = record
      break
    case 'end':
      model.end = record
      if (record.t_us !== undefined) reach(model, record.t_us)
      break
    case 'skipped':
      model.skipped++
  }
}

/** Stacks of a probe as a profile, one column per phase (its id); null when there are none, or no such view. */
export function profileOf(model: RunModel, probe: string, view?: string): Profile | null {
  const { catalog, stacks } = inside(model)
  const name = view ?? catalog.get(probe)?.draw.flame?.views[0]?.name
  return name === undefined ? null : (stacks.get(probe)?.profile(name) ?? null)
}

function inside(model: RunModel): Hidden {
  const found = hidden.get(model)
  if (!found) throw new TypeError('a run model is made by createRunModel')
  return found
}

const reach = (model: RunModel, us: number) => {
  model.nowUs = Math.max(model.nowUs, us)
}

const phaseById = (model: RunModel, id: number): PhaseModel | null =>
  model.phases.find((phase) => phase.id === id) ?? null

function applyPhase(model: RunModel, record: PhaseRecord): void {
  reach(model, record.end_us ?? record.start_us)
  const known = phaseById(model, record.id)
  if (known) {
    known.endUs = record.end_us ?? null
    if (known.endUs !== null && known === model.current) endPhase(inside(model).telemetry)
    return
  }
  const phase: PhaseModel = {
    id: record.id,
    name: record.name,
    kind: record.kind,
    startUs: record.start_us,
    endUs: record.end_us ?? null,
    probes: new Map(),
    load: null,
    telemetry: new Map(),
    loss: {},
  }
  beginPhase(inside(model).telemetry, phase)
  model.phases.push(phase)
  model.current = phase
}

function probePhase(phase: PhaseModel, probe: string) {
  const seen = phase.probes.get(probe) ?? { probe, windows: 0, coveredUs: 0, data: null, history: [], hasStacks: false }
  phase.probes.set(probe, seen)
  return seen
}

function applyWindow(model: RunModel, record: WindowRecord): void {
  reach(model, record.end_us)
  const phase = phaseById(model, record.phase)
  if (!phase) return
  const probe = inside(model).catalog.get(record.probe)
  const data = probe ? probe.record.safeParse(record.data) : { success: true, data: record.data }
  if (!data.success) {
    model.skipped++ // of another version of the probe, or damaged
    return
  }
  const seen = probePhase(phase, record.probe)
  seen.data = probe && seen.data !== null ? mergeData(probe.record, seen.data, data.data) : data.data
  seen.windows++
  seen.coveredUs += record.end_us - record.start_us
  const before = seen.history.at(-1)
  if (before) packWindow(before)
  keep(model, seen.history, createWindow(record.start_us, record.end_us, data.data), (a, b) => {
    const sum = createWindow(a.startUs, b.endUs, probe ? mergeData(probe.record, a.data, b.data) : b.data)
    packWindow(sum)
    return sum
  })
  // Without a plan nobody sends requests that are counted here.
  if (!probe || !model.header?.plan) return
  // Of one request: what is left is the number that requests are divided into.
  const scope = { durationUs: record.end_us - record.start_us, requests: 1 }
  const { times, told } = inside(model)
  for (const { key, unit, value } of probe.draw.figures(data.data, scope)) {
    if (!unit.endsWith('per_request') || value === null) continue
    const name = `${record.probe}.${key}`
    if (unit === 'ns_per_request') times.add(name)
    // What comes with stacks is of all the time since the last ones.
    const of = `${phase.id} ${name}`
    blocksOf(model, phase).spread(Math.min(record.start_us, told.get(of) ?? phase.startUs), record.end_us, name, value)
    told.set(of, record.end_us)
  }
}

function keep<T extends { startUs: number; endUs: number }>(
  model: RunModel,
  history: T[],
  next: T,
  merge: (a: T, b: T) => T,
): void {
  if (inside(model).overTime) remember(history, next, merge)
  else {
    history.push(next)
    if (history.length > LATEST) history.shift()
  }
}

function blocksOf(model: RunModel, phase: PhaseModel): Blocks {
  const { blocks } = inside(model)
  const known = blocks.get(phase.id) ?? createBlocks(phase.startUs)
  blocks.set(phase.id, known)
  return known
}

/**
 * Where the numbers of a phase lie in another run like it: `response_ms.p50` (ms) and each figure per request,
 * "probe.key" in its own unit. What varied too little time to tell is left out.
 */
export function intervalsOf(model: RunModel, phase: PhaseModel): Record<string, Interval> {
  const { blocks, times } = inside(model)
  const own = blocks.get(phase.id)
  return own ? statedIntervals(own, phase.load?.response?.p50 ?? null, times) : {}
}

function applyStacks(model: RunModel, record: StacksRecord): void {
  const { catalog, stacks, looksBack } = inside(model)
  const phase = phaseById(model, record.phase)
  if (!phase) return
  probePhase(phase, record.probe).hasStacks ||= record.rows.length > 0
  const probe = catalog.get(record.probe)
  if (!looksBack || !probe) return
  const known = stacks.get(record.probe) ?? createProbeStacks(probe, record.unit, model.frames)
  stacks.set(record.probe, known)
  known.add(record)
}

function applyLoad(model: RunModel, record: LoadRecord): void {
  reach(model, record.end_us)
  const phase = phaseById(model, record.phase)
  if (!phase) return
  const slice = histogramsOf(record)
  if (slice === null) {
    model.skipped++
    return
  }
  const sum = addSlice(inside(model).load.get(record.phase), slice)
  const own = percentilesOf(slice.response)
  const blocks = blocksOf(model, phase)
  blocks.spread(record.start_us, record.end_us, DONE, record.done)
  if (own.p50 !== null) blocks.spread(record.start_us, record.end_us, P50_TIMES_DONE, own.p50 * record.done)
  inside(model).load.set(record.phase, sum)
  const errors = { ...phase.load?.errors }
  for (const [name, count] of Object.entries(record.errors)) errors[name] = (errors[name] ?? 0) + count
  const history = phase.load?.history ?? []
  addSpan(history, record, own, (next, merge) => keep(model, history, next, merge))
  const load: LoadPhase = {
    targetRps: record.target_rps,
    planned: plannedBy(phase.load, record),
    sent: (phase.load?.sent ?? 0) + record.sent,
    done: (phase.load?.done ?? 0) + record.done,
    errors,
    inFlight: record.in_flight,
    queued: record.queued,
    startUs: phase.load?.startUs ?? record.start_us,
    endUs: record.end_us,
    // Percentiles are worked out when somebody reads them: not for each of a long run's seconds.
    get response() {
      return sum.response.percentiles()
    },
    get service() {
      return sum.service?.percentiles() ?? null
    },
    get sendLag() {
      return sum.sendLag?.percentiles() ?? null
    },
    generatorCpuUs:
      record.generator_cpu_us === undefined
        ? (phase.load?.generatorCpuUs ?? null)
        : (phase.load?.generatorCpuUs ?? 0) + record.generator_cpu_us,
    history,
  }
  phase.load = load
}

function applyTelemetry(model: RunModel, record: TelemetryRecord): void {
  reach(model, record.t_us)
  const phase = model.current
  const { telemetry, overTime } = inside(model)
  if (overTime) followSample(model.metrics, telemetry, record)
  applySample(telemetry, phase?.endUs === null ? phase : null, record)
}

function applyLoss(
  model: RunModel,
  record: { start_us: number; end_us: number; probe: string; kind: string; count: number },
): void {
  model.loss.push({
    startUs: record.start_us,
    endUs: record.end_us,
    probe: record.probe,
    kind: record.kind,
    count: record.count,
  })
  const phase =
    model.phases.find((p) => p.startUs <= record.start_us && (p.endUs ?? Number.POSITIVE_INFINITY) >= record.end_us) ??
    model.current
  if (phase) phase.loss[record.kind] = (phase.loss[record.kind] ?? 0) + record.count
}

/** Samples kept of the tracing cost; beyond, every other one is dropped: cost is read as differences. */
const OVERHEAD_SAMPLES = 4096

function applyOverhead(model: RunModel, record: OverheadRecord): void {
  reach(model, record.t_us)
  model.overhead.push({
    tUs: record.t_us,
    tracerCpuNs: record.tracer_cpu_ns,
    recorderCpuNs: record.recorder_cpu_ns,
    bpfNs: record.bpf_ns ? Object.values(record.bpf_ns).reduce((a, b) => a + b, 0) : null,
    recorderRss: record.recorder_rss ?? null,
    tracerRss: record.tracer_rss ?? null,
    skippedEvents: record.skipped_events ?? null,
  })
  if (model.overhead.length > OVERHEAD_SAMPLES)
    model.overhead = model.overhead.filter((_, index) => index % 2 === 0 || index > OVERHEAD_SAMPLES - 8)
}
