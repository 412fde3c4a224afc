import { createRoster, netnsInode, type Roster, type Target } from '../../probes/index.ts'
import { type ClockDrift, describeJump } from './clock.ts'
import { netnsTelemetry } from './netns.ts'
import { isMissing, type OpenSource, type Source, type Values } from './source.ts'
import { sources } from './sources.ts'

/** What /proc and /sys tell of the target and its host, beside the probes. */
export interface Telemetry {
  /** reads what is due; at the end of a phase everything, so that each phase has its own first and last numbers */
  sample: (moment?: Moment) => Sample[]
  /** what is unknown on this host, and why */
  missing: readonly { source: string; reason: string }[]
  /** what happened to the clocks since last asked, in words */
  events: () => string[]
  close: () => void
}

export interface Moment {
  isPhaseEnd?: boolean
  /** counters of the target's network namespace, read with the cut */
  netns?: Readonly<Record<string, number>> | null
}

/** As a `telemetry` record. */
export interface Sample {
  source: string
  values: Values
  /** only what changed since the source's last sample: the other values stand */
  partial?: true
}

export interface TelemetryOptions {
  /** of this target, kept by whoever watches it; by default one that stays as it is */
  roster?: Roster
  sources?: readonly Source[]
  /** ms of a clock that only goes forward */
  now?: () => number
}

/**
 * What takes longer than this is not read again before so many times its duration have passed: 0.05 % of a core at most.
 * The shorter of the last two durations counts, since any reading may be interrupted, and the first compiles its code.
 */
const DEAR_MS = 2
const PAUSE = 2000
/** What something has happened to is asked sooner: 0.25 % of a core at most, while it goes on happening. */
const PAUSE_AWAKE = 400

/** @param options what tests and benchmarks replace */
export function createTelemetry(target: Target, options: TelemetryOptions = {}): Telemetry {
  const now = options.now ?? (() => performance.now())
  const isOwnNetns = target.netnsInode !== null && target.netnsInode === netnsInode(process.pid)
  const scope = {
    // In our own namespace nothing depends on whether a process of the target lives.
    target: isOwnNetns ? { ...target, netnsPid: process.pid } : target,
    roster: options.roster ?? createRoster(target, 'no'),
    isOwnNetns,
  }
  const missing: { source: string; reason: string }[] = []
  const open = (options.sources ?? sources).flatMap((source): Reader[] => {
    const opened = source.open(scope)
    if (!isMissing(opened))
      return [
        { ...source, opened, calls: 0, isAwake: false, dueMs: 0, tookMs: null, changes: createChanges(source.name) },
      ]
    if (!opened.isNothing) missing.push({ source: source.name, reason: opened.missing })
    return []
  })
  const netns = createChanges('netns')
  const events: string[] = []
  let clock: { drift: ClockDrift; atMs: number } | null = null

  const read = (reader: Reader, isPhaseEnd: boolean): Sample[] => {
    const turn = reader.calls++ % reader.every === 0 || reader.isAwake
    const beginMs = now()
    if (!isPhaseEnd && (!turn || beginMs < reader.dueMs)) return []
    reader.isAwake = false
    const values = reader.opened.read()
    const endMs = now()
    const tookMs = endMs - beginMs
    const costMs = Math.min(tookMs, reader.tookMs ?? 0)
    reader.dueMs = costMs > DEAR_MS ? endMs + costMs * (reader.wakes ? PAUSE_AWAKE : PAUSE) : endMs
    reader.tookMs = tookMs
    if (values === null) return []
    if (reader.name === 'clock') watchClock({ wall_offset_ms: 0, ...values }, endMs)
    return reader.changes(values, isPhaseEnd)
  }
  const watchClock = (drift: ClockDrift, atMs: number) => {
    const jump = clock && describeJump(clock.drift, drift, atMs - clock.atMs)
    if (jump) events.push(jump)
    clock = { drift, atMs }
  }

  let before: Moment['netns'] = null
  const wake = (counters: NonNullable<Moment['netns']>) => {
    for (const reader of open)
      reader.isAwake ||=
        reader.wakes?.some((name) => (counters[name] ?? 0) > (before?.[name] ?? counters[name] ?? 0)) ?? false
    before = counters
  }

  return {
    sample: ({ isPhaseEnd = false, netns: counters = null } = {}) => {
      if (counters) wake(counters)
      return [
        ...(counters ? netns(netnsTelemetry(counters), isPhaseEnd) : []),
        ...open.flatMap((reader) => read(reader, isPhaseEnd)),
      ]
    },
    missing,
    events: () => events.splice(0),
    close: () => {
      for (const { opened } of open) opened.close()
    },
  }
}

interface Reader extends Source {
  opened: OpenSource
  calls: number
  /** one of the counters that wake it has grown since it was read */
  isAwake: boolean
  /** not before, ms */
  dueMs: number
  /** the last reading; `null` before it */
  tookMs: number | null
  changes: (values: Values, isPhaseEnd: boolean) => Sample[]
}

/** Unchanged samples that are passed over in a row. */
const SILENT = 9

/**
 * Keeps recordings small: most counters of a host stand still. A sample is whole at first and whenever a value is gone
 * (an interface, a limit); otherwise it has what changed. When nothing did, every tenth is told, and that at a phase's
 * end, since it says until when nothing did.
 */
function createChanges(source: string): (values: Values, isPhaseEnd: boolean) => Sample[] {
  let before: Values | null = null
  let silent = 0
  return (values, isPhaseEnd) => {
    const last = before
    before = values
    if (last === null || Object.keys(last).some((name) => !(name in values))) return [{ source, values }]
    const changed = Object.entries(values).filter(([name, value]) => last[name] !== value)
    if (changed.length === 0 && !isPhaseEnd && silent++ < SILENT) return []
    silent = 0
    return [{ source, values: Object.fromEntries(changed), partial: true }]
  }
}
