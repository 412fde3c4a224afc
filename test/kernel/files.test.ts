import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { sendMark } from '../../audit/run/control.ts'
import { freshDirectory, probe } from './attach.ts'
import { endOf, recordsIn, recordsSoFar, start, startServer, write } from './audits.ts'
import { eventually } from './lines.ts'
import { kernelSuite } from './requirements.ts'

/** who called sudo */
const USER = 65533

/** Names that anybody may give to a phase: by a mark, in a file that is followed, as a group of threads. */
const names = ['GET /users', '../../mallory/x', '.hidden', '/etc/x', 'a'.repeat(300), 'twice/', 'twice ']

kernelSuite('what a run leaves', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  test('is called by safe names whatever phases are called, and a picture that cannot be written costs nothing else', async () => {
    const { pid } = await startServer()
    const { directory, file } = write({
      target: { pid },
      load: { driver: 'none' },
      phases: [{ name: 'first', duration: '6s' }],
      probes: ['off-cpu'],
      thresholds: { p99: null, errors: null },
      budgets: { overhead: null },
    })
    const out = join(directory, 'out')
    mkdirSync(join(directory, 'mallory'))
    mkdirSync(join(out, 'timeline.svg'), { recursive: true })
    writeFileSync(join(directory, 'precious'), 'precious')
    for (const name of ['mallory/x.svg', 'out/off-cpu-first.svg'])
      symlinkSync(join(directory, 'precious'), join(directory, name))

    const running = probe(['audit', file, '--out', out, '--no-ui'], {
      directory,
      env: { SUDO_UID: String(USER), SUDO_GID: String(USER) },
    })
    await eventually('the first window', () => recordsSoFar(out).includes('"window"'), 30_000)
    vi.stubEnv('XDG_RUNTIME_DIR', directory)
    for (const name of names) expect(await sendMark(name)).toMatchObject({ name: expect.any(String) })
    const { code, stdout, stderr } = await running

    const records = recordsIn(out)
    expect(code, stderr).toBe(endOf(records)?.exit_code)
    expect(stdout).toMatch(/^verdict/m)
    expect(stdout).toMatch(/not drawn: timeline\.svg: cannot write .*: it is a directory/)
    expect(readFileSync(join(directory, 'precious'), 'utf8')).toBe('precious')
    expect(readdirSync(directory).sort()).toEqual(['mallory', 'out', 'plan.json', 'precious', 'probe'])
    expect(readdirSync(join(directory, 'mallory'))).toEqual(['x.svg'])
    const left = readdirSync(out)
    for (const name of left) {
      expect(name).toMatch(/^[a-z][A-Za-z0-9._-]{1,120}$/)
      if (name !== 'timeline.svg') expect(lstatSync(join(out, name)), name).toMatchObject({ uid: USER, gid: USER })
    }
    expect(left).toEqual(
      expect.arrayContaining(['off-cpu-GET-users.svg', 'off-cpu-twice.svg', 'off-cpu-twice-2.svg', 'run.ndjson.gz']),
    )
  })

  test.for<[what: string, args: string[], mode: number]>([
    ['an audit', ['audit', '--demo', '--out', 'shared', '--no-ui'], 0o777],
    ['a recording', ['attach', '--pid', '1', '--record', 'shared/run.ndjson', '--no-ui'], 0o777],
  ])('does not stand where others could exchange it: %s', async ([, args, mode]) => {
    const directory = freshDirectory()
    mkdirSync(join(directory, 'shared'))
    chmodSync(join(directory, 'shared'), mode)
    const { code, stderr } = await probe(args, { directory })
    expect(code, stderr).toBe(2)
    expect(stderr).toMatch(
      /^error: cannot write to shared.*: every user may write to .*shared and could exchange it\n {2}fix: chmod o-w/m,
    )
    expect(readdirSync(join(directory, 'shared'))).toEqual([])
  })

  test('is nothing of a killed run for long: the next one tidies what it worked with', async () => {
    const directory = freshDirectory()
    const { pid } = await startServer()
    const working = () => readdirSync(directory).filter((name) => name.startsWith('probe-'))
    vi.stubEnv('TMPDIR', directory)
    const killed = start(['attach', 'on-cpu', '--pid', String(pid), '--no-ui', '--record', 'a.ndjson'], directory)
    await eventually('something to work with', () => working().some((name) => name.startsWith('probe-events')), 30_000)
    killed.kill('SIGKILL')
    expect(working()).not.toEqual([])
    const done = await probe(
      ['attach', 'on-cpu', '--pid', String(pid), '--no-ui', '--record', 'b.ndjson', '--duration', '1s'],
      { directory },
    )
    expect(done.code, done.stderr).toBe(0)
    expect(working()).toEqual([])
    expect(statSync(join(directory, 'b.ndjson')).mode & 0o777).toBe(0o600)
  })
})
