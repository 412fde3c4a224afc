import { mergeData, type Probe, sanitizeText } from '../../probes/index.ts'
import { LIMITS, type LimitName } from '../limits.ts'
import { type Hdr, percentilesOf } from '../load/hdr.ts'
import { UNKNOWN_FRAME } from '../profile/frame.ts'
import type { Profile } from '../profile/profile.ts'
import type {
  FramesRecord,
  LoadRecord,
  LossRecord,
  OverheadRecord,
  PhaseRecord,
  StacksRecord,
  SummaryRecord,
  TelemetryRecord,
  TextRecord,
  WindowRecord,
} from '../recording/format.ts'
import type { RecordingLine } from '../recording/reader.ts'
import { remember } from './history.ts'
import { type Blocks, createBlocks, DONE, type Interval, P50_TIMES_DONE, statedIntervals } from './interval.ts'
import { addSlice, addSpan, histogramsOf, type LoadHistograms, plannedBy } from './load.ts'
import { followSample } from './metric-spans.ts'
import type { LoadPhase, PhaseModel, ProbePhase, RunModel } from './run.ts'
import { createProbeStacks, type ProbeStacks, type StackRoom } from './stacks.ts'
import { applySample, beginPhase, endPhase, type LatestSamples } from './telemetry.ts'
import { createFunctionTally, tally } from './top-functions.ts'
import { createWindow, lengthOf, type ProbeWindow, packWindow } from './window.ts'

type Catalog = ReadonlyMap<string, Probe>
interface Hidden {
  catalog: Catalog
  looksBack: boolean
  overTime: boolean
  stacks: Map<string, ProbeStacks>
  room: StackRoom
  telemetry: LatestSamples
  load: Map<number, LoadHistograms<Hdr>>
  /** by phase id: how what is stated with an interval varied */
  blocks: Map<number, Blocks>
  /** those that are times per request; the others are counts */
  times: Set<string>
  /** by phase id and figure: up to when it is known */
  told: Map<string, number>
  phases: Map<number, PhaseModel>
  /** characters of windows over time and of frame names; numbers of telemetry, of now and in all phases; characters of the summary */
  kept: { windows: number; frames: number; names: number; telemetry: number; summary: number }
  /** how many numbers each source of telemetry has */
  names: Map<string, number>
  /** characters of all windows of a probe in a phase, and at how many their sum is measured next */
  sums: WeakMap<ProbePhase, { seen: number; next: number; isFull: boolean }>
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
    leftOut: new Map(),
    revision: 0,
  }
  hidden.set(model, {
    catalog,
    looksBack,
    overTime,
    stacks: new Map(),
    room: { cells: new Map(), onLeftOut: (what) => leaveOut(model, what) },
    telemetry: new Map(),
    load: new Map(),
    blocks: new Map(),
    times: new Set(),
    told: new Map(),
    phases: new Map(),
    kept: { windows: 0, frames: 0, names: 0, telemetry: 0, summary: 0 },
    names: new Map(),
    sums: new WeakMap(),
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
      applyFrames(model, record)
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
      applyText(model, record)
      break
    case 'loss':
      applyLoss(model, record)
      break
    case 'overhead':
      applyOverhead(model, record)
      break
    case 'summary':
      applySummary(model, record)
      break
    case 'end':
      model.end = record
      if (record.t_us !== undefined) reach(model, record.t_us)
      break
    case 'skipped':
      if (record.beyond) leaveOut(model, record.beyond)
      else model.skipped++
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

/** That of many phases stands in several records. */
function applySummary(model: RunModel, record: SummaryRecord): void {
  const { kept } = inside(model)
  kept.summary += JSON.stringify(record).length
  if (kept.summary > LIMITS.summaryText.most) leaveOut(model, 'summaryText')
  else if (model.summary) for (const phase of record.phases) model.summary.phases.push(phase)
  else model.summary = { ...record, phases: [...record.phases] }
}

function leaveOut(model: RunModel, what: LimitName, count = 1): void {
  model.leftOut.set(what, (model.leftOut.get(what) ?? 0) + count)
}

/** Adds to a list that keeps its first and its latest: of what is in between there are too many. */
function addBounded<T>(model: RunModel, list: T[], entry: T, what: 'notes' | 'losses'): void {
  const { most } = LIMITS[what]
  list.push(entry)
  // Many at once: each time the rest of the list moves up.
  if (list.length > most) leaveOut(model, what, list.splice(most / 2, most / 4).length)
}

function applyText(model: RunModel, { type, t_us, text }: TextRecord): void {
  addBounded(model, model.notes, { tUs: t_us, text: sanitizeText(text), kind: type }, 'notes')
  reach(model, t_us)
}

/** Names by their number. A damaged file may lack some: what stands for them is an unknown frame. */
function applyFrames(model: RunModel, { from, names }: FramesRecord): void {
  const { frames } = model
  const { kept } = inside(model)
  const isPlace = Number.isInteger(from) && from >= 0 && from + names.length <= LIMITS.frames.most
  if (!isPlace) {
    leaveOut(model, 'frames', names.length)
    return
  }
  while (frames.length < from) frames.push(UNKNOWN_FRAME)
  for (const [index, name] of names.entries()) {
    const text = sanitizeText(name)
    kept.frames += text.length
    if (kept.frames > LIMITS.frameText.most) {
      leaveOut(model, 'frameText', names.length - index)
      return
    }
    frames[from + index] = text
  }
}

const phaseById = (model: RunModel, id: number): PhaseModel | null => inside(model).phases.get(id) ?? null

function applyPhase(model: RunModel, record: PhaseRecord): void {
  reach(model, record.end_us ?? record.start_us)
  const known = phaseById(model, record.id)
  if (known) {
    known.endUs = record.end_us ?? null
    if (known.endUs !== null && known === model.current) endPhase(inside(model).telemetry)
    return
  }
  if (model.phases.length >= LIMITS.phases.most) {
    leaveOut(model, 'phases')
    return
  }
  const phase: PhaseModel = {
    id: record.id,
    name: sanitizeText(record.name, { maxLength: LONGEST_NAME }),
    kind: sanitizeText(record.kind, { maxLength: LONGEST_NAME }),
    startUs: record.start_us,
    endUs: record.end_us ?? null,
    probes: new Map(),
    load: null,
    telemetry: new Map(),
    loss: {},
  }
  beginTelemetry(model, phase)
  model.phases.push(phase)
  inside(model).phases.set(record.id, phase)
  model.current = phase
}

/** Names of phases are what people type. */
const LONGEST_NAME = 500

/** What a probe saw in a phase; null when there are more probes than there can be. */
function probePhase(model: RunModel, phase: PhaseModel, probe: string): ProbePhase | null {
  const known = phase.probes.get(probe)
  if (known) return known
  if (phase.probes.size >= LIMITS.probesOfPhase.most) {
    leaveOut(model, 'probesOfPhase')
    return null
  }
  const seen: ProbePhase = { probe, windows: 0, coveredUs: 0, data: null, history: [], hasStacks: false }
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
  const seen = probePhase(model, phase, record.probe)
  if (!seen) return
  if (isFull(model, seen)) {
    leaveOut(model, 'phaseText')
    return
  }
  seen.data = probe && seen.data !== null ? mergeData(probe.record, seen.data, data.data) : data.data
  seen.windows++
  seen.coveredUs += record.end_us - record.start_us
  keepWindow(model, seen, createWindow(record.start_us, record.end_us, data.data), probe)
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

/** Adds to the windows over time of a phase, as long as all of them together have room. */
function keepWindow(model: RunModel, seen: ProbePhase, window: ProbeWindow, probe: Probe | undefined): void {
  const { kept, sums, overTime } = inside(model)
  const before = seen.history.at(-1)
  const length = before ? packWindow(before) : 0
  if (overTime) kept.windows += length
  const sum = sums.get(seen) ?? { seen: 0, next: LIMITS.phaseText.most, isFull: false }
  sums.set(seen, sum)
  sum.seen += length
  if (kept.windows > LIMITS.windowText.most) {
    // What was the latest makes room for what is now.
    kept.windows -= length
    seen.history.pop()
    leaveOut(model, 'windowText')
  }
  keep(model, seen.history, window, (a, b) => {
    const both = createWindow(a.startUs, b.endUs, probe ? mergeData(probe.record, a.data, b.data) : b.data)
    kept.windows += packWindow(both) - lengthOf(a) - lengthOf(b)
    return both
  })
}

/** Whether a probe has told more names of a phase than there can be: measured each time that its windows could hold so many. */
function isFull(model: RunModel, seen: ProbePhase): boolean {
  const sum = inside(model).sums.get(seen)
  if (!sum || sum.seen < sum.next) return sum?.isFull ?? false
  sum.next = sum.seen + LIMITS.phaseText.most
  sum.isFull = JSON.stringify(seen.data ?? null).length > LIMITS.phaseText.most
  return sum.isFull
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
  const { catalog, stacks, looksBack, room } = inside(model)
  const phase = phaseById(model, record.phase)
  if (!phase) return
  const seen = probePhase(model, phase, record.probe)
  if (!seen) return
  seen.hasStacks ||= record.rows.length > 0
  const probe = catalog.get(record.probe)
  const [view] = probe?.draw.flame?.views ?? []
  if (view) {
    const functions = seen.functions ?? createFunctionTally()
    seen.functions = functions
    for (const row of record.rows) if (view.keep(row[3] ?? {})) tally(functions, row, model.frames)
  }
  if (!looksBack || !probe) return
  const known = stacks.get(record.probe) ?? createProbeStacks(probe, record.unit, model.frames, room)
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
  const errors = addErrors({ ...phase.load?.errors }, record.errors)
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

/** Beyond what there can be classes of, errors count as others. */
function addErrors(sum: Record<string, number>, errors: Readonly<Record<string, number>>): Record<string, number> {
  let room = LIMITS.errorClasses.most - Object.keys(sum).length
  for (const [name, count] of Object.entries(errors)) {
    const own = Object.hasOwn(sum, name) || room-- > 0 ? name : 'other'
    sum[own] = (Object.hasOwn(sum, own) ? (sum[own] ?? 0) : 0) + count
  }
  return sum
}

function applyTelemetry(model: RunModel, record: TelemetryRecord): void {
  reach(model, record.t_us)
  const phase = model.current
  const { telemetry, overTime } = inside(model)
  if (!telemetry.has(record.source) && telemetry.size >= LIMITS.sources.most) {
    leaveOut(model, 'sources')
    return
  }
  if (!hasRoomFor(model, record)) {
    leaveOut(model, 'telemetryNames')
    return
  }
  if (overTime) followSample(model.metrics, telemetry, record)
  const own = phase?.endUs === null ? phase : null
  const isFirst = own !== null && !own.telemetry.has(record.source)
  applySample(telemetry, isFirst && !isKept(model, Object.keys(record.values).length) ? null : own, record)
}

/** Whether a sample of so many names still has room; remembers how many its source has. */
function hasRoomFor(model: RunModel, { source, values, partial }: TelemetryRecord): boolean {
  const { telemetry, names, kept } = inside(model)
  const before = telemetry.get(source)?.values
  const own = names.get(source) ?? 0
  const isNew = (name: string) => !before || !partial || !Object.hasOwn(before, name)
  const added = Object.keys(values).filter(isNew).length
  const now = before && partial ? own + added : added
  if (kept.names - own + now > LIMITS.telemetryNames.most) return false
  kept.names += now - own
  names.set(source, now)
  return true
}

/** A phase begins with the last samples of the one before, unless there are too many phases that have their own. */
function beginTelemetry(model: RunModel, phase: PhaseModel): void {
  const { telemetry, kept } = inside(model)
  if (isKept(model, kept.names)) beginPhase(telemetry, phase)
  else endPhase(telemetry)
}

function isKept(model: RunModel, numbers: number): boolean {
  const { kept } = inside(model)
  if (kept.telemetry + numbers > LIMITS.telemetryKept.most) {
    leaveOut(model, 'telemetryKept', numbers)
    return false
  }
  kept.telemetry += numbers
  return true
}

function applyLoss(model: RunModel, record: LossRecord): void {
  const { start_us: startUs, end_us: endUs, probe, kind, count } = record
  addBounded(model, model.loss, { startUs, endUs, probe, kind, count }, 'losses')
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
