import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { startTmux, type Tmux } from './tmux.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = (script: string) => `${root}node_modules/.bin/node ${root}test/terminal/${script}`

let tmux: Tmux
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'probe-looks-'))
  tmux = startTmux(join(folder, 'socket'), 120, 40)
})
afterEach(() => {
  tmux.kill()
  rmSync(folder, { recursive: true })
})

/** What is on the screen with its colours. */
const coloured = (): string =>
  execFileSync('tmux', ['-S', join(folder, 'socket'), 'capture-pane', '-e', '-p'], { encoding: 'utf8' })

const open = async (before: string) => {
  tmux.run(`${before} ${run('drive.ts')} ${folder}/report 60; echo over`)
  await tmux.until(/1 Overview[^\n]*\n\S+ Over time.* q quit/s)
}

describe('the looks of the screen', () => {
  // The tone of what is accentuated, in true colour, as tmux has it.
  const accents = { dark: '38;2;120;190;255', light: '38;2;0;90;170' }

  it.each([
    ['a dark terminal', 'tmux set -g window-style bg=#002b36;', 'dark'],
    ['a light terminal', 'tmux set -g window-style bg=#fdf6e3;', 'light'],
    ['a terminal that says so by its environment', "COLORFGBG='0;15'", 'light'],
  ] as const)('suit %s', async (_, before, theme) => {
    await open(before)
    expect(coloured()).toContain(accents[theme])
    expect(coloured()).not.toContain(accents[theme === 'dark' ? 'light' : 'dark'])
  })

  it('are plain where no colour is wanted', async () => {
    await open('NO_COLOR=1')
    expect(coloured()).not.toMatch(/\x1b\[[\d;]*[34]8;/)
  })

  it('are ASCII where the locale is', async () => {
    await open('LC_ALL=C')
    tmux.keys('4')
    const rows = await tmux.until(/\|worker_main/)
    expect(rows.join('\n')).toMatch(/^[\n\x20-\x7e]*$/)
  })
})

describe('lines for a screen reader', () => {
  it('are appended to what was there, answer letters, and leave the terminal as it was', async () => {
    tmux.run('echo before')
    tmux.run(`INK_SCREEN_READER=true ${run('drive.ts')} ${folder}/report 60; stty -a > ${folder}/stty; echo over`)
    await tmux.until(/before[\s\S]*keys: o Overview/)
    expect(tmux.isAlternate()).toBe(false)
    tmux.keys('w')
    await tmux.until(/How long do callers wait at the counter\? In stress:\nserved: /)
    tmux.keys('q')
    await tmux.until(/over\nready:$/m)
    expect(execFileSync('cat', [`${folder}/stty`], { encoding: 'utf8' })).toMatch(/[^-]icanon/)
  })
})

describe('the list of processes', () => {
  /** A process with a name that nothing else has. */
  async function start(name: string): Promise<ChildProcess> {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()', name])
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child, 'spawn')
    return child
  }

  it('finds one by what is typed, and gives its pid', async () => {
    const name = `picked-in-a-test-${process.pid}`
    const child = await start(name)
    tmux.run(run('picker-drive.ts'))
    await tmux.until(/Which process\?/)
    expect(tmux.isAlternate()).toBe(true)
    tmux.keys('-l', name)
    await tmux.until(new RegExp(`1 of \\d+\\n ${name}[\\s\\S]*^ +${child.pid} `, 'm'))
    tmux.keys('Enter')
    await tmux.until(new RegExp(`^picked ${child.pid}$`, 'm'))
    expect(tmux.isAlternate()).toBe(false)
    expect(tmux.isCursorShown()).toBe(true)
  })

  it('is not opened where lines are wanted', async () => {
    tmux.run(`TERM=dumb ${run('picker-drive.ts')}`)
    await tmux.until(/^picked no list$/m)
    expect(tmux.rows().join('\n')).not.toContain('Which process?')
  })

  it('is left without a choice by escape', async () => {
    tmux.run(run('picker-drive.ts'))
    await tmux.until(/Which process\?/)
    tmux.keys('Escape')
    await tmux.until(/^picked left$/m)
  })
})
