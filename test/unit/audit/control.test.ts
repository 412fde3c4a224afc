import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { ControlError, openControl, sendMark } from '../../../audit/run/control.ts'

/** above the highest pid Linux can give */
const NO_PROCESS = 4194305
let runtime: string
beforeEach(() => {
  runtime = mkdtempSync('/tmp/probe-control-')
  vi.stubEnv('XDG_RUNTIME_DIR', runtime)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(runtime, { recursive: true })
})

const folder = () => path.join(runtime, 'probe')
const socketOf = (pid: number) => path.join(folder(), `${pid}.sock`)
const begun = (name: string) => ({ id: 2, name, start_us: 1500 })
async function run(mark: (label: string) => Promise<ReturnType<typeof begun>> = async (label) => begun(label)) {
  const control = await openControl(mark)
  onTestFinished(control.close)
  return control
}
/** Another run of this user: something that listens under the pid of a process that lives, and hangs up when asked. */
async function anotherRun(pid: number): Promise<void> {
  const server = createServer((socket) => socket.on('data', () => socket.end()))
  await new Promise<void>((resolve) => {
    server.listen(socketOf(pid), resolve)
  })
  onTestFinished(() => {
    server.close()
  })
}
const refusal = (label: string, pid?: number) =>
  sendMark(label, pid).then(
    () => null,
    (error: unknown) => error,
  )
/** What a run answers to these bytes. */
const say = (bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(socketOf(process.pid), () => socket.write(bytes))
    socket.on('data', (chunk) => {
      text += String(chunk)
    })
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
  })

describe('a mark', () => {
  test('reaches the run, and comes back as the phase it began', async () => {
    const labels: string[] = []
    await run(async (label) => {
      labels.push(label)
      return begun(label)
    })
    expect(await sendMark('größe "1"\n')).toEqual(begun('größe "1"\n'))
    expect(labels).toEqual(['größe "1"\n'])
  })

  test('that the run refuses is an error with its reason', async () => {
    await run(async () => {
      throw new Error('the run has ended')
    })
    expect(await refusal('x')).toMatchObject({
      code: 'refused',
      exitCode: 2,
      message: expect.stringMatching(/run has ended/),
    })
  })

  test('without a run says what to start', async () => {
    expect(await refusal('x')).toMatchObject({
      code: 'no_run',
      exitCode: 4,
      fix: expect.stringMatching(/probe attach/),
    })
    expect(await refusal('x')).toBeInstanceOf(ControlError)
  })

  test('with several runs wants to know which', async () => {
    await run()
    await anotherRun(process.ppid)
    expect(await refusal('my phase')).toMatchObject({
      code: 'several_runs',
      exitCode: 2,
      message: expect.stringMatching(new RegExp(`${process.pid}`)),
      fix: expect.stringMatching(/probe mark --run \d+ "my phase"/),
    })
    expect(await sendMark('x', process.pid)).toEqual(begun('x'))
  })

  test('for a run that is not there is an error about that one', async () => {
    await run()
    expect(await refusal('x', NO_PROCESS)).toMatchObject({
      code: 'no_run',
      message: expect.stringMatching(`${NO_PROCESS}`),
    })
  })

  test.each([
    ['a process that is gone', NO_PROCESS],
    ['a process that is no run', process.ppid],
  ])('is not led astray by a socket left behind by %s', async (_, pid) => {
    await run()
    writeFileSync(socketOf(pid), '')
    writeFileSync(path.join(folder(), 'notes.txt'), '')
    expect(await sendMark('x')).toEqual(begun('x'))
  })

  test('that got no answer is an error, not a wait without end', async () => {
    mkdirSync(folder(), { mode: 0o700 })
    await anotherRun(process.ppid)
    expect(await refusal('x', process.ppid)).toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/ended before/),
    })
  })
})

describe('a run', () => {
  test('is reached by its user only', async () => {
    await run()
    expect(statSync(folder()).mode & 0o777).toBe(0o700)
    expect(statSync(socketOf(process.pid)).mode & 0o777).toBe(0o600)
  })

  test('takes the place of one that died with its number', async () => {
    mkdirSync(folder(), { mode: 0o700 })
    writeFileSync(socketOf(process.pid), '')
    await run()
    expect(await sendMark('x')).toEqual(begun('x'))
  })

  test('leaves nothing behind', async () => {
    const { close } = await run()
    close()
    expect(existsSync(socketOf(process.pid))).toBe(false)
    expect(await refusal('x')).toMatchObject({ code: 'no_run' })
  })

  test.each([
    ['no JSON', 'hello\n'],
    ['another request', '{"stop":true}\n'],
    ['a label that is no text', '{"mark":5}\n'],
  ])('does nothing on %s', async (_, bytes) => {
    const marks: string[] = []
    await run(async (label) => {
      marks.push(label)
      return begun(label)
    })
    expect(JSON.parse(await say(bytes))).toEqual({ error: 'not understood' })
    expect(marks).toEqual([])
  })

  test('marks once, whatever comes after the line while it is being answered', async () => {
    const marks: string[] = []
    let sendMore: (sent: () => void) => void = () => undefined
    await run(async (label) => {
      marks.push(label)
      if (marks.length === 1) await new Promise<void>(sendMore)
      return begun(label)
    })
    const answer = new Promise<string>((resolve, reject) => {
      const socket = connect(socketOf(process.pid), () => socket.write('{"mark":"x"}\n'))
      sendMore = (sent) => socket.write('{"mark":"y"}\n', () => setImmediate(() => setImmediate(sent)))
      socket.on('data', (chunk) => resolve(String(chunk)))
      socket.on('error', reject)
    })
    expect(JSON.parse(await answer)).toEqual({ phase: begun('x') })
    expect(marks).toEqual(['x'])
  })

  test('hangs up on a line without end', async () => {
    await run()
    await expect(say('x'.repeat(200_000))).rejects.toThrow(/EPIPE|ECONNRESET/)
    expect(await sendMark('x')).toEqual(begun('x'))
  })
})

describe('a folder that is not ours alone is refused, by both sides', () => {
  const both = async () => [
    await refusal('x'),
    await openControl(async (label) => begun(label)).catch((error) => error),
  ]
  const expected = {
    code: 'usage',
    exitCode: 2,
    message: expect.stringMatching(/private folder/),
    fix: expect.stringMatching(/probe/),
  }

  test('others may enter it', async () => {
    mkdirSync(folder())
    chmodSync(folder(), 0o755)
    for (const error of await both()) expect(error).toMatchObject(expected)
  })

  test('it is a link', async () => {
    const elsewhere = mkdtempSync('/tmp/probe-control-')
    onTestFinished(() => rmSync(elsewhere, { recursive: true }))
    symlinkSync(elsewhere, folder())
    for (const error of await both()) expect(error).toMatchObject(expected)
    expect(readdirSync(elsewhere)).toEqual([])
  })

  test('it belongs to somebody else', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'not root')
    mkdirSync(folder(), { mode: 0o700 })
    chownSync(folder(), 65534, 65534)
    for (const error of await both()) expect(error).toMatchObject(expected)
  })
})

test.each([
  ['empty', '', /empty/],
  ['blank', ' \t', /empty/],
  ['too long', 'x'.repeat(5000), /5000 characters.*at most 4096/],
])('a label that is %s is refused with what is wrong with it, by both sides', async (_, label, why) => {
  await run()
  expect(await refusal(label)).toMatchObject({ exitCode: 2, message: expect.stringMatching(why) })
  expect(JSON.parse(await say(`${JSON.stringify({ mark: label })}\n`)).error).toMatch(why)
})

test('sockets of runs that were killed are removed by the next', async () => {
  mkdirSync(folder(), { mode: 0o700 })
  writeFileSync(socketOf(NO_PROCESS), '')
  await run()
  expect(readdirSync(folder())).toEqual([`${process.pid}.sock`])
})

test.each(['relative/run', 'not there', '/'])(
  'XDG_RUNTIME_DIR=%s is no place of ours: another is taken',
  async (given) => {
    vi.stubEnv('XDG_RUNTIME_DIR', given === '/' ? '/' : given === 'relative/run' ? given : path.join(runtime, given))
    await run()
    expect(existsSync('relative')).toBe(false)
    expect(readdirSync(runtime)).toEqual([])
    expect(await sendMark('x', process.pid)).toEqual(begun('x'))
  },
)

test('a folder whose path is longer than that of a socket may be does', async () => {
  const deep = path.join(runtime, 'x'.repeat(120))
  mkdirSync(deep)
  vi.stubEnv('XDG_RUNTIME_DIR', deep)
  await run()
  expect(await sendMark('x')).toEqual(begun('x'))
})
