import { chmodSync, lstatSync, mkdirSync, readdirSync, unlinkSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'

/**
 * How another terminal reaches a run: a socket per run in a private folder, one JSON line each way.
 * Nothing but marks goes over it.
 */
const requestSchema = z.object({ mark: z.string().min(1).max(4096) })
const phaseReplySchema = z.object({ phase: z.object({ id: z.number(), name: z.string(), start_us: z.number() }) })
const replySchema = z.union([phaseReplySchema, z.object({ error: z.string() })])
const LONGEST_LINE = 65_536
const REPLY_TIMEOUT_MS = 20_000

export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly code: 'no_run' | 'several_runs' | 'refused' | 'usage'
  readonly fix: string | undefined
  readonly exitCode: number

  constructor(code: ControlError['code'], message: string, fix?: string) {
    super(message)
    this.code = code
    this.fix = fix
    this.exitCode = code === 'no_run' ? 4 : 2
  }
}

/** What a mark began. */
type Begun = z.infer<typeof phaseReplySchema>['phase']

/**
 * Opens this run's socket.
 *
 * @throws ControlError where no private socket can be made
 */
export async function openControl(mark: (label: string) => Promise<Begun>): Promise<{ close: () => void }> {
  const path = join(privateFolder(), `${process.pid}.sock`)
  const server = createServer((socket) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('error', () => undefined) // the other side left
    const listen = (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (end < 0) {
        if (text.length > LONGEST_LINE) socket.destroy()
        return
      }
      socket.off('data', listen).resume() // one request a connection
      const answer = (reply: unknown) => socket.end(`${JSON.stringify(reply)}\n`)
      const request = requestSchema.safeParse(parseJson(text.slice(0, end)))
      if (!request.success) return answer({ error: 'not understood' })
      mark(request.data.mark).then(
        (phase) => answer({ phase }),
        (error: Error) => answer({ error: error.message }),
      )
    }
    socket.on('data', listen)
  })
  try {
    unlinkSync(path) // of a run that died and had our number
  } catch {
    // there was none
  }
  await new Promise<void>((resolve, reject) => {
    server.on('error', (error) =>
      reject(
        new ControlError('usage', `no socket at ${path}: ${error.message}`, 'set XDG_RUNTIME_DIR to a short path'),
      ),
    )
    server.listen(path, resolve)
  })
  chmodSync(path, 0o600)
  server.unref()
  return { close: () => server.close() }
}

/** Starts a phase in the run of this user; with several, `run` (its pid) says in which. */
export async function sendMark(label: string, run?: number): Promise<Begun> {
  const folder = privateFolder()
  const named = readdirSync(folder)
    .flatMap((name) => /^(\d+)\.sock$/.exec(name)?.[1] ?? [])
    .map(Number)
    .filter((pid) => run === undefined || pid === run)
  const answers = await Promise.all(named.map((pid) => isListening(join(folder, `${pid}.sock`))))
  const runs = named.filter((_, index) => answers[index])
  const [pid, ...others] = runs
  if (pid === undefined)
    throw new ControlError(
      'no_run',
      run === undefined ? 'no attach or audit of yours is running' : `no attach or audit with pid ${run} is running`,
      'start one: probe attach --port 8080',
    )
  if (others.length > 0)
    throw new ControlError(
      'several_runs',
      `several runs: ${runs.join(', ')}`,
      `name one: probe mark --run ${pid} ${JSON.stringify(label)}`,
    )
  const reply = await ask(join(folder, `${pid}.sock`), { mark: label })
  if ('error' in reply) throw new ControlError('refused', `the run ${pid} refused: ${reply.error}`)
  return reply.phase
}

function ask(path: string, request: unknown): Promise<z.infer<typeof replySchema>> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(`${JSON.stringify(request)}\n`))
    let text = ''
    socket.setEncoding('utf8')
    socket.setTimeout(REPLY_TIMEOUT_MS, () => socket.destroy(new Error('no answer')))
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('error', (error) => reject(new ControlError('no_run', `the run does not answer: ${error.message}`)))
    socket.on('end', () => {
      const reply = replySchema.safeParse(parseJson(text))
      if (reply.success) resolve(reply.data)
      else reject(new ControlError('refused', 'the run ended before it answered'))
    })
  })
}

/** $XDG_RUNTIME_DIR/probe or /tmp/probe-UID, ours alone: a folder of somebody else is refused. */
function privateFolder(): string {
  const uid = process.geteuid?.() ?? 0
  const runtime = process.env['XDG_RUNTIME_DIR']
  const folder = runtime ? join(runtime, 'probe') : `/tmp/probe-${uid}`
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const stat = lstatSync(folder)
  if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o077) !== 0)
    throw new ControlError('usage', `${folder} is not a private folder of yours`, `rm -r ${folder}`)
  return folder
}

/** A socket that nobody listens on was left behind; its number may be another process's by now. */
function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null // the schema says what is wrong
  }
}
