import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startTmux } from '../terminal/tmux.ts'
import { attach, cliCommand, descendants, freshDirectory, goneSoon, tracersOf } from './attach.ts'
import { of, recordsIn, recordsSoFar, start, startServer, write } from './audits.ts'
import { eventually } from './lines.ts'
import { kernelSuite, program } from './requirements.ts'
import { startWorkload } from './workload.ts'

const patience = 30_000

kernelSuite('who cannot wait', () => {
  test('leaves an attach at once by a second Ctrl-C, and a recording that says so', async () => {
    const target = await startWorkload('phases')
    const directory = freshDirectory()
    const file = join(directory, 'run.ndjson')
    const attached = await attach(['off-cpu', '--pid', String(target.pid), '--record', file], { directory })
    const tracers = tracersOf(attached)
    // A tracer that does not answer: the last window would take a quarter of a minute.
    for (const pid of tracers) process.kill(pid, 'SIGSTOP')
    attached.child.kill('SIGINT')
    const stderr: string[] = []
    attached.child.stderr?.on('data', (chunk: Buffer) => stderr.push(String(chunk)))
    await eventually('it says what it is at', () => stderr.join('').includes('taking the last window'), patience)
    attached.child.kill('SIGINT')
    const { code } = await attached.finished
    expect(code).toBe(130)
    expect(stderr.join('')).toContain('(Ctrl-C again leaves now)')
    await goneSoon(tracers)
    expect(lastOf(file)).toMatchObject({ type: 'end', reason: 'interrupted', exit_code: 130 })
    expect(existsSync(`${file}.tail`)).toBe(false)
  })

  test('leaves an audit at once: no load, no tracer, no half of a file, an end in the recording', async () => {
    const server = await startServer()
    const { directory, file } = write({
      target: { url: server.url },
      peak: '50/s',
      probes: ['off-cpu'],
      phases: [{ name: 'long', duration: '10m', rate: '100%' }],
    })
    const out = join(directory, 'out')
    const child = start(['audit', file, '--out', out, '--no-ui'], directory)
    await eventually('load is recorded', () => recordsSoFar(out).includes('"type":"load"'), patience)
    const below = descendants(child.pid ?? 0)
    for (const { pid, comm } of below) if (comm === 'bpftrace') process.kill(pid, 'SIGSTOP')
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGINT')
    await eventually('the load has stopped', () => descendants(child.pid ?? 0).length < below.length, patience)
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    await goneSoon(below.map(({ pid }) => pid))
    expect(recordsIn(out).at(-1)).toMatchObject({ type: 'end', reason: 'interrupted', exit_code: 130 })
    expect(readdirSync(out)).toEqual(['run.ndjson'])
  })
})

kernelSuite('an audit with its screen', () => {
  test('asks before q stops the load, can be suspended, and says what it missed', async () => {
    const server = await startServer()
    const { directory, file } = write({
      target: { url: server.url },
      peak: '20/s',
      probes: ['off-cpu'],
      phases: [{ name: 'long', duration: '10m', rate: '100%' }],
    })
    const { tmux, isRestored } = terminal(directory, ['audit', file, '--out', 'out'])
    await tmux.until(/^ probe [\s\S]*1 Overview[\s\S]* q quit$/m)
    tmux.keys('q')
    await tmux.until(/stop the load and end the audit\? /)
    tmux.keys('n')
    await tmux.until((rows) => !rows.some((row) => row.includes('end the audit?')), 'the question gone')

    const recorded = () => recordsSoFar(join(directory, 'out'))
    await eventually('load is recorded', () => recorded().includes('"type":"load"'), patience)
    tmux.keys('C-z')
    await tmux.until(/Stopped[\s\S]*ready:$/m)
    expect([tmux.isAlternate(), tmux.isPointed()]).toEqual([false, false])
    const stoppedMs = performance.now()
    await eventually('some seconds are over', () => performance.now() - stoppedMs > 5000, patience)
    tmux.run('fg')
    await tmux.until(/^ probe [\s\S]*1 Overview[\s\S]* q quit$/m)
    await eventually('the gap is told', () => /"text":"the recorder stood still for \d/.test(recorded()), patience)
    expect(recorded()).toMatch(/"type":"loss"[^\n]*"probe":"recorder","kind":"tick"/)

    tmux.keys('q')
    await tmux.until(/stop the load and end the audit\? /)
    tmux.keys('y')
    await tmux.until(/off-cpu-long\.svg\nready:$/m)
    tmux.run('clear; echo code $?; stty -a > after')
    await tmux.until(/^code \d+\n/m)
    isRestored()
    const records = recordsIn(join(directory, 'out'))
    expect(records.at(-1)).toMatchObject({ type: 'end', reason: 'interrupted', exit_code: 130 })
    // The load has gone on meanwhile, and what it did is not lost.
    const sent = of(records, 'load').reduce((sum, slice) => sum + slice.sent, 0)
    expect(sent).toBeGreaterThan(5 * 20)
    const count = await server.count()
    expect(sent).toBeLessThanOrEqual(count)
    expect(await server.count()).toBe(count)
  })

  test('the list of processes is left quietly by Ctrl-C', async () => {
    const { tmux, isRestored } = terminal(freshDirectory(), ['attach'])
    await tmux.until(/^ probe {2}Which process\?.*\n[\s\S]*enter attach/)
    // It is whole, wherever the cursor stood before, and stays so while it looks again.
    await tmux.until(/^ probe {2}Which process\?.*\n[\s\S]* \d\S* %[\s\S]*enter attach/)
    tmux.keys('C-c')
    const rows = await tmux.until(/code 130\n/)
    expect(rows.join('\n')).not.toMatch(/error|fix/)
    isRestored()
  })

  test('so is its loading', async () => {
    const directory = freshDirectory()
    const { tmux, isRestored } = terminal(directory, ['attach'])
    const pid = () => (existsSync(join(directory, 'pid')) ? readFileSync(join(directory, 'pid'), 'utf8').trim() : '')
    await eventually('it is Node', () => pid() !== '' && /node|Main/.test(commOf(pid())), patience)
    tmux.keys('C-c')
    await eventually('it has ended', () => commOf(pid()) === '', patience)
    // The signal ends the shell's line as well.
    tmux.run('stty -a > after; echo is over')
    const rows = await tmux.until(/^is over$/m)
    expect(rows.join('\n')).not.toMatch(/error|fix/)
    isRestored()
  })
}, [program('tmux', 'tmux')])

const commOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8')
  } catch {
    return ''
  }
}

/** The command line in a terminal of its own, from a folder. */
function terminal(directory: string, args: readonly string[]) {
  const tmux = startTmux(join(directory, 'socket'), 120, 40)
  onTestFinished(() => tmux.kill())
  tmux.run(`cd ${directory}; export XDG_RUNTIME_DIR=${directory}; stty -a > before; clear`)
  // The command itself, not its line, says that it has begun: keys of before would go to the shell.
  tmux.run(`sh -c 'echo $$ > pid; exec "$@"' sh ${[...cliCommand, ...args].join(' ')}; echo code $?; stty -a > after`)
  const isRestored = () => {
    expect([tmux.isAlternate(), tmux.isPointed(), tmux.isCursorShown()]).toEqual([false, false, true])
    expect(readFileSync(join(directory, 'after'), 'utf8')).toBe(readFileSync(join(directory, 'before'), 'utf8'))
  }
  return { tmux, isRestored }
}

const lastOf = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '')
