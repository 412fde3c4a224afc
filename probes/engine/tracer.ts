import { readFileSync } from 'node:fs'
import os from 'node:os'
import { execa } from 'execa'
import type { Host } from '../host/host.ts'
import { CLEAN_ENVIRONMENT } from '../host/privilege.ts'
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
  exited: Promise<TracerExit>
  /** losses since the last call */
  takeLosses: () => { lostEvents: number; mapFull: number; truncatedLines: number }
  log: () => string
}

export interface TracerOptions {
  signal?: AbortSignal | undefined
  /** C++ names are printed as the symbol tables have them, for somebody else to demangle */
  keepsMangledNames?: boolean
}

const READY_TIMEOUT_MS = 60_000
const PING_EVERY_MS = 20
const ANSWER_TIMEOUT_MS = 15_000
const LOG_LIMIT = 64 * 1024
/** A stack map of 16 384 long stacks stays below it. */
const LINE_LIMIT = 64 * 1024 * 1024
const SCRATCH_OF_FRAME = /_([ab])$/

/** What stops a tracer that does not stop: one SIGINT may print for a long while, the rest is force. */
const ESCALATION: readonly (readonly [afterMs: number, signal: NodeJS.Signals])[] = [
  [3_000, 'SIGINT'],
  [15_000, 'SIGTERM'],
  [3_000, 'SIGKILL'],
]

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
  { signal, keepsMangledNames = false }: TracerOptions = {},
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
  const { file, args, elevated } = commandLine(host, short?.argv ?? bpftrace, environment)
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

  let log = ''
  const keep = (text: string) => {
    if (log.length < LOG_LIMIT) log += `${sanitizeText(text, { maxLength: 4096 })}\n`
  }
  const losses = { lostEvents: 0, mapFull: 0, truncatedLines: 0 }
  let stopping = false
  let ready: (() => void) | null = null
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
  }
  const onLine = (line: string) => {
    const record = readLine(line)
    if (record === null) return
    if (record.type === 'text') onText(record.text)
    else if (record.type === 'map') {
      const side = record.name.replace(SCRATCH_OF_FRAME, '')
      if (frame && program.results.has(side)) frame.results.set(side, record.data)
      else if (frame && program.scratch.has(record.name)) frame.open?.set(record.name, record.data)
    } else if (record.type === 'lost') losses.lostEvents += record.events
    else if (record.type === 'helper_error') losses.mapFull++
    else if (record.type === 'unknown') keep(record.text)
  }
  const output = createLineSplitter(onLine, { limit: LINE_LIMIT, onDropped: () => losses.truncatedLines++ })
  child.stdout.on('data', (chunk: Buffer) => output.write(chunk))
  const errors = createLineSplitter(keep)
  child.stderr.on('data', (chunk: Buffer) => errors.write(chunk))

  const exited: Promise<TracerExit> = child.then((result) => {
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
  const stop = async (): Promise<TracerExit> => {
    if (!stopping) {
      stopping = true
      say(WORD.stop)
      for (const [afterMs, name] of ESCALATION) {
        const ended = await Promise.race([exited.then(() => true), delay(afterMs)])
        if (ended) break
        kill(name)
      }
    }
    return exited
  }

  try {
    await new Promise<void>((resolve, reject) => {
      const ping = setInterval(() => say(WORD.ping), PING_EVERY_MS)
      const timer = setTimeout(
        () =>
          finish(new TracerError('no_answer', `bpftrace did not attach within ${READY_TIMEOUT_MS / 1000} s`, { log })),
        READY_TIMEOUT_MS,
      )
      const abort = () => finish(new TracerError('start_failed', 'interrupted while attaching', { log }))
      const finish = (error?: TracerError) => {
        clearInterval(ping)
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        ready = null
        if (error) reject(error)
        else resolve()
      }
      ready = () => finish()
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
    const end = await new Promise<CutFrame | TracerError>((resolve) => {
      const late = `the tracer did not answer within ${ANSWER_TIMEOUT_MS / 1000} s`
      const timer = setTimeout(() => waiting?.settle(new TracerError('no_answer', late, { log })), ANSWER_TIMEOUT_MS)
      timer.unref()
      const settle = (outcome: CutFrame | TracerError) => {
        clearTimeout(timer)
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
    pid: () => (child.pid === undefined ? null : elevated ? findBelow(child.pid) : child.pid),
    cut: (phase, withStacks) => {
      const next = queue.then(() => cutNow(phase, withStacks))
      queue = next.catch(() => undefined)
      return next
    },
    tell: (does, member) => memberWords(does, member).forEach(say),
    stop,
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

const delay = (ms: number): Promise<undefined> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(undefined), ms).unref()
  })
