/** The room's public face: recordings, the model made of them, profiles, load, runs. */
export { percentilesOf } from './load/hdr.ts'
export { judgePhase } from './load/judge.ts'
export { LoadError } from './load/load-error.ts'
export { applyRecord, createRunModel, profileOf } from './model/apply.ts'
export { type Cost, costOf } from './model/cost.ts'
export type {
  CostSample,
  LoadPercentiles,
  LoadPhase,
  PhaseModel,
  PhaseTelemetry,
  ProbePhase,
  ProfileOf,
  RunModel,
} from './model/run.ts'
export { summarize } from './model/summary.ts'
export { type AgainstIdle, againstIdle, counterGrowth, perSecond } from './model/telemetry.ts'
export { createProfile, type ProfileBuilder } from './profile/build.ts'
export { filter, merge } from './profile/combine.ts'
export {
  CHANGE_STEPS,
  type Change,
  type ColumnPair,
  changeOf,
  type DiffLayoutInput,
  diffLayoutInput,
} from './profile/diff.ts'
export { ProfileError } from './profile/error.ts'
export { type FoldedRead, foldedLines, parseFolded, readFolded } from './profile/folded.ts'
export { type FrameClass, findPath, frameClass, frameLabel, nodeName, pathOf, UNKNOWN_FRAME } from './profile/frame.ts'
export type { Profile } from './profile/profile.ts'
export { columnCounts, columnOf, columnTotals, inclusive, totals } from './profile/totals.ts'
export { RecordingError } from './recording/error.ts'
export * from './recording/format.ts'
export { parseRecord, type RecordingLine, readRecording } from './recording/reader.ts'
export { type FileKind, sniff } from './recording/sniff.ts'
export { createRecording, type RecordingWriter } from './recording/writer.ts'
export { type AttachOptions, type AttachOutcome, attach } from './run/attach.ts'
export { ControlError, sendMark } from './run/control.ts'
export { type DemoOptions, runDemo } from './run/demo.ts'
export { LONGEST_RUN_SECONDS, type Run, recordingName } from './run/run.ts'
export { type Metric, type MetricFact, type MetricUnit, metricFacts, metricOf } from './telemetry/facts.ts'
export { sources as telemetrySources } from './telemetry/sources.ts'
