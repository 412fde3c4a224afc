import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { z } from 'zod'
import { recordSchema } from '../../audit/recording/format.ts'
import { eventually, type Lines, readLines } from './lines.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const cli = join(root, 'dist/cli/bin.js')
/** how the built command line is started */
export const cliCommand: readonly string[] = [join(root, 'node_modules/.bin/node'), cli]

export type Line = z.infer<typeof recordSchema>
type LineOf<Type extends Line['type'], Any = Line> = Any extends { type: infer Has }
  ? Type extends Has
    ? Any
    : never
  : never

export interface Finished {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** One `probe attach --json --no-ui` that runs. */
export interface Attach {
  readonly pid: number
  /** a directory of its own: working directory, and where `probe mark` finds it */
  readonly directory: string
  readonly child: ChildProcess
  readonly records: readonly Line[]
  until<Type extends Line['type']>(type: Type, wanted?: (record: LineOf<Type>) => boolean): Promise<LineOf<Type>>
  /** begins a phase by `probe mark LABEL`; resolves when the recording says that it has begun */
  mark(label: string): Promise<void>
  /** sends a signal and waits for the end */
  stop(signal?: NodeJS.Signals): Promise<Finished>
  readonly finished: Promise<Finished>
}

/** Where a command may be told to run otherwise than as root in a fresh directory with everything it needs. */
export interface Surroundings {
  directory?: string
  env?: Record<string, string>
  prefix?: readonly string[]
}

/** Runs the built command line to its end. */
export async function probe(args: readonly string[], surroundings: Surroundings = {}): Promise<Finished> {
  const { child } = spawnProbe(args, surroundings)
  return collect(child, text(child.stdout))
}

/** Attaches and waits until the first window is there, so that everything the target does from now on is seen. */
export async function attach(args: readonly string[], surroundings: Surroundings = {}): Promise<Attach> {
  const started = startAttach(args, surroundings)
  try {
    await started.until('window')
  } catch (error) {
    const { code, stderr } = await started.finished
    throw new Error(`probe attach ended with ${code} before its first window:\n${stderr}`, { cause: error })
  }
  return started
}

/** Like `attach`, without waiting for anything. */
export function startAttach(args: readonly string[], surroundings: Surroundings = {}): Attach {
  const directory = surroundings.directory ?? freshDirectory()
  const { child, env } = spawnProbe(['attach', ...args, '--json', '--no-ui'], { ...surroundings, directory })
  const lines: Lines<Line> = readLines(child.stdout, parseLine)
  const finished = collect(
    child,
    lines.ended.then(() => ''),
  )
  const until = <Type extends Line['type']>(type: Type, wanted: (record: LineOf<Type>) => boolean = () => true) => {
    const isIt = (line: Line): line is LineOf<Type> => line.type === type && wanted(line as LineOf<Type>)
    return lines.until(isIt, `a ${type} record`) as Promise<LineOf<Type>>
  }
  onTestFinished(async () => {
    child.kill('SIGINT')
    const patience = setTimeout(() => child.kill('SIGKILL'), 30_000)
    await finished.catch(() => undefined) // the test has its own complaint already
    clearTimeout(patience)
  })
  return {
    pid: pidOf(child),
    directory,
    child,
    records: lines.all,
    until,
    finished,
    mark: async (label) => {
      const said = await probe(['mark', label], { directory, env })
      if (said.code !== 0) throw new Error(`probe mark ${label} ended with ${said.code}: ${said.stderr}`)
      await until('phase', (record) => record.name === label)
    },
    stop: (signal = 'SIGINT') => {
      child.kill(signal)
      return finished
    },
  }
}

/** Processes that descend from one, and their command names. */
export function descendants(pid: number): { pid: number; comm: string }[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = readStat(Number(name))
      return stat ? [stat] : []
    })
  const below = (parent: number): typeof all =>
    all.filter((process) => process.ppid === parent).flatMap((child) => [child, ...below(child.pid)])
  return below(pid).map(({ pid: child, comm }) => ({ pid: child, comm }))
}

/** pids of the bpftrace processes an attach has started */
export const tracersOf = (attached: Attach): number[] =>
  descendants(attached.pid)
    .filter(({ comm }) => comm === 'bpftrace')
    .map(({ pid }) => pid)

/** Ids of the BPF programs a process holds. */
export function programsOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
    const id = /^prog_id:\s*(\d+)/m.exec(readOr(`/proc/${pid}/fdinfo/${fd}`, ''))?.[1]
    return id ? [Number(id)] : []
  })
}

/** Fails unless these processes are gone in time: the kernel unloads what they had loaded when the last of them ends. */
export const goneSoon = (pids: readonly number[], withinMs = 3000): Promise<void> =>
  eventually(`processes ${pids.join(', ')} are gone`, () => pids.every((pid) => !isRunning(pid)), withinMs)

function isRunning(pid: number): boolean {
  const stat = readStat(pid)
  return stat !== null && stat.state !== 'Z'
}

/** A private directory, removed with the test; tests that run beside each other hand their own `onTestFinished`. */
export function freshDirectory(onFinished = onTestFinished): string {
  const directory = mkdtempSync(join(tmpdir(), 'probe-kernel-'))
  onFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function spawnProbe(args: readonly string[], surroundings: Surroundings) {
  if (!existsSync(cli)) throw new Error('probe is not built: npm run build')
  const directory = surroundings.directory ?? freshDirectory()
  // Two attaches on one machine, or a user's own, must not answer each other's marks.
  const env = { XDG_RUNTIME_DIR: directory, ...surroundings.env }
  const [file = '', ...rest] = [...(surroundings.prefix ?? []), ...cliCommand, ...args]
  const child = spawn(file, rest, {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return { child, env }
}

/** Every line is a record of the published format; only a failure is said otherwise, as {"error": ...}, the last line. */
function parseLine(line: string): Line | null {
  const value: unknown = JSON.parse(line)
  return typeof value === 'object' && value !== null && 'error' in value ? null : recordSchema.parse(value)
}

async function collect(child: ChildProcess, stdout: Promise<string>): Promise<Finished> {
  const [[code, signal], out, err] = await Promise.all([once(child, 'exit'), stdout, text(child.stderr)])
  return { code, signal, stdout: out, stderr: err }
}

async function text(stream: AsyncIterable<unknown> | null): Promise<string> {
  const parts: string[] = []
  for await (const part of stream ?? []) parts.push(String(part))
  return parts.join('')
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('probe could not be started')
  return child.pid
}

function readStat(pid: number): { pid: number; ppid: number; comm: string; state: string } | null {
  const match = /^\d+ \((.*)\) (\S) (\d+)/s.exec(readOr(`/proc/${pid}/stat`, ''))
  return match ? { pid, comm: match[1] ?? '', state: match[2] ?? '', ppid: Number(match[3]) } : null
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise // the process or descriptor is gone
  }
}
