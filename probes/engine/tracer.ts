import { readFileSync } from 'node:fs'
import os from 'node:os'
import { execa } from 'execa'
import type { Host } from '../host/host.ts'
import { CLEAN_ENVIRONMENT } from '../host/privilege.ts'
import { readProcessStat } from '../host/process.ts'
import { limited } from '../host/resource-limits.ts'
import { summarizeRefusal } from '../host/trial.ts'
import { createLineSplitter } from '../lines.ts'
import type { Dialect } from '../script/dialect.ts'
import { cutWord, forgetWord, memberWords, WORD } from '../script/frame.ts'
import type { Program } from '../script/program.ts'
import { sanitizeText } from '../text.ts'
import { readLine } from './decode.ts'
import { TracerError } from './errors.ts'
import { withShortEventList } from './event-list.ts'
import { type GoneThreads, goneThreads } from './gone-threads.ts'
import type { Tolerant } from './json.ts'
import { createPatience, type Patience } from './patience.ts'

/** What one cut brought: the printed maps by name, unread. Times are CLOCK_BOOTTIME ns. */
export interface CutFrame {
  phase: number
  startNs: number
  endNs: number
  /** monotonic clock just before the cut was asked for, ns: bounds the offset between the clocks */
  askedAtMonotonicNs: bigint
  /** whether maps with stacks were printed: they then hold everything since the last frame that printed them */
  withStacks: boolean
  results: Map<string, Tolerant>
  /** open-wait maps; null unless the phase changed */
  open: Map<string, Tolerant> | null
  /** threads in them that have ended */
  gone: GoneThreads
}

export interface TracerExit {
  code: number | null
  signal: string | null
  /** true when it ended because it was told to */
  expected: boolean
  reason: string
}

/** A running bpftrace. One at a time may be cut; `cut` waits for the frame before. */
export interface Tracer {
  program: Program
  /** pid of bpftrace itself; null while it is not known (sudo) */
  pid: () => number | null
  cut: (phase: number, withStacks: boolean) => Promise<CutFrame>
  /** adds a number to the target's members, or removes it; heard at once, before anything that this process does next */
  tell: (does: 'join' | 'leave', member: number) => void
  stop: () => Promise<TracerExit>
  /** Somebody waits for the end: what is asked from now on, or is being asked, is answered soon or not at all. */
  hurry: () => void
  exited: Promise<TracerExit>
  /** losses since the last call */
  takeLosses: () => { lostEvents: number; mapFull: number; truncatedLines: number }
  log: () => string
}

export interface TracerOptions {
  signal?: AbortSignal | undefined
  /** what takes a moment now: compiling, then attaching */
  onStep?: ((text: string) => void) | undefined
  /** C++ names are printed as the symbol tables have them, for somebody else to demangle */
  keepsMangledNames?: boolean
}

const PING_EVERY_MS = 20
/** Beats of a tracer that is attached and hears nothing of what it is asked. */
const BEATS_UNHEARD = 5
/** While it compiles it may take as long as this machine needs; LLVM and clang keep a CPU busy. */
const TO_ATTACH: Patience = { leastMs: 60_000, silentMs: 20_000, busyNs: 500_000_000, mostMs: 600_000 }
/** While it prints a frame of many stacks. */
const TO_ANSWER: Patience = { leastMs: 15_000, silentMs: 5_000, busyNs: 50_000_000, mostMs: 45_000 }
/** At the end of a run, when somebody waits for it. */
const TO_ANSWER_AT_LAST: Patience = { leastMs: 3_000, silentMs: 3_000, busyNs: 10_000_000, mostMs: 7_000 }
/**
 * Memory that it may have: 0.17 to 0.27 take 90 to 200 MB with every probe, compiling included. Symbols of the target,
 * which cost more, are not read there.
 */
const DATA_BYTES = 1024 * 1024 * 1024
const LOG_LIMIT = 64 * 1024
/** A stack map of 16 384 long stacks stays below it. */
const LINE_LIMIT = 64 * 1024 * 1024
const SCRATCH_OF_FRAME = /_([ab])$/

/** What stops a tracer that does not stop at the word. All that it had to say has been said by then: nothing is lost. */
const ESCALATION: readonly (readonly [afterMs: number, signal: NodeJS.Signals])[] = [
  [2_000, 'SIGINT'],
  [2_000, 'SIGKILL'],
]
/** One that is stopped, or has left a question unanswered, hears no word. */
const DEAF: typeof ESCALATION = [[0, 'SIGKILL']]
/** A process in a call of a file system that does not answer cannot even be killed. */
const KILLED_WITHIN_MS = 2_000

/**
 * Starts bpftrace on a program and waits until it answers, which proves that everything is attached.
 *
 * It runs by absolute path with an argument list and a clean environment, in its own process group so that the
 * terminal's Ctrl-C does not reach it, and dies with this process (PDEATHSIG, and SIGPIPE at its heartbeat).
 *
 * @throws TracerError when it cannot be started; the message is bpftrace's own reason, one line
 */
export async function startTracer(
  program: Program,
  host: Host,
  dialect: Dialect,
  { signal, onStep, keepsMangledNames = false }: TracerOptions = {},
): Promise<Tracer> {
  if (host.bpftrace === null) throw new TracerError('no_bpftrace', 'no bpftrace on this host')
  const environment = {
    ...CLEAN_ENVIRONMENT,
    ...dialect.environment(program.mapEntries),
    ...(keepsMangledNames ? dialect.mangledNames : {}),
  }
  const bpftrace = [host.bpftrace.path, '-f', 'json', '--no-warnings', '-']
  // Without room for the list it only starts more slowly.
  const short = dialect.rereadsEventList ? await withShortEventList(program.text, bpftrace).catch(() => null) : null
  const limits = await limited({ dataBytes: DATA_BYTES })
  const { file, args, elevated } = commandLine(host, [...limits, ...(short?.argv ?? bpftrace)], environment)
  const child = execa(file, args, {
    env: environment,
    extendEnv: false,
    detached: true,
    cleanup: true,
    buffer: false,
    reject: false,
    input: program.text,
    stdout: 'pipe',
    stderr: 'pipe',
  })

  onStep?.('compiling the programs')
  // By its process group, where the kernel's own death signal (setpriv) is not to be had.
  const killNow = () => kill('SIGKILL')
  process.once('exit', killNow)

  let log = ''
  const keep = (text: string) => {
    if (log.length < LOG_LIMIT) log += `${sanitizeText(text, { maxLength: 4096 })}\n`
  }
  const losses = { lostEvents: 0, mapFull: 0, truncatedLines: 0 }
  let stopping = false
  let leaving = false
  /** why what was asked last was not answered */
  let deaf: TracerError | null = null
  let beats = 0
  let ready: ((error?: TracerError) => void) | null = null
  let frame: CutFrame | null = null
  let lastCutNs = 0
  let lastPhase = 0
  let waiting: { settle: (end: CutFrame | TracerError) => void; askedAt: bigint } | null = null
  let queue: Promise<unknown> = Promise.resolve()

  const onText = (text: string) => {
    const [word, first, second, third] = text.trim().split(' ')
    if (word === 'PONG') ready?.()
    else if (word === 'CUT') {
      const at = Number(first)
      frame = {
        phase: Number(second),
        withStacks: third === '1',
        startNs: lastCutNs,
        endNs: at,
        askedAtMonotonicNs: waiting?.askedAt ?? 0n,
        results: new Map(),
        // Empty maps print nothing: that the phase changed is what says that open waits were listed.
        open: Number(second) === lastPhase ? null : new Map(),
        gone: { all: new Set(), waited: false },
      }
      lastCutNs = at
      lastPhase = Number(second)
    } else if (word === 'FIN' && frame) {
      const done = frame
      frame = null
      waiting?.settle(done)
    } else if (word !== 'BEAT') keep(text)
    else if (++beats >= BEATS_UNHEARD) ready?.(unheard())
  }
  const unheard = () =>
    new TracerError(
      'no_answer',
      'bpftrace runs, but does not hear this process: its pid is not the kernel’s, as in a container',
      {
        fix: 'run probe in the pid namespace of the host: docker run --pid=host, hostPID: true, or nsenter -t 1 -p',
        log,
      },
    )
  const onLine = (line: string) => {
    const record = readLine(line)
    if (record === null) return
    if (record.type === 'text') onText(record.text)
    else if (record.type === 'map') {
      const side = record.name.replace(SCRATCH_OF_FRAME, '')
      if (frame && program.results.has(side)) frame.results.set(side, record.data)
      else if (frame && program.scratch.has(record.name)) frame.open?.set(record.name, record.data)
    } else if (record.type === 'attached') onStep?.('attaching the programs')
    else if (record.type === 'lost') losses.lostEvents += record.events
    else if (record.type === 'helper_error') losses.mapFull++
    else if (record.type === 'unknown') keep(record.text)
  }
  const output = createLineSplitter(onLine, { limit: LINE_LIMIT, onDropped: () => losses.truncatedLines++ })
  child.stdout.on('data', (chunk: Buffer) => output.write(chunk))
  const errors = createLineSplitter(keep)
  child.stderr.on('data', (chunk: Buffer) => errors.write(chunk))

  const exited: Promise<TracerExit> = child.then((result) => {
    process.off('exit', killNow)
    output.end()
    errors.end()
    return {
      code: result.exitCode ?? null,
      signal: result.signal ?? null,
      expected: stopping,
      reason:
        result.exitCode === undefined && result.signal === undefined
          ? (result.shortMessage ?? 'could not be started')
          : summarizeRefusal(log),
    }
  })

  const kill = (name: NodeJS.Signals) => {
    if (child.pid === undefined) return
    try {
      // The whole group: sudo and the tracer below it.
      process.kill(elevated ? child.pid : -child.pid, name)
    } catch {
      // It is gone already, or belongs to root: then the stop word and the heartbeat end it.
    }
  }
  const pid = (): number | null => (child.pid === undefined ? null : elevated ? findBelow(child.pid) : child.pid)
  const stopNow = async (): Promise<TracerExit> => {
    stopping = true
    say(WORD.stop)
    for (const [afterMs, name] of deaf || isStopped(pid()) ? DEAF : ESCALATION) {
      const ended = await within(afterMs, exited)
      if (ended) return ended
      kill(name)
    }
    return (await within(KILLED_WITHIN_MS, exited)) ?? abandon()
  }
  /** It is not waited for: this process must be able to end. */
  const abandon = (): TracerExit => {
    if ('unref' in child && typeof child.unref === 'function') child.unref()
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy()
    const what = `process ${pid() ?? child.pid} (bpftrace) could not be ended`
    return {
      code: null,
      signal: null,
      expected: true,
      reason: `${what}: it stays attached until it is: kill -9 ${pid() ?? child.pid}`,
    }
  }
  let ending: Promise<TracerExit> | null = null
  const stop = (): Promise<TracerExit> => {
    ending ??= stopNow()
    return ending
  }

  try {
    await new Promise<void>((resolve, reject) => {
      const ping = setInterval(() => say(WORD.ping), PING_EVERY_MS)
      const patience = createPatience(
        pid,
        () => TO_ATTACH,
        (waited) => finish(new TracerError('no_answer', `bpftrace did not attach within ${waited}`, { log })),
      )
      const abort = () => finish(new TracerError('start_failed', 'interrupted while attaching', { log }))
      const finish = (error?: TracerError) => {
        clearInterval(ping)
        patience.end()
        signal?.removeEventListener('abort', abort)
        ready = null
        if (error) reject(error)
        else resolve()
      }
      ready = finish
      signal?.addEventListener('abort', abort)
      if (signal?.aborted) abort()
      void exited.then((exit) => finish(new TracerError('start_failed', exit.reason, { log })))
    })
  } catch (error) {
    await stop()
    throw error
  } finally {
    short?.remove()
  }

  let ended: TracerError | null = null
  void exited.then((exit) => {
    ended = new TracerError('died', `bpftrace ended: ${describeExit(exit)}`, { log })
    waiting?.settle(ended)
  })
  // No race against `exited`: that promise lives as long as the run, and would keep what each race came to.
  const cutNow = async (phase: number, withStacks: boolean): Promise<CutFrame> => {
    if (ended) throw ended
    // It is not asked again by who wants to leave.
    if (deaf && leaving) throw deaf
    const end = await new Promise<CutFrame | TracerError>((resolve) => {
      const late = (waited: string) => {
        const why = isStopped(pid()) ? ': it is stopped (SIGSTOP)' : ''
        deaf = new TracerError('no_answer', `the tracer did not answer within ${waited}${why}`, { log })
        waiting?.settle(deaf)
      }
      const patience = createPatience(pid, () => (leaving ? TO_ANSWER_AT_LAST : TO_ANSWER), late)
      const settle = (outcome: CutFrame | TracerError) => {
        patience.end()
        waiting = null
        resolve(outcome)
      }
      waiting = { settle, askedAt: process.hrtime.bigint() }
      say(cutWord(phase, withStacks))
    })
    if (end instanceof TracerError) throw end
    if (end.open === null) return end
    say(WORD.release)
    const gone = goneThreads(end.open, end.endNs, program)
    for (const thread of gone.all) say(forgetWord(thread))
    return { ...end, gone }
  }

  return {
    program,
    pid,
    cut: (phase, withStacks) => {
      const next = queue.then(() => cutNow(phase, withStacks))
      queue = next.catch(() => undefined)
      return next
    },
    tell: (does, member) => memberWords(does, member).forEach(say),
    stop,
    hurry: () => {
      leaving = true
    },
    exited,
    takeLosses: () => {
      const taken = { ...losses }
      losses.lostEvents = losses.mapFull = losses.truncatedLines = 0
      return taken
    },
    log: () => log,
  }
}

export function describeExit(exit: TracerExit): string {
  if (exit.signal) return `killed by ${exit.signal}`
  return exit.code === 0 ? 'it stopped by itself' : exit.reason
}

/** getpriority(PRIO_PROCESS, word): no such process exists, the call fails, and the script has heard it. */
function say(word: number): void {
  try {
    os.getPriority(word)
  } catch {
    // ESRCH is what must happen.
  }
}

function commandLine(host: Host, bpftrace: readonly string[], environment: Record<string, string>) {
  // --pdeathsig: the kernel kills the tracer when this process dies, however it dies.
  const tracer = [...(host.setpriv ? [host.setpriv, '--pdeathsig', 'KILL', '--'] : []), ...bpftrace]
  const elevated = host.privilege.how === 'sudo' && host.sudo !== null
  const argv = elevated
    ? [
        host.sudo ?? 'sudo',
        '-n',
        '--',
        '/usr/bin/env',
        '-i',
        ...Object.entries(environment).map(([k, v]) => `${k}=${v}`),
        ...tracer,
      ]
    : tracer
  return { file: argv[0] ?? '', args: argv.slice(1), elevated }
}

/** The last process of the chain sudo -> ... -> bpftrace. */
function findBelow(pid: number): number | null {
  try {
    const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]
    return child ? (findBelow(Number(child)) ?? Number(child)) : pid
  } catch {
    return null // it has ended
  }
}

function isStopped(pid: number | null): boolean {
  const state = pid === null ? undefined : readProcessStat(pid)?.state
  return state === 'T' || state === 't'
}

/** null when it has not come by then. */
function within<T>(ms: number, promise: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
