import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import {
  type Attach,
  attach,
  cliCommand,
  descendants,
  freshDirectory,
  goneSoon,
  probe,
  programsOf,
  startAttach,
  tracersOf,
} from './attach.ts'
import { eventually } from './lines.ts'
import { kernelSuite, mounts, programList, terminal } from './requirements.ts'
import { startWorkload, type Workload } from './workload.ts'

const orderlyEndMs = 20_000

kernelSuite('ways to end an attach: nothing stays attached, the recording opens, the exit code says why', () => {
  const ends: {
    what: string
    args?: string[]
    how: (attached: Attach, target: Workload) => void
    code: number
    reason: string
  }[] = [
    { what: 'its duration is over', args: ['--duration', '2s'], how: () => undefined, code: 0, reason: 'done' },
    { what: 'Ctrl-C', how: ({ child }) => child.kill('SIGINT'), code: 130, reason: 'interrupted' },
    { what: 'SIGTERM', how: ({ child }) => child.kill('SIGTERM'), code: 130, reason: 'interrupted' },
    {
      what: 'a hang-up, told by the kernel and by the shell',
      how: ({ child }) => {
        child.kill('SIGHUP')
        child.kill('SIGHUP')
        // Two at once may reach it as one.
        setTimeout(() => child.kill('SIGHUP'), 5)
      },
      code: 130,
      reason: 'interrupted',
    },
    {
      what: 'the target is killed',
      how: (_, target) => target.child.kill('SIGKILL'),
      code: 0,
      reason: 'target_exited',
    },
    {
      what: 'bpftrace is killed from outside',
      how: (attached) => {
        for (const pid of tracersOf(attached)) process.kill(pid, 'SIGKILL')
      },
      code: 3,
      reason: 'tracer_failed',
    },
  ]
  test.each(ends)('$what: exit $code, $reason', async ({ args = [], how, code, reason }) => {
    const { target, attached, file, tracers } = await attachRecorded(args)
    how(attached, target)
    const finished = await attached.finished

    expect(finished.code).toBe(code)
    expect(attached.records.at(-1)).toMatchObject({ type: 'end', reason, exit_code: code })
    expect(lastRecordOf(file)).toMatchObject({ type: 'end', reason, exit_code: code })
    await goneSoon(tracers)
    await expectReplay(file)
  })

  test('Ctrl-C twice ends it at once, with what was recorded', async () => {
    const { attached, file, tracers } = await attachRecorded()
    attached.child.kill('SIGINT')
    attached.child.kill('SIGINT')
    expect((await attached.finished).code).toBe(130)
    await goneSoon(tracers)
    await expectReplay(file)
  })

  test('the reader of its output goes away', async () => {
    const { attached, tracers } = await attachRecorded()
    attached.child.stdout?.destroy()
    await goneSoonOrderly([attached.pid, ...tracers])
  })

  test('kill -9: no bpftrace after 3 s, and the recording replays', async () => {
    const { attached, file, tracers } = await attachRecorded()
    attached.child.kill('SIGKILL')
    await goneSoon(tracers)
    await expectReplay(file)
  })

  test('a recording that exists is not overwritten', async () => {
    const target = await startWorkload('phases')
    const directory = freshDirectory()
    const file = join(directory, 'mine.ndjson')
    const args = ['--pid', String(target.pid), '--record', file, '--duration', '1s', '--json', '--no-ui']
    expect((await probe(['attach', 'syscalls', ...args])).code).toBe(0)
    const before = readFileSync(file, 'utf8')
    const refused = await probe(['attach', 'syscalls', ...args])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/mine\.ndjson.*exists/)
    expect(readFileSync(file, 'utf8')).toBe(before)
  })
})

kernelSuite(
  'kill -9 of the command line, seen by the kernel',
  () => {
    test('no program of it is loaded after 3 s', async () => {
      const { attached, tracers } = await attachRecorded()
      const programs = tracers.flatMap(programsOf)
      expect(programs.length).toBeGreaterThan(0)
      expect(loadedPrograms()).toEqual(expect.arrayContaining(programs))
      attached.child.kill('SIGKILL')
      await eventually('its programs are unloaded', () => !loadedPrograms().some((id) => programs.includes(id)), 3000)
    })
  },
  programList,
)

kernelSuite(
  'an attach in a terminal',
  () => {
    test('the terminal is closed: nothing stays attached, the recording says interrupted', async () => {
      const target = await startWorkload('phases')
      const directory = freshDirectory()
      const file = join(directory, 'run.ndjson')
      const command = [...cliCommand, 'attach', 'syscalls', '--pid', String(target.pid), '--record', file]
      const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
      const emulator = spawn('script', ['--quiet', '--command', `exec ${quoted}`, '/dev/null'], {
        cwd: directory,
        env: { ...process.env, TERM: 'xterm-256color', XDG_RUNTIME_DIR: directory },
        stdio: ['pipe', 'ignore', 'inherit'],
      })
      await eventually('the first window is recorded', () => textOf(file).includes('"type":"window"'), orderlyEndMs)
      const everything = descendants(emulator.pid ?? 0).map(({ pid }) => pid)
      expect(everything.length).toBeGreaterThanOrEqual(2)
      emulator.kill('SIGKILL') // the master side of the terminal closes with it
      await goneSoonOrderly(everything)
      expect(lastRecordOf(file)).toMatchObject({ type: 'end', reason: 'interrupted' })
    })
  },
  terminal,
)

kernelSuite(
  'a recording on a full disk',
  () => {
    test('it says so, ends with exit 3, and keeps what fitted', async () => {
      const target = await startWorkload('phases')
      target.say('getppid')
      const directory = freshDirectory()
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', directory])
      try {
        const file = join(directory, 'run.ndjson')
        const args = ['syscalls', 'off-cpu', '--pid', String(target.pid), '--interval', '100ms', '--record', file]
        const attached = startAttach(args, { directory: freshDirectory() })
        await attached.until('window')
        const tracers = tracersOf(attached)
        const { code, stderr } = await attached.finished
        expect(stderr).toMatch(/no space left/i)
        expect(stderr).toContain('run.ndjson')
        expect(code).toBe(3)
        await goneSoon(tracers)
        await expectReplay(file)
      } finally {
        execFileSync('umount', ['--lazy', directory])
      }
    })
  },
  mounts,
)

async function attachRecorded(args: readonly string[] = []) {
  const target = await startWorkload('phases')
  target.say('getppid')
  await target.hear('began', z.literal('getppid'))
  const directory = freshDirectory()
  const file = join(directory, 'run.ndjson')
  const attached = await attach(['syscalls', 'off-cpu', '--pid', String(target.pid), '--record', file, ...args], {
    directory,
  })
  const tracers = tracersOf(attached)
  expect(tracers.length).toBeGreaterThan(0)
  return { target, attached, file, tracers }
}

async function expectReplay(file: string): Promise<void> {
  const replayed = await probe(['replay', file])
  expect(replayed.stderr).not.toContain('error:')
  expect(replayed.stdout).toContain('syscalls')
  expect(replayed.code).toBe(0)
}

const goneSoonOrderly = (pids: readonly number[]) => goneSoon(pids, orderlyEndMs)

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // not created yet
  }
}

const lastRecordOf = (file: string): unknown => JSON.parse(textOf(file).trimEnd().split('\n').at(-1) ?? '')

const loadedPrograms = (): number[] =>
  z
    .array(z.object({ id: z.number() }))
    .parse(
      JSON.parse(
        execFileSync('bpftool', ['--json', 'prog', 'show'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
      ),
    )
    .map(({ id }) => id)
