import { existsSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { z } from 'zod'
import { closeToOthers, FileError, type Folder, namesIn, runtimeFolder } from '../../files/index.ts'

/**
 * How another terminal reaches a run: a socket per run in a private folder, one JSON line each way.
 * Nothing but marks goes over it.
 */
const LONGEST_LABEL = 4096
const requestSchema = z.object({ mark: z.string() })
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
  const folder = privateFolder()
  const name = `${process.pid}.sock`
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
      const fault = faultOf(request.data.mark)
      if (fault) return answer({ error: fault })
      mark(request.data.mark).then(
        (phase) => answer({ phase }),
        (error: Error) => answer({ error: error.message }),
      )
    }
    socket.on('data', listen)
  })
  try {
    await tidy(folder)
    await folder.remove(name) // of a run that died and had our number
    await new Promise<void>((resolve, reject) => {
      server.on('error', (error) =>
        reject(new ControlError('usage', `no socket at ${folder.pathOf(name)}: ${told(error, folder)}`)),
      )
      server.listen(folder.placeOf(name), resolve)
    })
    closeToOthers(folder, name)
  } catch (error) {
    folder.close()
    throw error
  }
  server.unref()
  return {
    close: () => {
      server.close() // removes the socket, by the folder
      folder.close()
    },
  }
}

/** What is wrong with a label; null when nothing is. */
function faultOf(label: string): string | null {
  if (label.trim() === '') return 'the label is empty'
  if (label.length <= LONGEST_LABEL) return null
  return `the label has ${label.length} characters, and at most ${LONGEST_LABEL} are taken`
}

/** Starts a phase in the run of this user; with several, `run` (its pid) says in which. */
export async function sendMark(label: string, run?: number): Promise<Begun> {
  const fault = faultOf(label)
  if (fault) throw new ControlError('usage', fault, 'probe mark stress')
  const folder = privateFolder()
  try {
    const pid = await runIn(folder, label, run)
    const reply = await ask(folder, pid, { mark: label })
    if ('error' in reply) throw new ControlError('refused', `the run ${pid} refused: ${reply.error}`)
    return reply.phase
  } finally {
    folder.close()
  }
}

/** The pid of the one run that is meant. */
async function runIn(folder: Folder, label: string, run: number | undefined): Promise<number> {
  const named = pidsIn(folder).filter((pid) => run === undefined || pid === run)
  const answers = await Promise.all(named.map((pid) => isListening(folder, pid)))
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
  return pid
}

const pidsIn = (folder: Folder): number[] =>
  namesIn(folder).flatMap((name) => Number(/^(\d+)\.sock$/.exec(name)?.[1]) || [])

/** Sockets of runs that were killed: nobody listens, and no process has their number. */
async function tidy(folder: Folder): Promise<void> {
  for (const pid of pidsIn(folder))
    if (!existsSync(`/proc/${pid}`) && !(await isListening(folder, pid))) await folder.remove(`${pid}.sock`)
}

/** The system names the socket by the open folder; people know it by its path. */
const told = (error: Error, folder: Folder): string =>
  error.message.replaceAll(`/proc/self/fd/${folder.descriptor}`, folder.path)

function ask(folder: Folder, pid: number, request: unknown): Promise<z.infer<typeof replySchema>> {
  return new Promise((resolve, reject) => {
    const socket = connect(folder.placeOf(`${pid}.sock`), () => socket.write(`${JSON.stringify(request)}\n`))
    let text = ''
    socket.setEncoding('utf8')
    socket.setTimeout(REPLY_TIMEOUT_MS, () => socket.destroy(new Error('no answer')))
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('error', (error) => reject(new ControlError('no_run', `the run does not answer: ${told(error, folder)}`)))
    socket.on('end', () => {
      const reply = replySchema.safeParse(parseJson(text))
      if (reply.success) resolve(reply.data)
      else reject(new ControlError('refused', 'the run ended before it answered'))
    })
  })
}

/** Where sockets stand, ours alone: a folder of somebody else is refused. */
function privateFolder(): Folder {
  try {
    return runtimeFolder()
  } catch (error) {
    throw error instanceof FileError ? new ControlError('usage', error.message, error.fix) : error
  }
}

/** A socket that nobody listens on was left behind; its number may be another process's by now. */
function isListening(folder: Folder, pid: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(folder.placeOf(`${pid}.sock`), () => {
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
