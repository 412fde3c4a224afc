/** The room's public face: recordings, the model made of them, profiles, load, plans, runs. */
import type { openPlan as readAnyPlan } from './plan/open.ts'
import type { Plan } from './plan/plan.ts'
import type { AuditOptions, AuditOutcome } from './run/audit.ts'
import type { runDemo as demo } from './run/demo.ts'

export { readWhole } from './interchange/bounded.ts'
export type { ReadOptions, ReadProfile, WriteOptions } from './interchange/format.ts'
export { type FormatName, formatNamed, formatOfPath, readProfile, writableFormats } from './interchange/formats.ts'
export { type FileKind, type OpenStacks, openStacks, sniff } from './interchange/sniff.ts'
export { LIMITS, type LimitName, leftOutText, limitText } from './limits.ts'
export { type AskConsent, type Destination, destinationOf } from './load/consent.ts'
export { latenciesIn } from './load/hdr.ts'
export { judgePhase } from './load/judge.ts'
export { LoadError } from './load/load-error.ts'
export { applyRecord, createRunModel, profileOf } from './model/apply.ts'
export { type Cost, costOf } from './model/cost.ts'
export { firstOf } from './model/first-of.ts'
export type { FollowedMetric, MetricSpan, MetricSpans } from './model/metric-spans.ts'
export type {
  CostSample,
  LoadPercentiles,
  LoadPhase,
  LoadSpan,
  PhaseModel,
  PhaseTelemetry,
  ProbePhase,
  ProfileOf,
  RunModel,
} from './model/run.ts'
export { SPAN_KIND } from './model/run.ts'
export { createSpan, type Edges, type Span, type SpanOptions } from './model/span.ts'
export { readSpan } from './model/span-reading.ts'
export { summarize } from './model/summary.ts'
export { type AgainstIdle, againstIdle, counterGrowth, perSecond, targetCpuNs } from './model/telemetry.ts'
export { type Wall, type WallPhase, wallOf } from './model/wall.ts'
export { PEAK_OF_OTHERS, PEAK_OF_THIS_HOST } from './plan/ceiling.ts'
export { PlanError } from './plan/error.ts'
export { type Forecast, forecastOf } from './plan/forecast.ts'
export { initPlan, SCHEMA_FILE } from './plan/init.ts'
export type { Plan, PlannedPhase, Thresholds } from './plan/plan.ts'
export type { Preset } from './plan/preset.ts'
export { durationText, parseDurationMs, percentText } from './plan/quantity.ts'
export { type Timetable, type TimetableRow, timetableOf } from './plan/timetable.ts'
export { createProfile, createReadProfile, type ProfileBuilder, tooLarge } from './profile/build.ts'
export { filter, merge, sideBySide, under } from './profile/combine.ts'
export {
  CHANGE_STEPS,
  type Change,
  type ColumnPair,
  changeOf,
  type DiffLayoutInput,
  diffLayoutInput,
  signedDiff,
} from './profile/diff.ts'
export { ProfileError } from './profile/error.ts'
export { type FoldedRead, foldedLines, parseFolded, readFolded } from './profile/folded.ts'
export {
  type FrameClass,
  findPath,
  frameClass,
  frameLabel,
  nodeName,
  pathOf,
  STATE_FRAMES,
  UNKNOWN_FRAME,
} from './profile/frame.ts'
export { type Functions, functionsOf } from './profile/functions.ts'
export { joinColumns } from './profile/join.ts'
export { type Moved, type Mover, type Movers, movers } from './profile/movers.ts'
export { byName, nameRank } from './profile/names.ts'
export type { Profile } from './profile/profile.ts'
export { collapseRecursion, focus, groupFirstFrames, hide, reverse, sandwich } from './profile/reshape.ts'
export {
  FALSE_DISCOVERIES,
  type Interval,
  ratioInterval,
  ratioOf,
  type Sides,
  type Significance,
  sidesOf,
  significance,
  significanceOf,
} from './profile/significance.ts'
export { columnCounts, columnOf, columnTotals, inclusive, totals } from './profile/totals.ts'
export { RecordingError } from './recording/error.ts'
export * from './recording/format.ts'
export { parseRecord, type ReadingOptions, type RecordingLine, readRecording } from './recording/reader.ts'
export { createRecording, type RecordingWriter } from './recording/writer.ts'
export { type AttachOptions, type AttachOutcome, attach } from './run/attach.ts'
export type { AuditOptions, AuditOutcome } from './run/audit.ts'
export { ControlError, sendMark } from './run/control.ts'
export { LONGEST_RUN_SECONDS, type Run, recordingName } from './run/run.ts'

/** Runs a plan; the drivers of load are loaded with it, and not by who only attaches. See run/audit.ts. */
export async function runAudit(options: AuditOptions): Promise<AuditOutcome> {
  const audits = await import('./run/audit.ts')
  return audits.runAudit(options)
}

/** Runs the demo. See run/demo.ts. */
export async function runDemo(...input: Parameters<typeof demo>): Promise<AuditOutcome> {
  const demos = await import('./run/demo.ts')
  return demos.runDemo(...input)
}

/** A plan, or the script of a load tool without one; YAML and the plan's schema are loaded when they are needed. See plan/open.ts. */
export async function openPlan(...input: Parameters<typeof readAnyPlan>): Promise<Plan> {
  const plans = await import('./plan/open.ts')
  return plans.openPlan(...input)
}

/** The JSON Schema of a plan as a file for editors; see plan/json-schema.ts. */
export async function planSchemaText(): Promise<string> {
  const { planJsonSchema } = await import('./plan/json-schema.ts')
  return `${JSON.stringify(planJsonSchema(), null, 2)}\n`
}
export { type Metric, type MetricFact, type MetricUnit, metricFacts, metricOf } from './telemetry/facts.ts'
export { sources as telemetrySources } from './telemetry/sources.ts'
