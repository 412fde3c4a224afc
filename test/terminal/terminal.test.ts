import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTmux, type Tmux } from './tmux.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const DRIVE = `${root}node_modules/.bin/node ${root}test/terminal/drive.ts`

const patience = { timeout: 20_000 }

let tmux: Tmux
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'probe-terminal-'))
  tmux = startTmux(join(folder, 'socket'), 120, 40)
})
afterEach(() => {
  tmux.kill()
  rmSync(folder, { recursive: true })
})

/** Starts the screen on an invented run that is 60 s old; with `stepMs` it grows. */
async function open({ stepMs = 0, before = '', after = '' } = {}): Promise<void> {
  tmux.run(`${before} ${DRIVE} ${folder}/report 60 ${stepMs}; ${after} echo over`)
  // Header and footer are Ink's, the panel is ours: they come one after the other.
  await tmux.until(/^ probe {2}api.*1 Overview[^\n]*\n── Over time.* q quit/s)
}

const file = (name: string): string => readFileSync(join(folder, name), 'utf8')
const pidOf = (): number => Number(file('pid'))

describe('the screen in a terminal', () => {
  it('shows where we are, the tabs, and what stands out', async () => {
    await open()
    const rows = tmux.rows()
    expect(rows[0]).toMatch(/^ probe {2}api\[4242] \+3 {3}stress 3\/3 .* errors 0\.02 %$/)
    expect(rows[1]).toMatch(/^ trust ok {3}cost 1\.39 % of a core {3}loss 0 .* synthetic\.ndjson$/)
    expect(rows[2]).toBe(' 1 Overview   2 Waits   3 Calls   4 Stalls   5 System   6 Log')
    expect(rows.at(-3)).toMatch(/^ ▲ stress is worst so far: response p99 .* with it overflows, namespace/)
    expect(rows.at(-2)).toMatch(/^ f why {3}\? help .* q quit$/)
    expect(rows.at(-1)).toBe('')
    expect(tmux.isAlternate()).toBe(true)
    expect(tmux.isPointed()).toBe(true)
    expect(tmux.isCursorShown()).toBe(false)
  })

  it('goes where the keys say', async () => {
    await open()
    tmux.keys('2')
    await tmux.until(/── How long do callers wait/)
    tmux.keys('Tab')
    await tmux.until(/epoll_wait/)
    tmux.keys('s')
    await tmux.until(/call ▾/)
    tmux.keys('4')
    await tmux.until(/│worker_main/)
    tmux.keys('Down', 'Down', 'Down', 'Enter')
    await tmux.until(/self \S+( \S+)? .* of all {3}100 % of \w+ {3}\w+ {3}(main|…) › worker_main/)
    tmux.keys('BSpace')
    await tmux.until((rows) => !rows.some((row) => /100 % of handle/.test(row)), 'zoom out')
    tmux.keys('/')
    await tmux.until(/search frames:/)
    tmux.keys('-l', 'futex')
    tmux.keys('Enter')
    await tmux.until(/\/futex: \d+ frames/)
    tmux.keys('n')
    await tmux.until(/per request {3}self [\s\S]* futex_wait( {3}|$)/m)
    tmux.keys('v')
    await tmux.until(/\[waiting for a CPU]/)
    tmux.keys('P')
    await tmux.until(/stress \(pinned\)/)
    tmux.keys('m')
    await tmux.until(/name of the new phase:/)
    tmux.keys('-l', 'canary')
    tmux.keys('Enter', '6')
    await tmux.until(/mark +canary/)
    tmux.keys('?')
    await tmux.until(/everywhere\n.*why the phase is worse.*\n.*this help/)
    tmux.keys('x')
    await tmux.until(/── Log/)
    tmux.keys('BTab')
    await tmux.until(/── What did the system do/)
  })

  it('is whole again after a storm of resizes, on every tab', async () => {
    await open()
    for (const tab of ['1', '2', '3', '4', '5', '6']) {
      tmux.keys(tab)
      await tmux.until((rows) => rows.slice(3, 8).some((row) => row.startsWith('──')))
      const calm = await tmux.settled()
      for (const [columns, rows] of [
        [60, 15],
        [200, 50],
        [30, 6],
        [79, 23],
        [200, 15],
        [60, 50],
      ] as const)
        tmux.resize(columns, rows)
      tmux.resize(120, 40)
      await tmux.until((rows) => rows.join('\n') === calm.join('\n'), `tab ${tab} as it was`)
    }
  })

  it.each([
    [60, 15],
    [200, 50],
    [80, 24],
  ])('fills %ix%i and leaves nothing of another size', async (columns, rows) => {
    await open()
    tmux.keys('4')
    await tmux.until(/│worker_main/)
    tmux.resize(columns, rows)
    const shown = await tmux.settled()
    expect(shown.at(-2)).toMatch(/q quit$/)
    expect(shown).toHaveLength(rows)
    expect(shown.filter((row) => row.includes('1 Overview'))).toHaveLength(1)
    expect(shown.filter((row) => row.includes('q quit'))).toHaveLength(1)
    expect(shown.find((row) => row.startsWith('│all'))).toBeDefined()
  })

  it('is whole wherever the cursor stood, and echoes no key typed before it opened', async () => {
    tmux.run(`printf 'no newline here'; ${DRIVE} ${folder}/report 60; echo over`)
    tmux.keys('-l', 'llll')
    await tmux.until(/── Over time/)
    const rows = await tmux.settled()
    expect(rows[0]).toMatch(/^ probe {2}api/)
    expect(rows[2]).toMatch(/^ 1 Overview/)
    expect(rows.join('\n')).not.toContain('llll')
  })

  it('stands still while frozen and goes on afterwards', async () => {
    await open({ stepMs: 50 })
    tmux.keys('z')
    const frozen = (await tmux.until(/^ frozen /))[0]
    const dots = file('report').length
    await tmux.until(() => file('report').length > dots + 20, 'a second of the run')
    expect(tmux.rows()[0]).toBe(frozen)
    tmux.keys('z')
    await tmux.until((rows) => rows[0] !== frozen && /^ probe /.test(rows[0] ?? ''), 'the present')
  })

  it('does not hold up the run when the terminal stands still', async () => {
    await open({ stepMs: 20 })
    tmux.keys('4')
    await tmux.until(/│worker_main/)
    const server = tmux.serverPid()
    process.kill(server, 'SIGSTOP')
    try {
      // More than a terminal's buffer takes; a blocked process would stop in the middle.
      const dots = file('report').length
      await expect.poll(() => file('report').length, { timeout: 20_000 }).toBeGreaterThan(dots + 150)
    } finally {
      process.kill(server, 'SIGCONT')
    }
    await tmux.until(/│worker_main/)
    tmux.keys('q')
    await tmux.until(/left the screen/)
  })
})

describe('the terminal is as it was', () => {
  const settings = 'stty -a > $F/stty;'

  it.each(['q', 'C-c'])('after %s', async (key) => {
    tmux.run('echo before')
    await tmux.until(/^before$/m)
    await open({ before: `F=${folder};`, after: settings })
    tmux.keys(key)
    const rows = await tmux.until(/over\nready:$/m)
    expect(rows.join('\n')).toMatch(/before[\s\S]*left the screen/)
    expectRestored()
  })

  it.each(['SIGTERM', 'SIGHUP', 'SIGUSR2'] as const)('after %s', async (signal) => {
    tmux.run('echo before')
    await tmux.until(/^before$/m)
    // SIGUSR2 makes the driver throw where nobody catches it.
    await open({ before: `F=${folder}; DRIVE_CRASH=1 DRIVE_PID=${folder}/pid`, after: settings })
    process.kill(pidOf(), signal)
    const rows = await tmux.until(/over\nready:$/m)
    expect(rows.join('\n')).toContain('before')
    expectRestored()
  })

  it('while it is stopped, and the screen is whole when it goes on', async () => {
    await open({ before: `F=${folder}; DRIVE_PID=${folder}/pid` })
    const shown = await tmux.settled()
    process.kill(pidOf(), 'SIGTSTP')
    // The shell has the terminal again; what it is told goes to a line, not to the screen.
    await tmux.until(/Stopped[\s\S]*\nready:$/m)
    expect([tmux.isAlternate(), tmux.isPointed()]).toEqual([false, false])
    tmux.run('fg')
    await tmux.until((rows) => rows.join('\n') === shown.join('\n'), 'the screen as it was')
    expect([tmux.isAlternate(), tmux.isPointed()]).toEqual([true, true])
    tmux.keys('q')
    await tmux.until(/left the screen/)
  })

  it('when it is closed before the screen is drawn: the screen is lost, nothing fails', async () => {
    tmux.run(`DRIVE_GATE=${folder}/gate ${DRIVE} ${folder}/report 60 2> ${folder}/errors`)
    await expect.poll(() => existsSync(join(folder, 'report')) && file('report'), patience).toBe('ready')
    tmux.kill()
    writeFileSync(join(folder, 'gate'), '')
    await expect.poll(() => file('report'), patience).toBe('readylost')
    // At most the cursor is shown again.
    expect(stripVTControlCharacters(file('errors'))).toBe('')
  })

  function expectRestored(): void {
    expect(tmux.isAlternate()).toBe(false)
    expect(tmux.isPointed()).toBe(false)
    expect(tmux.isCursorShown()).toBe(true)
    expect(file('stty')).toMatch(/[^-]icanon/)
    expect(file('stty')).toMatch(/[^-]echo\b/)
  }
})
