import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startTmux } from '../terminal/tmux.ts'
import { cliCommand, descendants, freshDirectory, goneSoon } from './attach.ts'
import { eventually } from './lines.ts'
import { kernelSuite, program, xmlParser } from './requirements.ts'
import { startWorkload } from './workload.ts'

const patience = 20_000

kernelSuite('an attach with its screen, in a real terminal', () => {
  test('live lanes, a span, a phase of its own, a difference, files, and out; then the same file as a replay', async () => {
    const { tmux, target, directory, file, tracers, isRestored } = await attached()
    // What is measured is on the screen while it goes on.
    await tmux.until(/^ system calls +[▁-█]+ /m)
    await tmux.until(/^ blocked +[▁-█]+ /m)

    // From now back to the start: the newest cell alone may have no window yet.
    tmux.keys('b', 'Space')
    await tmux.until(/◆ 00:\d\d.* space sets the end/)
    tmux.keys('H', 'Enter')
    await tmux.until(/^ ◆ A 00:00-00:\d\d/m)
    await tmux.until(/ attach +(▲ )?span A/)

    target.say('getuid')
    tmux.keys('p', 'm')
    await tmux.until(/name of the new phase:/)
    tmux.keys('-l', 'second')
    tmux.keys('Enter')
    await tmux.until(/^ probe .* second /)
    tmux.keys('-l', ':tab off')
    tmux.keys('Enter', 'd')
    // A thread that does nothing but nap keeps house: it waits for work.
    await tmux.until(/ second − attach ──/)
    tmux.keys('v')
    await tmux.until(/\[time waiting for work\]/)
    await tmux.until(/ second − attach ──\n[\s\S]*│[^\n]*all/)
    await tmux.until(/nap_getuid/)

    tmux.keys('e', 's')
    expect(read(await written(/-second-against-attach.*\.svg/))).toContain('nap_getuid')
    tmux.keys('S')
    expect(read(await written(/screen.*\.svg/))).toContain('second')

    tmux.keys('q')
    await tmux.until(/^code 0\n/m)
    isRestored()
    await goneSoon(tracers)
    expect(lastOf(file)).toMatchObject({ type: 'end', exit_code: 0 })

    tmux.run(`clear; ${quoted([...cliCommand, 'replay', file])}; echo again $?`)
    await tmux.until(/^ replay [\s\S]*attach +(▲ )?second[\s\S]*q quit$/m)
    tmux.keys('q')
    await tmux.until(/^again 0\n/m)
    isRestored()

    async function written(name: RegExp): Promise<string> {
      const rows = await tmux.until(new RegExp(`written: \\S*${name.source}`))
      const [, path = ''] = /written: (\S+)/.exec(rows.join('\n')) ?? []
      execFileSync('python3', ['-c', 'import sys, xml.etree.ElementTree as e; e.parse(sys.argv[1])', inside(path)])
      return inside(path)
    }
    function inside(path: string): string {
      return path.startsWith('/') ? path : join(directory, path)
    }
  })

  test.each(['SIGTERM', 'SIGHUP'] as const)(
    '%s: the terminal is as it was, and nothing stays attached',
    async (signal) => {
      const { tmux, file, pid, tracers, isRestored } = await attached()
      process.kill(pid, signal)
      await tmux.until(/^code 130\n/m)
      isRestored()
      await goneSoon([pid, ...tracers])
      expect(lastOf(file)).toMatchObject({ type: 'end', reason: 'interrupted' })
    },
  )

  test('the terminal is closed: nothing stays attached, the recording says interrupted', async () => {
    const { tmux, file, pid, tracers } = await attached()
    tmux.kill()
    await goneSoon([pid, ...tracers], patience)
    expect(lastOf(file)).toMatchObject({ type: 'end', reason: 'interrupted' })
  })
}, [program('tmux', 'tmux'), ...xmlParser])

/** `probe attach` on a busy target, in a terminal with its screen on it. */
async function attached() {
  const target = await startWorkload('phases')
  target.say('getppid')
  const directory = freshDirectory()
  const file = join(directory, 'run.ndjson')
  const tmux = startTmux(join(directory, 'socket'), 120, 40)
  onTestFinished(() => tmux.kill())
  const command = [...cliCommand, 'attach', 'syscalls', 'off-cpu', '--pid', String(target.pid), '--record', file]
  tmux.run(`cd ${directory}; export XDG_RUNTIME_DIR=${directory}; stty -a > before; clear`)
  tmux.run(`sh -c 'echo $$ > pid; exec "$@"' sh ${quoted(command)}; echo code $?; stty -a > after`)
  await tmux.until(/^ probe [\s\S]*1 Overview[\s\S]* q quit$/m)
  await eventually('the first window is recorded', () => read(file).includes('"type":"window"'), patience)
  const pid = Number(read(join(directory, 'pid')))
  const tracers = descendants(pid)
    .filter(({ comm }) => comm === 'bpftrace')
    .map((tracer) => tracer.pid)
  expect(tracers.length).toBeGreaterThan(0)
  const isRestored = () => {
    expect([tmux.isAlternate(), tmux.isPointed(), tmux.isCursorShown()]).toEqual([false, false, true])
    expect(read(join(directory, 'after'))).toBe(read(join(directory, 'before')))
  }
  return { tmux, target, directory, file, pid, tracers, isRestored }
}

const quoted = (words: readonly string[]): string => words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')

const lastOf = (file: string): unknown => JSON.parse(read(file).trimEnd().split('\n').at(-1) ?? '')
