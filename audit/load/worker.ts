import { type ChildProcess, spawn } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hideSecrets, sanitizeText } from '../../probes/index.ts'
import { LoadError } from './load-error.ts'
import { findOfSystem } from './program.ts'
import { type Command, type Report, reportSchema } from './protocol.ts'

/** One process of the load generator. */
export interface Worker {
  readonly pid: number
  tell(command: Command): void
  /** resolves when the process has ended, with the reason */
  readonly gone: Promise<LoadError>
  /** `stop`, and SIGKILL when that does not help within 2 s */
  stop(): Promise<void>
  kill(): void
}

const STOP_BOUND_MS = 2000
/** It tells that it runs once a second. */
const SILENCE_MS = 10_000
const LOOK_EVERY_MS = 1000

/** `cpus`: where it may run, as taskset(1) takes them; null: anywhere. */
export function startWorker(cpus: string | null, onReport: (report: Report) => void, silenceMs = SILENCE_MS): Worker {
  const child = spawnGenerator(cpus)
  const stderr = tailOf(child)
  const gone = new Promise<LoadError>((resolve) => {
    child.once('error', (error) => resolve(died(error.message)))
    child.once('close', (code, signal) => {
      watchdog.stop()
      resolve(died(silent ?? (stderr() || `ended with ${signal ?? `code ${code}`}`)))
    })
  })
  let silent: string | null = null
  const watchdog = watchSilence(silenceMs, () => {
    silent = `process ${child.pid} said nothing for ${silenceMs / 1000} s: it was stopped, or stands still`
    child.kill('SIGKILL')
  })
  child.on('message', (message) => {
    watchdog.heard()
    onReport(reportSchema.parse(message))
  })
  const tell = (command: Command) => {
    // A process that is gone is noticed by `gone`; the failed write has nothing to add.
    if (child.connected) child.send(command, () => {})
  }
  return {
    pid: child.pid ?? 0,
    tell,
    gone,
    stop: async () => {
      tell({ type: 'stop' })
      const bound = setTimeout(() => child.kill('SIGKILL'), STOP_BOUND_MS)
      await gone
      clearTimeout(bound)
    },
    kill: () => child.kill('SIGKILL'),
  }
}

/** Calls when nothing has been heard for so long; time in which this process itself did not run (Ctrl-Z) does not count. */
function watchSilence(silenceMs: number, onSilence: () => void): { heard: () => void; stop: () => void } {
  let quietMs = 0
  let lookedMs = performance.now()
  const timer = setInterval(() => {
    const nowMs = performance.now()
    // What came while we were stopped is read after this.
    quietMs += Math.min(nowMs - lookedMs, LOOK_EVERY_MS)
    lookedMs = nowMs
    if (quietMs < silenceMs) return
    clearInterval(timer)
    onSilence()
  }, LOOK_EVERY_MS)
  timer.unref()
  return {
    heard: () => {
      quietMs = 0
    },
    stop: () => clearInterval(timer),
  }
}

const died = (cause: string): LoadError =>
  new LoadError('generator_died', `the load generator died: ${cause}`, 'run the audit again; the phase is incomplete')

function spawnGenerator(cpus: string | null): ChildProcess {
  // From source this is a .ts file, which Node runs by stripping its types; from dist a .js file.
  const entry = fileURLToPath(new URL(`./generator-process${extname(import.meta.url)}`, import.meta.url))
  const command = [process.execPath, entry]
  const taskset = cpus === null ? null : findOfSystem('taskset')
  const pinned = cpus === null || taskset === null ? command : [taskset, '-c', cpus, ...command]
  const setpriv = findOfSystem('setpriv')
  // By the channel it ends itself; one that is stopped does not hear that it closes, and the kernel ends it.
  const [file = '', ...args] = setpriv ? [setpriv, '--pdeathsig', 'KILL', '--', ...pinned] : pinned
  return spawn(file, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: process.env['NODE_EXTRA_CA_CERTS'] },
    // Ctrl-C reaches the whole foreground group: the parent decides when the load ends.
    detached: true,
  })
}

function tailOf(child: ChildProcess): () => string {
  let tail = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-4096)
  })
  return () => sanitizeText(hideSecrets(tail.trim()))
}
