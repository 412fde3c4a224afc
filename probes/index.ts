/** The room's public face: everything that turns kernel events into windows of data. */
export { loadCatalog } from './catalog/index.ts'
export type {
  Decoded,
  DecodedStack,
  Drawing,
  DrawnLane,
  Figure,
  FigureScope,
  Probe,
  StackView,
  TableColumn,
  Variant,
} from './define.ts'
export { defineProbe } from './define.ts'
export {
  type ChosenProbe,
  chooseVariants,
  examineVariants,
  type Forecast as AttachForecast,
  foretell,
  type VariantChoice,
} from './engine/choose.ts'
export { TracerError } from './engine/errors.ts'
export { createRoster, type Roster } from './engine/roster.ts'
export { type Cut, type SessionOptions, startSession, type TraceSession } from './engine/session.ts'
export { growth } from './engine/targets.ts'
export { describeExit, type TracerExit } from './engine/tracer.ts'
export type { ProbeWindow } from './engine/window.ts'
export { writeScript } from './engine/write-script.ts'
export {
  bucketCeil,
  bucketFloor,
  bucketOf,
  emptyHistogram,
  type Histogram,
  histogramOf,
  histogramSchema,
  mean,
  mergeHistograms,
  percentile,
} from './histogram.ts'
export { type Candidate, createCandidateList } from './host/candidates.ts'
export { cgroupRoot } from './host/cgroup.ts'
export { type Check, examineHost } from './host/examine.ts'
export { servingNow } from './host/family.ts'
export { type Host, inspectHost } from './host/host.ts'
export { countsSkippedEvents, parseVersion } from './host/kernel-facts.ts'
export { type Listener, listenersOf, listeningPorts, readQueues } from './host/listeners.ts'
export { netnsInode, readNetnsCounters } from './host/netns.ts'
export { findObstacle } from './host/obstacle.ts'
export { addressesOf, type IsOwnAddress, ownAddresses } from './host/own-addresses.ts'
export { TRUSTED_DIRECTORIES } from './host/privilege.ts'
export {
  isAlive,
  type ProcessIdentity,
  type ProcessStat,
  readProcessStat,
  readSchedCpuNs,
  withDescendants,
} from './host/process.ts'
export { standInTarget } from './host/stand-in.ts'
export { type Support, supportText } from './host/support.ts'
export { isWaiting } from './host/syscalls.ts'
export { readTableText } from './host/table-text.ts'
export { assertKernelPids, resolveTarget, type Target, TargetError, type TargetSelector } from './host/target.ts'
export { createLineSplitter } from './lines.ts'
export { nearest } from './nearest.ts'
export { mergeData } from './record.ts'
export { dialectOf } from './script/dialect.ts'
export { hideInArguments } from './secrets/arguments.ts'
export { secretsHider } from './secrets/known.ts'
export { isHarmlessHeader, isSecretInQuery, isSecretName } from './secrets/names.ts'
export { HIDDEN, hideSecrets } from './secrets/text.ts'
export { isLibraryFrame } from './symbols/library-frame.ts'
export { adviceText, type NamingAdvice } from './symbols/naming-advice.ts'
export { adviseTarget } from './symbols/reader.ts'
export { sanitizeText } from './text.ts'
