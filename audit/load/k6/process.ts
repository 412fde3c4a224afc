import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import type { Folder } from '../../../files/index.ts'
import { createLineSplitter } from '../../../probes/index.ts'
import { LoadError } from '../load-error.ts'
import { findOfSystem } from '../program.ts'
import { readFifo } from './fifo.ts'
import { type K6LogLine, readLogLine } from './log.ts'
import { awaitStatus, freePort, type K6Rest, PAUSED, RUNNING, restOf } from './rest.ts'
import { type K6Threshold, thresholdsOf } from './summary.ts'

export interface K6ProcessOptions {
  /** absolute path of k6 */
  k6: string
  script: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
  /** of ours, for the pipe and the summary */
  folder: Folder
  onData: (chunk: Buffer) => void
  onLog: (line: K6LogLine) => void
  /** takes secrets out of its log */
  clean: (text: string) => string
  /** ends it while it starts */
  signal?: AbortSignal
}

/** A k6 that stands at its start and waits to be released. */
export interface K6Process {
  readonly pid: number
  /** k6 has ended and everything that it wrote has been read; never rejects */
  readonly ended: Promise<K6Exit>
  /** Lets it run; resolves once its scenarios have begun, with the moment, CLOCK_MONOTONIC. Null: it ended before. */
  release(): Promise<{ atNs: bigint; withinMs: number } | null>
  /** Stops it: by its REST API, by SIGINT, by force; resolves when it is gone. */
  stop(): Promise<void>
  /** thresholds of its summary, after it has ended; null: there is none */
  thresholds(): Promise<K6Threshold[] | null>
}

export interface K6Exit {
  /** null: ended by a signal */
  code: number | null
  signal: string | null
}

const POLL_MS = 10
const METRICS = 'metrics.csv'
/** What stops a k6 that was asked over REST and does not stop. */
const ESCALATION: readonly (readonly [afterMs: number, signal: NodeJS.Signals])[] = [
  [3_000, 'SIGINT'],
  [3_000, 'SIGKILL'],
]

/**
 * Starts `k6 run` paused: script loaded, VUs made, no request sent.
 *
 * Its values come as CSV through a named pipe: on stdout they would stand between what the script's handleSummary prints,
 * unless the summary were switched off, thresholds with it; a file would grow by a kilobyte an iteration.
 *
 * @throws LoadError `tool_failed` when it does not get that far
 */
export async function startK6(options: K6ProcessOptions): Promise<K6Process> {
  const { folder } = options
  const summary = folder.pathOf('summary.json')
  const address = `127.0.0.1:${await freePort()}`
  const reader = await readFifo(folder, METRICS, options.onData)
  const { file, args } = await dyingWithUs([
    options.k6,
    'run',
    ...options.args,
    // Ours come last: of a flag that stands twice k6 takes the last.
    ...['--paused', '--address', address, '--linger=false', '--quiet'],
    ...['--log-format', 'json', '--log-output', 'stderr'],
    ...['--out', `csv=${folder.pathOf(METRICS)}`, '--summary-export', summary, '--', options.script],
  ])
  const child = execa(file, args, {
    env: { ...options.env, K6_CSV_SAVE_INTERVAL: '200ms', K6_CSV_TIME_FORMAT: 'unix_nano' },
    extendEnv: false,
    detached: true,
    buffer: false,
    reject: false,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const log = createLineSplitter((line) => {
    const read = readLogLine(line, options.clean)
    if (read) options.onLog(read)
  })
  child.stderr.on('data', (chunk: Buffer) => log.write(chunk))

  const end = () => kill(child.pid, 'SIGKILL')
  process.once('exit', end)
  options.signal?.addEventListener('abort', end, { once: true })

  const over = new AbortController()
  const ended = child.then(async ({ exitCode, signal }): Promise<K6Exit> => {
    over.abort()
    process.off('exit', end)
    options.signal?.removeEventListener('abort', end)
    log.end()
    reader.close()
    await reader.ended
    return { code: exitCode ?? null, signal: signal ?? null }
  })
  const rest = restOf(address)
  const stop = () => stopped(child.pid, rest, ended, over.signal)

  if (options.signal?.aborted) end()
  const paused = await awaitStatus(rest, ({ status }) => status >= PAUSED, POLL_MS, over.signal)
  if (paused?.status !== PAUSED) {
    if (paused) await stop()
    throw new EndedEarly(await ended)
  }
  options.signal?.removeEventListener('abort', end)
  return {
    pid: child.pid ?? 0,
    ended,
    release: async () => {
      let beforeNs = process.hrtime.bigint()
      if (!(await rest.change({ paused: false }))) {
        await Promise.race([ended, sleep(POLL_MS)])
        if (!over.signal.aborted) throw new LoadError('tool_failed', 'k6 did not hear that it may start', RETRY)
        return null
      }
      // setup() comes first, however long it takes; then the scenarios' clock starts.
      const running = await awaitStatus(
        rest,
        ({ status }) => {
          const isRunning = status >= RUNNING
          if (!isRunning) beforeNs = process.hrtime.bigint()
          return isRunning
        },
        POLL_MS,
        over.signal,
      )
      if (!running) return null
      const withinNs = process.hrtime.bigint() - beforeNs
      return { atNs: beforeNs + withinNs / 2n, withinMs: Number(withinNs) / 1e6 }
    },
    stop,
    thresholds: async () => thresholdsOf(await readFile(summary, 'utf8').catch(() => '')),
  }
}

const RETRY = 'run the audit again'

/** k6 ended before it could be released; the reason is in its log. */
export class EndedEarly extends Error {
  readonly exit: K6Exit

  constructor(exit: K6Exit) {
    super('k6 ended before its start')
    this.name = 'EndedEarly'
    this.exit = exit
  }
}

async function stopped(
  pid: number | undefined,
  rest: K6Rest,
  ended: Promise<unknown>,
  gone: AbortSignal,
): Promise<void> {
  // Another program may have its port by now.
  if (gone.aborted) return void (await ended)
  await Promise.race([ended, rest.change({ stopped: true })])
  for (const [afterMs, signal] of ESCALATION) {
    await Promise.race([ended, sleep(afterMs, undefined, { signal: gone }).catch(() => undefined)])
    if (gone.aborted) break
    kill(pid, signal)
  }
  await ended
}

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    // The whole group: a wrapper script may stand before k6.
    process.kill(-pid, signal)
  } catch {
    // It has ended on its own in the meantime.
  }
}

/** --pdeathsig: the kernel ends k6 when this process dies, however it dies. */
async function dyingWithUs(argv: readonly string[]): Promise<{ file: string; args: readonly string[] }> {
  const setpriv = findOfSystem('setpriv')
  const [file = '', ...args] = setpriv ? [setpriv, '--pdeathsig', 'KILL', '--', ...argv] : argv
  return { file, args }
}
