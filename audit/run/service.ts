import { type ChildProcess, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { hideInArguments, hideSecrets, listeningPorts, sanitizeText, withDescendants } from '../../probes/index.ts'
import { PlanError } from '../plan/error.ts'
import type { PlannedTarget } from '../plan/plan.ts'

/** A service that an audit has started. */
export interface Service {
  pid: number
  /** resolves with what is known of its end */
  ended: Promise<string>
  /** SIGTERM to its process group, SIGKILL after five seconds */
  stop: () => Promise<void>
}

const STOP_MS = 5_000
const LOOK_EVERY_MS = 50
/** Walking through /proc costs more than a connection. */
const LOOK_IN_PROC_EVERY_MS = 250
const TAIL_CHARACTERS = 2_000

/**
 * Starts the command of a plan and waits until it accepts connections where the url says; without one until it, or what
 * it started, listens anywhere, at most as long as `ready` allows. It gets a process group of its own, so that all it
 * starts is stopped with it, and its output goes nowhere but into the message of a failure.
 *
 * @param clean takes secrets out of what the command said last
 * @param setpriv absolute path of setpriv(1): with it the service ends with this process, however that ends
 * @throws PlanError when it does not start, ends, or is not ready in time
 */
export async function startService(
  command: NonNullable<PlannedTarget['command']>,
  url: string | null,
  setpriv: string | null,
  signal: AbortSignal,
  clean: (text: string) => string = hideSecrets,
): Promise<Service> {
  const [file, ...args] = setpriv ? [setpriv, '--pdeathsig', 'TERM', '--', ...command.argv] : command.argv
  const child = spawn(file ?? '', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...inherited(), ...command.env },
    ...(command.cwd === null ? {} : { cwd: command.cwd }),
  })
  const tail = tailOf(child, clean)
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, name) => resolve(`it ended with ${name ?? `code ${code}`}`))
  })
  const stop = async () => {
    if (child.pid === undefined) return
    const hard = setTimeout(() => killGroup(child, 'SIGKILL'), STOP_MS)
    killGroup(child, 'SIGTERM')
    await ended
    clearTimeout(hard)
  }
  // Who has ended is not looked for any longer.
  const looking = new AbortController()
  const why = await Promise.race([
    ended,
    untilReady(child, url, command.readyMs, AbortSignal.any([signal, looking.signal])),
  ])
  looking.abort()
  if (why === null) return { pid: child.pid ?? 0, ended, stop }
  await stop()
  const said = tail()
  throw new PlanError(
    'invalid',
    `the target's command did not come up: ${why}${said === '' ? '' : `\n${said}`}`,
    `run it by hand: ${hideInArguments(command.argv).join(' ')}`,
  )
}

/** null when it is ready, or nobody can tell that it is not; else why not. */
async function untilReady(
  { pid }: ChildProcess,
  url: string | null,
  readyMs: number,
  signal: AbortSignal,
): Promise<string | null> {
  const deadline = performance.now() + readyMs
  const isReady = async () => (url ? accepts(new URL(url)) : listeningPorts(withDescendants(pid ?? 0)).length > 0)
  while (!(await isReady())) {
    if (signal.aborted) return 'interrupted'
    // What does not listen (a client, a worker of a queue) is ready when its time is over.
    if (performance.now() > deadline)
      return url ? `nothing listens at ${url.replace(/\?.*$/s, '')} after ${readyMs / 1000} s` : null
    await new Promise((resolve) => setTimeout(resolve, url ? LOOK_EVERY_MS : LOOK_IN_PROC_EVERY_MS))
  }
  return null
}

function accepts(url: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
    const socket = connect({ host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => end(true)).once('error', () => end(false))
    socket.setTimeout(1_000, () => end(false))
  })
}

/** Of probe's own environment only what a program needs to find its way: NODE_ENV and the like are not the target's. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'USER', 'LANG', 'TZ']
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
}

function killGroup(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, name)
  } catch {
    // The group is gone.
  }
}

function tailOf(child: ChildProcess, clean: (text: string) => string): () => string {
  let tail = ''
  const take = (text: string) => {
    tail = (tail + text).slice(-TAIL_CHARACTERS)
  }
  child.stdout?.setEncoding('utf8').on('data', take)
  child.stderr?.setEncoding('utf8').on('data', take)
  return () =>
    clean(tail)
      .trim()
      .split('\n')
      .slice(-5)
      .map((line) => sanitizeText(line, { maxLength: 200 }))
      .join('\n')
}
