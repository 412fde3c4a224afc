import {
  type Cut,
  countsSkippedEvents,
  type Host,
  hideSecrets,
  type ProbeWindow,
  readProcessStat,
  readSchedCpuNs,
  sanitizeText,
  type Target,
  type TraceSession,
} from '../../probes/index.ts'
import { type LoadSlice, loadRecordOf } from '../load/generator.ts'
import { PHASE_KINDS } from '../plan/phase-kind.ts'
import {
  type HeaderRecord,
  type PhaseRecord,
  RECORDING_VERSION,
  type RecordingRecord,
  type StackRow,
  type TargetInfo,
} from '../recording/format.ts'
import { readProgramTimes } from '../telemetry/kernel-cost.ts'
import { createSkipCount } from '../telemetry/skipped-events.ts'
import { createTelemetry, type Telemetry } from '../telemetry/telemetry.ts'

/**
 * Turns a tracing session into records: it cuts windows on time and at every change of phase, keeps the clock, interns
 * frame names, and samples what belongs beside the windows. Where records go is the caller's affair.
 */
export interface Recorder {
  /** ends the phase that runs, exactly here, and begins the next; resolves when the kernel has answered */
  startPhase: (name: string, kind: string) => Promise<PhaseRecord>
  note: (text: string) => void
  mark: (label: string) => Promise<PhaseRecord>
  load: (slice: LoadSlice) => void
  /** ends the last phase, with the waits that are still open */
  finish: () => Promise<void>
  /** a cut that could not be made: the session is of no more use */
  failed: Promise<Error>
  nowUs: () => number
  /** a time of the recording on the clock that `process.hrtime.bigint()` reads, ns */
  monotonicNs: (us: number) => bigint
}

export interface RecorderOptions {
  session: TraceSession
  host: Host
  target: Target
  /** as the command line or plan had it */
  plan: unknown
  tool: string
  firstPhase: { name: string; kind: string }
  /** opened beforehand; by default here */
  telemetry?: Telemetry
  /** processes that make the load now */
  generatorPids?: () => readonly number[]
  /** length of a window */
  intervalMs: number
  /** the first window is shorter, so that there is something to see */
  firstWindowMs: number
  onRecord: (record: RecordingRecord) => void
}

/**
 * Maps with stacks are printed this often, and at the end of each phase: naming frames is what costs the tracer most
 * (14 % of a core at one second under the demo's stress, bpftrace 0.17).
 */
const STACKS_EVERY_US = 5_000_000
/** In a long phase they are asked for less often: a four-hour soak would be made of stacks. */
const STACKS_AT_LEAST_EVERY_US = 20_000_000
const stacksEveryUs = (phaseAgeUs: number): number =>
  Math.min(STACKS_AT_LEAST_EVERY_US, Math.max(STACKS_EVERY_US, phaseAgeUs / 60))
/**
 * Each process has stacks of its own (its addresses, and from bpftrace 0.18 on its number is a part of the key): of so many
 * newcomers they are taken at once, or a map would be full before its turn.
 */
const NEWCOMERS_WITH_STACKS = 512
const LABEL_LENGTH = 64
/** Cuts that come so late are told. */
const GAP_MS = 3_000
const COMMAND_LENGTH = 256

export async function startRecorder(options: RecorderOptions): Promise<Recorder> {
  const { session, target, onRecord } = options
  const frames = new Map<string, number>()
  // Marks, thread groups, scenarios, a column of a file: whoever named it may have put a whole request there.
  const phaseOf = (id: number, name: string, kind: string, start_us: number): PhaseRecord => ({
    type: 'phase',
    id,
    name: hideSecrets(name),
    kind,
    start_us,
  })
  let phase = phaseOf(1, options.firstPhase.name, options.firstPhase.kind, 0)
  let ended = false
  let readers = { pid: -1, cpuNs: 0, endedNs: 0 }
  let fail: (error: Error) => void = () => undefined
  const failed = new Promise<Error>((resolve) => {
    fail = resolve
  })
  /** clock of the programs minus the monotonic clock, ns: the smallest seen, since answers only come later */
  let bootMinusMonotonic = Number.POSITIVE_INFINITY
  const skips = createSkipCount(countsSkippedEvents(options.host.kernelVersion))

  const first = await session.cut(phase.id, true)
  const startBootNs = first.atNs
  relate(first)
  const startMonotonicNs = BigInt(Math.round(startBootNs - bootMinusMonotonic))
  const sinceStartMs = Number(process.hrtime.bigint() - startMonotonicNs) / 1e6
  const startedMs = Date.now() - sinceStartMs
  onRecord(header(options, { startedMs, startMonotonicNs, startBootNs }))
  onRecord(phase)
  for (const refused of session.refused)
    onRecord({ type: 'note', t_us: 0, text: `${refused.probe}: not attached: ${refused.reason}` })
  for (const text of target.remarks ?? []) onRecord({ type: 'note', t_us: 0, text })
  const telemetry = options.telemetry ?? createTelemetry(target, { roster: session.roster })
  skips.read(session.tracerPids())
  sample(0, first, true)
  for (const { source, reason } of telemetry.missing)
    onRecord({ type: 'note', t_us: 0, text: `${source}: unknown here (${sanitizeText(reason)})` })

  function relate(cut: Cut): void {
    bootMinusMonotonic = Math.min(bootMinusMonotonic, cut.atNs - Number(cut.askedAtMonotonicNs))
  }
  function usOf(bootNs: number): number {
    return Math.max(0, Math.round((bootNs - startBootNs) / 1000))
  }
  function nowUs(): number {
    return Number((process.hrtime.bigint() - startMonotonicNs) / 1000n)
  }

  // Cuts, marks and the end come from different places; they happen one after the other.
  let queue: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = queue.then(work)
    queue = next.catch(() => undefined)
    return next
  }

  let stacksAtUs = 0
  let joinedAtStacks = 0
  const stacksAreDue = () =>
    nowUs() - stacksAtUs >= stacksEveryUs(nowUs() - phase.start_us) ||
    session.roster.counts().joined - joinedAtStacks >= NEWCOMERS_WITH_STACKS
  const cut = async (nextId: number): Promise<number> => {
    const phaseEnds = nextId !== phase.id
    const withStacks = phaseEnds || stacksAreDue()
    const taken = await session.cut(nextId, withStacks)
    if (withStacks) {
      stacksAtUs = usOf(taken.atNs)
      joinedAtStacks = session.roster.counts().joined
    }
    relate(taken)
    const atUs = usOf(taken.atNs)
    for (const window of taken.windows) emitWindow(window)
    for (const text of taken.notes) onRecord({ type: 'note', t_us: atUs, text })
    emitLosses(taken, atUs)
    skips.read(session.tracerPids())
    if (withStacks) emitSkipped(atUs)
    sample(atUs, taken, phaseEnds)
    return atUs
  }

  const emitWindow = (window: ProbeWindow) => {
    const span = {
      probe: window.probe,
      phase: window.phase,
      start_us: usOf(window.startNs),
      end_us: usOf(window.endNs),
    }
    onRecord({ type: 'window', ...span, data: window.data })
    if (window.stacks !== null) {
      const known = frames.size
      const rows = window.stacks.map((stack): StackRow => {
        const ids = stack.frames.map(intern)
        return stack.dims ? [stack.value, stack.count, ids, stack.dims] : [stack.value, stack.count, ids]
      })
      if (frames.size > known) onRecord({ type: 'frames', from: known, names: [...frames.keys()].slice(known) })
      if (rows.length > 0)
        onRecord({ type: 'stacks', ...span, start_us: usOf(window.stacksStartNs), unit: window.unit, rows })
    }
    for (const note of window.notes) onRecord({ type: 'note', t_us: span.end_us, text: note })
    for (const loss of window.loss)
      onRecord({
        type: 'loss',
        start_us: span.start_us,
        end_us: span.end_us,
        probe: window.probe,
        kind: loss.kind,
        count: loss.count,
      })
  }
  const intern = (name: string): number => {
    const known = frames.get(name)
    if (known !== undefined) return known
    frames.set(name, frames.size)
    return frames.size - 1
  }

  const emitLosses = (taken: Cut, atUs: number) => {
    const losses = { lost_events: taken.lostEvents, map_full: taken.mapFull, truncated: taken.truncatedLines }
    for (const [kind, count] of Object.entries(losses))
      if (count > 0)
        onRecord({
          type: 'loss',
          start_us: lastCutUs,
          end_us: atUs,
          probe: 'tracer',
          kind: kind as keyof typeof losses,
          count,
        })
    lastCutUs = atUs
  }
  let lastCutUs = 0

  /** Told as often as stacks are: a neighbour that traces, too, makes the kernel skip some in each second of a long run. */
  const emitSkipped = (atUs: number) => {
    const count = skips.grown()
    if (count > 0)
      onRecord({ type: 'loss', start_us: lastSkippedUs, end_us: atUs, probe: 'tracer', kind: 'skipped', count })
    lastSkippedUs = atUs
  }
  let lastSkippedUs = 0

  function sample(atUs: number, { counters }: Cut, isPhaseEnd: boolean): void {
    for (const one of telemetry.sample({ netns: counters, isPhaseEnd }))
      onRecord({ type: 'telemetry', t_us: atUs, ...one })
    for (const text of telemetry.events()) onRecord({ type: 'note', t_us: atUs, text })
    const generator = generatorTelemetry(options.generatorPids?.() ?? [])
    if (generator) onRecord({ type: 'telemetry', t_us: atUs, source: 'generator', values: generator })
    const tracers = session.tracerPids()
    const programs = tracers.map(readProgramTimes)
    const usage = process.cpuUsage()
    const reader = session.readerPid()
    onRecord({
      type: 'overhead',
      t_us: atUs,
      tracer_cpu_ns: tracers.reduce((n, pid) => n + (readSchedCpuNs(pid) ?? 0), 0),
      recorder_cpu_ns: (usage.user + usage.system) * 1000 + readerCpuNs(reader),
      recorder_rss: process.memoryUsage.rss() + (reader === null ? 0 : (readProcessStat(reader)?.rssBytes ?? 0)),
      tracer_rss: tracers.reduce((n, pid) => n + (readProcessStat(pid)?.rssBytes ?? 0), 0),
      skipped_events: skips.total(),
      ...(programs.some((p) => p !== null) ? { bpf_ns: Object.assign({}, ...programs) as Record<string, number> } : {}),
    })
  }

  /** CPU time of the processes that read for us, also of those that have ended. */
  function readerCpuNs(pid: number | null): number {
    if (pid !== null && pid !== readers.pid) readers = { pid, cpuNs: 0, endedNs: readers.endedNs + readers.cpuNs }
    readers.cpuNs = Math.max(readers.cpuNs, pid === null ? 0 : (readSchedCpuNs(pid) ?? 0))
    return readers.endedNs + readers.cpuNs
  }

  const startPhase = (name: string, kind: string): Promise<PhaseRecord> =>
    inTurn(async () => {
      if (ended) throw new Error('the run has ended')
      const id = phase.id + 1
      const atUs = await cut(id)
      onRecord({ ...phase, end_us: atUs })
      phase = phaseOf(id, name, kind, atUs)
      onRecord(phase)
      return phase
    })

  let timer: NodeJS.Timeout | null = null
  /** Whoever is stopped (Ctrl-Z) cuts nothing meanwhile: the kernel's side of it is in one window, telemetry has a hole. */
  const noticeGap = (lateMs: number) => {
    if (lateMs < Math.max(GAP_MS, 2 * options.intervalMs)) return
    const endUs = nowUs()
    const startUs = Math.max(0, endUs - Math.round(lateMs * 1000))
    const count = Math.floor(lateMs / options.intervalMs)
    onRecord({ type: 'loss', start_us: startUs, end_us: endUs, probe: 'recorder', kind: 'tick', count })
    const text = `the recorder stood still for ${(lateMs / 1000).toFixed(1)} s (suspended, or the host had no CPU for it): ${count} windows of that time are one`
    onRecord({ type: 'note', t_us: endUs, text })
  }
  const tick = (afterMs: number) => {
    const dueMs = performance.now() + afterMs
    timer = setTimeout(() => {
      const begun = performance.now()
      if (!ended) noticeGap(begun - dueMs)
      void inTurn(async () => {
        if (!ended) await cut(phase.id)
      }).then(
        () => {
          if (!ended) tick(Math.max(0, options.intervalMs - (performance.now() - begun)))
        },
        (error: Error) => {
          if (!ended) fail(error)
        },
      )
    }, afterMs)
  }
  tick(Math.min(options.firstWindowMs, options.intervalMs))

  return {
    startPhase,
    mark: async (label) => {
      const name = sanitizeText(hideSecrets(label), { maxLength: LABEL_LENGTH })
      const begun = await startPhase(name, PHASE_KINDS.find((kind) => kind === name) ?? 'mark')
      onRecord({ type: 'mark', t_us: begun.start_us, text: name })
      return begun
    },
    note: (text) => onRecord({ type: 'note', t_us: nowUs(), text: sanitizeText(text) }),
    load: (slice) => onRecord(loadRecordOf(slice, startMonotonicNs)),
    finish: () =>
      inTurn(async () => {
        if (ended) return
        ended = true
        if (timer) clearTimeout(timer)
        let atUs = nowUs()
        try {
          // A phase that nobody will see: its beginning lists what is still open.
          atUs = await cut(phase.id + 1)
        } catch (error) {
          // What the kernel saw since the last cut is lost, and the numbers of this phase end there.
          onRecord({ type: 'loss', start_us: lastCutUs, end_us: atUs, probe: 'tracer', kind: 'unanswered', count: 1 })
          throw error
        } finally {
          telemetry.close()
          onRecord({ ...phase, end_us: atUs })
        }
      }),
    failed,
    nowUs,
    monotonicNs: (us) => startMonotonicNs + BigInt(us) * 1000n,
  }
}

function header(
  options: RecorderOptions,
  at: { startedMs: number; startMonotonicNs: bigint; startBootNs: number },
): HeaderRecord {
  const { host, target, session } = options
  return {
    type: 'header',
    format: 'probe-recording',
    version: RECORDING_VERSION,
    tool: options.tool,
    started: new Date(at.startedMs).toISOString(),
    clock: {
      realtime_ns: String(BigInt(Math.round(at.startedMs * 1e3)) * 1000n),
      monotonic_ns: String(at.startMonotonicNs),
      boottime_ns: String(at.startBootNs),
    },
    host: {
      name: host.name,
      kernel: host.kernel,
      arch: host.arch,
      cpus: host.cpus,
      memory_bytes: host.memoryBytes,
      bpftrace: host.bpftrace ? host.bpftrace.version.join('.') : null,
    },
    target: describeTarget(target),
    plan: options.plan,
    probes: session.chosen.map(({ probe, variant, params }) => ({
      name: probe.name,
      variant: variant.name,
      params,
      script_sha256: session.programs.map((program) => program.sha256).join(' '),
    })),
    sysctls: host.sysctls,
  }
}

function describeTarget(target: Target): TargetInfo {
  return {
    processes: target.processes.map(({ pid, starttime, comm, cmdline }) => ({
      pid,
      starttime,
      comm,
      ...(cmdline === undefined ? {} : { cmdline: sanitizeText(cmdline, { maxLength: COMMAND_LENGTH }) }),
    })),
    selector: target.selector,
    follow: target.follow,
    ports: target.ports,
    netns: target.netnsInode,
    cgroup: target.cgroup?.path ?? null,
  }
}

/** CPU time (ns) of the processes that make the load; null when there are none. */
function generatorTelemetry(pids: readonly number[]): Record<string, number> | null {
  if (pids.length === 0) return null
  return { cpu_ns: pids.reduce((n, pid) => n + (readSchedCpuNs(pid) ?? 0), 0), processes: pids.length }
}
