import type { Decoded, Probe } from '../define.ts'
import { connectionsOf, createQueueReader } from '../host/connections.ts'
import { errnoName } from '../host/errno.ts'
import type { Host } from '../host/host.ts'
import { acceptsByRing } from '../host/io-uring.ts'
import { listeningPorts } from '../host/listeners.ts'
import { netnsInode, readNetnsCounters } from '../host/netns.ts'
import { findObstacle } from '../host/obstacle.ts'
import { readProcessStat } from '../host/process.ts'
import { readSleepers, type Sleeper } from '../host/sleepers.ts'
import { syscallName } from '../host/syscalls.ts'
import type { Target, TargetProcess } from '../host/target.ts'
import { listenerNotes, unixListeners } from '../host/unix-listeners.ts'
import { dialectOf, withoutUserNames } from '../script/dialect.ts'
import type { Program } from '../script/program.ts'
import { createDemangler, findDemangler } from '../symbols/demangle.ts'
import { nameStack } from '../symbols/frames.ts'
import { adviceText } from '../symbols/naming-advice.ts'
import { type SymbolReader, startReader } from '../symbols/reader.ts'
import { allTracepointFields, type ChosenProbe, chooseVariants, type PrepareOptions } from './choose.ts'
import { createCompany } from './company.ts'
import { TracerError } from './errors.ts'
import type { DecodeContext, WindowFrame } from './frame.ts'
import { createRoster, type Roster } from './roster.ts'
import { growth } from './targets.ts'
import { type CutFrame, startTracer, type Tracer, type TracerExit } from './tracer.ts'
import {
  DEAD_WAITS,
  dataAddressesIn,
  dataName,
  fullMaps,
  hasMangledNames,
  NO_DEMANGLER,
  named,
  type ProbeWindow,
  userAddressesIn,
  windowFrame,
} from './window.ts'
import { MAP_ENTRIES, programFor } from './write-script.ts'

/** What one probe saw between two cuts. Times are CLOCK_BOOTTIME ns. */
export interface Cut {
  windows: ProbeWindow[]
  /** the cut itself, CLOCK_BOOTTIME ns */
  atNs: number
  askedAtMonotonicNs: bigint
  lostEvents: number
  mapFull: number
  truncatedLines: number
  /** what became of the target's processes, in words */
  notes: string[]
  /** counters of the target's network namespace; null: unreadable */
  counters: Record<string, number> | null
}

export interface TraceSession {
  /** the target's processes as they come and go */
  roster: Roster
  chosen: ChosenProbe[]
  refused: { probe: string; reason: string; fix?: string }[]
  programs: Program[]
  /** ends the window that runs and begins the next, in `phase`; open waits are listed when the phase changes */
  cut: (phase: number, withStacks: boolean) => Promise<Cut>
  /** Somebody waits for the end: the cuts that are left are answered soon or not at all. */
  hurry: () => void
  /** Detaches; resolves, in bounded time, with what is wrong when that cannot be done. */
  stop: () => Promise<string | null>
  /** resolves when a tracer ended without being told to */
  failed: Promise<TracerExit>
  tracerPids: () => number[]
  /** the process that reads the target's files; null: there is none now */
  readerPid: () => number | null
}

/** Somebody waits for the end: names that take longer stay mangled. */
const LAST_DEMANGLING_MS = 1_000

/** Processes whose files are read for names; of thousands of workers most have mapped the same, at the same places. */
const MOST_FOLLOWED = 64

export interface SessionOptions {
  probes: readonly Probe[]
  target: Target
  /** of this target; by default a fresh one */
  roster?: Roster
  host: Host
  /** after this the scripts end themselves, s */
  limitSeconds: number
  prepare?: PrepareOptions
  signal?: AbortSignal
  onProgress?: (text: string) => void
  /** what takes a moment now */
  onStep?: (text: string) => void
}

/**
 * Attaches probes to a target. All run in one tracer; if that does not start, each is tried alone, the guilty are named
 * and the others run.
 *
 * @throws TracerError when nothing could be attached
 */
export async function startSession(options: SessionOptions): Promise<TraceSession> {
  const { host, target } = options
  const obstacle = await findObstacle(host)
  if (obstacle) throw new TracerError(obstacle.code, obstacle.reason, { fix: obstacle.fix ?? 'probe doctor' })
  if (host.bpftrace === null) throw new TracerError('no_bpftrace', 'no bpftrace on this host')
  options.onStep?.('asking the kernel what it offers')
  const { chosen, refused } = await chooseVariants(options.probes, target, host, options.prepare)
  if (chosen.length === 0) throw noProbe(refused)
  const dialect = withoutUserNames(dialectOf(host.bpftrace.version))
  const fields = await allTracepointFields(host)
  const demangler = await findDemangler()
  const start = (probes: readonly ChosenProbe[]) =>
    startTracer(
      programFor(probes, target, host, fields, {
        dialect,
        frame: { kind: 'cuts', recorderPid: process.pid },
        limitSeconds: options.limitSeconds,
      }),
      host,
      dialect,
      { signal: options.signal, onStep: options.onStep, keepsMangledNames: demangler !== null },
    )
  // It opens the target's files while the tracer compiles.
  const reader = await startReader({ pids: target.processes.map(({ pid }) => pid) })
  try {
    const { tracer, running } = await startTogether(start, chosen, refused, options)
    return await createSession(running, refused, tracer, reader, demangler, options)
  } catch (error) {
    reader.close()
    throw error
  }
}

/** All in one tracer; else each that starts alone. What does not is refused. */
async function startTogether(
  start: (probes: readonly ChosenProbe[]) => Promise<Tracer>,
  chosen: ChosenProbe[],
  refused: TraceSession['refused'],
  options: SessionOptions,
): Promise<{ tracer: Tracer; running: ChosenProbe[] }> {
  try {
    return { tracer: await start(chosen), running: chosen }
  } catch (error) {
    if (!(error instanceof TracerError) || chosen.length === 1 || options.signal?.aborted || error.fix) throw error
    options.onProgress?.(`the probes did not start together (${error.message}); trying each alone`)
    const running: ChosenProbe[] = []
    for (const one of chosen) {
      try {
        const alone = await start([one])
        await alone.stop()
        running.push(one)
      } catch (alone) {
        if (!(alone instanceof TracerError) || options.signal?.aborted) throw alone
        refused.push({ probe: one.probe.name, reason: alone.message })
      }
    }
    if (running.length === 0) throw error
    return { tracer: await start(running), running }
  }
}

function noProbe(refused: readonly { probe: string; reason: string; fix?: string }[]): TracerError {
  const first = refused[0]
  return new TracerError('no_probe', `${first?.probe ?? 'no probe'}: ${first?.reason ?? 'none given'}`, {
    fix: first?.fix ?? 'probe doctor',
    log: refused.map((r) => `${r.probe}: ${r.reason}`).join('\n'),
  })
}

async function createSession(
  chosen: ChosenProbe[],
  refused: TraceSession['refused'],
  tracer: Tracer,
  reader: SymbolReader,
  demangler: string | null,
  options: SessionOptions,
): Promise<TraceSession> {
  const { target } = options
  const roster = options.roster ?? createRoster(target, growth(target, options.host))
  const company = createCompany(target, growth(target, options.host), roster, {
    tell: tracer.tell,
    mostMembers: MAP_ENTRIES,
  })
  const hasStacks = chosen.some(({ probe }) => probe.stackUnit)
  /** said with the next window */
  const notesToCome: string[] = []
  if (chosen.some(({ probe }) => probe.name === 'accept-queue'))
    notesToCome.push(...listenerNotes(target.ports, unixListeners(roster.pids())))
  if (hasStacks) await reader.advise((advice) => notesToCome.push(...advice.map(adviceText)))
  const demangle = createDemangler(demangler)
  let ports: ReadonlySet<number> | null = new Set(target.ports)
  let counters = readNetnsCounters(target.netnsPid)
  const connections = connectionsOf(roster.pids(), target.netnsPid)
  let isByRing = acceptsByRing(roster.pids())
  let phase = 0
  let phaseStartNs = 0
  const noted = new Set<string>()
  let leaving = false

  const asksForSleepers = chosen.some(({ probe }) => probe.stackUnit === 'ns')
  /** threads that slept at the end of the phase before, and so at the start of this one */
  let sleptAtStart: readonly Sleeper[] = []

  let stacksStartNs = 0
  const cut = async (next: number, withStacks: boolean): Promise<Cut> => {
    const frame = await tracer.cut(next, withStacks)
    const { newcomers, notes } = company.take(frame)
    if (hasStacks) follow(newcomers)
    const now = readNetnsCounters(netnsPid())
    const grown = counters && now ? difference(counters, now) : null
    counters = now ?? counters
    if (frame.open) {
      const found = listeningPorts(roster.pids())
      if (found.length > 0) ports = new Set(found)
      isByRing ||= acceptsByRing(roster.pids())
    }
    if (hasStacks && withStacks) await reader.refresh(frame.open !== null)
    const seen = windowFrame(frame, tracer.program)
    await reader.learn([...userAddressesIn(seen, tracer.program), ...dataAddressesIn(seen, tracer.program)])
    notesToCome.push(...reader.takeNotes())
    if (frame.gone.waited) notesToCome.push(DEAD_WAITS)
    const losses = tracer.takeLosses()
    const sleepers = frame.open && asksForSleepers ? readSleepers(roster.pids()) : []
    const decoded = frame.startNs === 0 ? [] : chosen.map((one) => decodeWindow(one, frame, seen, { grown, sleepers }))
    const windows = await named(
      decoded,
      chosen.map(({ probe }) => probe),
      (mangled) => demangle(mangled, leaving ? LAST_DEMANGLING_MS : undefined),
    )
    if (demangler === null && windows.some(hasMangledNames)) notesToCome.push(NO_DEMANGLER)
    if (frame.withStacks) {
      stacksStartNs = frame.endNs
      forgetEnded()
    }
    if (frame.open) {
      phase = next
      phaseStartNs = frame.endNs
      sleptAtStart = sleepers
    }
    return { windows, notes, atNs: frame.endNs, askedAtMonotonicNs: frame.askedAtMonotonicNs, counters: now, ...losses }
  }

  const followed = new Set(roster.pids())
  /** What they have mapped is opened while they live, and let go when the stacks they left behind are named. */
  const follow = (newcomers: readonly TargetProcess[]): void => {
    for (const { pid } of newcomers)
      if (followed.size < MOST_FOLLOWED) {
        followed.add(pid)
        reader.add(pid)
      }
  }
  const forgetEnded = (): void => {
    const living = new Set(roster.pids())
    for (const pid of followed) if (!living.has(pid) && followed.delete(pid)) reader.remove(pid)
  }
  /** A process in the target's network namespace that lives. */
  const netnsPid = (): number =>
    target.netnsInode !== null && target.netnsInode === netnsInode(process.pid)
      ? process.pid
      : (roster.pids().find((pid) => netnsInode(pid) === target.netnsInode) ?? target.netnsPid)

  const decodeWindow = (
    { probe, variant, params }: ChosenProbe,
    frame: CutFrame,
    seen: WindowFrame,
    { grown, sleepers }: { grown: Record<string, number> | null; sleepers: readonly Sleeper[] },
  ): ProbeWindow => {
    const context: DecodeContext = {
      params,
      phaseStartNs,
      ports,
      connections,
      isQueued: createQueueReader(netnsPid()),
      acceptsByRing: isByRing,
      counters: grown,
      sleepers,
      sleptAtStart,
      syscallName: (id) => syscallName(id, options.host.arch),
      errnoName,
      processName: (pid) => readProcessStat(pid)?.comm ?? null,
      dataName: (address) => dataName(reader.names, address),
      names: (user, kernel) => nameStack(user, kernel, reader.jitName, reader.names),
    }
    const decoded: Decoded<unknown> = variant.decode(seen, context)
    const notes = [...notesToCome.splice(0), ...(decoded.notes ?? [])].filter((note) => !noted.has(note))
    for (const note of notes) noted.add(note)
    return {
      probe: probe.name,
      phase,
      startNs: frame.startNs,
      endNs: frame.endNs,
      data: decoded.data,
      stacks: probe.stackUnit && frame.withStacks ? (decoded.stacks ?? []) : null,
      stacksStartNs,
      unit: probe.stackUnit ?? 'count',
      loss: [...(decoded.loss ?? []), ...fullMaps(frame, tracer.program, probe.name)],
      notes,
    }
  }

  const failed = new Promise<TracerExit>((resolve) => {
    void tracer.exited.then((exit) => {
      if (!exit.expected) resolve(exit)
    })
  })
  return {
    roster,
    chosen,
    refused,
    programs: [tracer.program],
    cut,
    hurry: () => {
      leaving = true
      tracer.hurry()
      reader.hurry()
    },
    stop: async () => {
      reader.close()
      const { code, signal, reason } = await tracer.stop()
      return code === null && signal === null ? reason : null
    },
    failed,
    readerPid: reader.pid,
    tracerPids: () => [tracer.pid()].filter((pid) => pid !== null),
  }
}

function difference(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]))
}
