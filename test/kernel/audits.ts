import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { onTestFinished } from 'vitest'
import { recordSchema } from '../../audit/recording/format.ts'
import { cliCommand, type Finished, freshDirectory, type Line, probe, type Surroundings } from './attach.ts'

export const SERVER = fileURLToPath(new URL('audit-server.mjs', import.meta.url))

const CLUSTER = fileURLToPath(new URL('cluster-server.mjs', import.meta.url))

/** The API in a process of its own, started by the test. */
export async function startServer(
  args: readonly string[] = [],
  prefix: readonly string[] = [],
): Promise<{ pid: number; url: string; count: () => Promise<number> }> {
  const [file = '', ...words] = [...prefix, process.execPath, SERVER, '0', ...args]
  const child = spawn(file, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [port] = await once(createInterface({ input: child.stdout }), 'line')
  const url = `http://127.0.0.1:${port}/`
  return { pid: child.pid ?? 0, url, count: async () => Number(await (await fetch(`${url}count`)).text()) }
}

/** A Node cluster in processes of its own (cluster-server.mjs), started by the test. */
export async function startCluster(answers = 0): Promise<{ port: number; pid: number; pids: number[] }> {
  const port = await freePort()
  const child = spawn(process.execPath, [CLUSTER, String(port), String(answers)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.stdin.end())
  const [pids] = await once(createInterface({ input: child.stdout }), 'line')
  return { port, pid: child.pid ?? 0, pids: String(pids).split(' ').map(Number) }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

export interface Audit extends Finished {
  directory: string
  out: string
  records: Line[]
}

export function write(plan: unknown): { directory: string; file: string } {
  const directory = freshDirectory()
  const file = join(directory, 'plan.json')
  writeFileSync(file, JSON.stringify(plan))
  return { directory, file }
}

/** Runs a plan to its end and reads what it left. */
export async function audit(plan: unknown, surroundings: Surroundings = {}): Promise<Audit> {
  const { directory, file } = write(plan)
  const out = join(directory, 'out')
  const finished = await probe(['audit', file, '--out', out, '--no-ui'], { ...surroundings, directory })
  return { ...finished, directory, out, records: recordsIn(out) }
}

export function recordsIn(out: string): Line[] {
  const [plain, packed] = [join(out, 'run.ndjson'), join(out, 'run.ndjson.gz')]
  const text = existsSync(packed)
    ? gunzipSync(readFileSync(packed)).toString()
    : existsSync(plain)
      ? readFileSync(plain, 'utf8')
      : ''
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => recordSchema.parse(JSON.parse(line)))
}

export const of = <Type extends Line['type']>(records: readonly Line[], type: Type) =>
  records.filter((record): record is Extract<Line, { type: Type }> => record.type === type)
export const endOf = (records: readonly Line[]) => of(records, 'end').at(-1)
export const phasesOf = (records: readonly Line[]) => of(records, 'summary').at(-1)?.phases ?? []

export function recordsSoFar(out: string): string {
  try {
    return readFileSync(join(out, 'run.ndjson'), 'utf8')
  } catch {
    return '' // not created yet
  }
}

export function start(args: readonly string[], directory: string): ChildProcess {
  const [file = '', ...rest] = [...cliCommand, ...args]
  const child = spawn(file, rest, {
    cwd: directory,
    env: { ...process.env, XDG_RUNTIME_DIR: directory },
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}
