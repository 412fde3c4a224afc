import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hideSecrets, sanitizeText } from '../../../probes/index.ts'
import { createRowSplitter } from '../follow/csv-rows.ts'

export interface ToolProcess {
  readonly pid: number
  /** the tool's own processes now: a start script and what it started */
  pids(): readonly number[]
  /** a signal to all of them; that they are gone already is fine */
  kill(signal: NodeJS.Signals): void
  /** when all its output has been read; an `error`: it could not be started */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; error?: Error }>
  /** the last lines it wrote, safe to show */
  lastLines(): readonly string[]
}

const LAST_LINES = 8
const LONGEST_LINE = 300

/** Starts a tool in a process group of its own, which ends with this process, however it dies. */
export function startTool(options: {
  file: string
  args: readonly string[]
  env: NodeJS.ProcessEnv
  /** takes secrets out of what it says; by default what looks like one */
  clean?: (text: string) => string
  /** each line of its output, without control characters */
  onLine: (line: string) => void
}): ToolProcess {
  const child = spawn(options.file, options.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.env,
    // Ctrl-C reaches the whole foreground group: the driver decides when the load ends.
    detached: true,
  })
  const { pid } = child
  const lines: string[] = []
  const take = (line: string) => {
    const safe = sanitizeText(line, { maxLength: LONGEST_LINE }).trim()
    if (safe === '') return
    lines.push(sanitizeText((options.clean ?? hideSecrets)(line), { maxLength: LONGEST_LINE }).trim())
    if (lines.length > LAST_LINES) lines.shift()
    options.onLine(safe)
  }
  for (const stream of [child.stdout, child.stderr]) {
    const splitter = createRowSplitter(take, () => {}, { quotes: false })
    stream.on('data', splitter.write).on('end', splitter.end)
  }
  const disarm = pid === undefined ? () => {} : armGuard(pid)
  const kill = (signal: NodeJS.Signals) => {
    try {
      if (pid !== undefined) process.kill(-pid, signal)
    } catch {
      // the group is gone
    }
  }
  return {
    pid: pid ?? 0,
    pids: () => (pid === undefined || hasExited(child) ? [] : [pid, ...descendants(pid)]),
    kill,
    ended: new Promise((resolve) => {
      child.once('error', (error) => resolve({ code: null, signal: null, error }))
      // What a start script leaves behind would go on sending requests, and holds the pipes open.
      child.once('exit', () => kill('SIGKILL'))
      child.once('close', (code, signal) => {
        disarm()
        resolve({ code, signal })
      })
    }),
    lastLines: () => [...lines],
  }
}

const hasExited = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

/**
 * A shell that kills the group when the pipe to it closes: a tool's start script seldom hands its process over to the tool, so
 * a death signal set on it would not reach what it started. Returns how to call it off.
 */
function armGuard(group: number): () => void {
  const guard = spawn('/bin/sh', ['-c', 'cat >/dev/null; kill -s KILL -- "-$1"', 'sh', String(group)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: { PATH: '/usr/bin:/bin' },
  })
  guard.once('error', () => {}) // without a shell the tool has not started either
  guard.unref()
  // The pipe must not keep this process alive; the kernel closes it at the end.
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref()
  return () => guard.kill('SIGKILL')
}

const DEEPEST = 8

function descendants(pid: number, depth = 0): number[] {
  if (depth === DEEPEST) return []
  return childrenOf(pid).flatMap((child) => [child, ...descendants(child, depth + 1)])
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text
      .split(' ')
      .filter((word) => word !== '')
      .map(Number)
  } catch {
    return [] // it has ended
  }
}
