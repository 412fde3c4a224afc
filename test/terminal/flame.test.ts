import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { flameSvg } from '../../ui/index.ts'
import { profileOf as profileOfStacks } from '../unit/profile/stacks.ts'
import { startTmux, type Tmux } from './tmux.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const FLAME = `${root}node_modules/.bin/node ${root}test/terminal/drive-flame.ts`
const DRIVE = `${root}node_modules/.bin/node ${root}test/terminal/drive.ts`

let tmux: Tmux
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'probe-flame-'))
  tmux = startTmux(join(folder, 'socket'), 150, 40)
})
afterEach(() => {
  tmux.kill()
  rmSync(folder, { recursive: true })
})

describe('a flame graph in a terminal', () => {
  it('compares phases, walks the top movers, and shows callers and callees', async () => {
    tmux.run(`${DRIVE} ${folder}/report 60`)
    await tmux.until(/── Over time.* q quit/s)
    tmux.keys('4')
    await tmux.until(/│worker_main/)
    tmux.keys('d')
    await tmux.until(/stress − baseline ──[\s\S]*Top movers[\s\S]*▓new/)
    tmux.keys('n')
    await tmux.until(/→ stress .* schedule_timeout/)
    tmux.keys('s')
    await tmux.until(/sandwich schedule_timeout: callers and callees/)
    tmux.keys('BSpace')
    await tmux.until((rows) => !rows.some((row) => row.includes('sandwich schedule')), 'no sandwich')
    tmux.keys('D', 'u')
    await tmux.until(/per second {3}self/)
    tmux.keys('i')
    await tmux.until((rows) => rows.findIndex((row) => row.startsWith('│all')) > 20, 'the root at the bottom')
    tmux.keys('x')
    await tmux.until(/hidden schedule_timeout/)
    tmux.keys('X')
    await tmux.until((rows) => !rows.some((row) => row.includes('hidden')), 'all frames')
  })

  it('is opened on folded stacks by probe flame, which leaves the terminal as it was', async () => {
    const file = join(folder, 'some.folded')
    writeFileSync(file, 'main;serve;read_[k] 30\nmain;serve;parse;serve;parse 10\nmain;idle 5\nnonsense\n')
    tmux.run(`${FLAME} --collapse-recursion ${file}; echo over`)
    await tmux.until(/^ stacks {2}some\.folded\n.*\n 1 Stacks[\s\S]*recursion collapsed[\s\S]*45 samples {3}self 0/)
    tmux.keys('c')
    await tmux.until((rows) => !rows.some((row) => row.includes('recursion collapsed')), 'recursion')
    tmux.keys('Down', 'Down', 'Right', 'Enter')
    await tmux.until(/40 samples .* 100 % of serve {3}serve/)
    tmux.keys('q')
    await tmux.until(/over\nready:$/m)
    expect(tmux.isAlternate()).toBe(false)
  })

  it('is opened on an SVG of ours, with what that compares', async () => {
    const file = join(folder, 'some.svg')
    const profile = profileOfStacks([
      { frames: ['main', 'read_[k]'], value: 300, column: '1' },
      { frames: ['main', 'parse'], value: 100, column: '2' },
    ])
    const columns = [
      { key: '1', label: 'before' },
      { key: '2', label: 'after' },
    ]
    writeFileSync(
      file,
      await flameSvg(profile, { title: 'some', lines: [], columns, view: { base: '1', candidate: '2' } }),
    )
    tmux.run(`${FLAME} ${file}`)
    await tmux.until(/after − before ──[\s\S]*│▓ parse[\s\S]*│╳ read/)
    tmux.keys('D')
    await tmux.until(/── after ──/)
    tmux.keys('p')
    await tmux.until(/│read 300/)
  })
})
