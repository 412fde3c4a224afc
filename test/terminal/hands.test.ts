import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTmux, type Tmux } from './tmux.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const DRIVE = `${root}node_modules/.bin/node ${root}test/terminal/drive.ts`

let tmux: Tmux
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'probe-hands-'))
  tmux = startTmux(join(folder, 'socket'), 120, 40)
})
afterEach(() => {
  tmux.kill()
  rmSync(folder, { recursive: true })
})

async function open(before = ''): Promise<void> {
  tmux.run(`DRIVE_SAVE=${folder}/run.ndjson ${before} ${DRIVE} ${folder}/report 60 0; echo over`)
  await tmux.until(/^ probe {2}api.*1 Overview[^\n]*\n── Over time.* q quit/s)
}

const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
const isPrivate = (name: string): boolean => (statSync(join(folder, name)).mode & 0o777) === 0o600

/** Clicks on the first place where a text stands. */
function click(text: string, code = 0): void {
  const rows = tmux.rows()
  const y = rows.findIndex((row) => row.includes(text))
  if (y < 0) throw new Error(`no ${text} on the screen:\n${rows.join('\n')}`)
  const x = rows[y]?.indexOf(text) ?? 0
  tmux.mouse(code, x + 2, y + 1)
  tmux.mouse(code, x + 2, y + 1, 'm')
}

describe('the mouse', () => {
  it('opens tabs, selects, zooms and sorts', async () => {
    await open()
    expect(tmux.isPointed()).toBe(true)
    click('4 Stalls')
    await tmux.until(/│worker_main/)
    click('│worker_main')
    await tmux.until(/100 % of all {3}.*worker_main {3}main$/m)
    click('│worker_main')
    await tmux.until(/100 % of worker_main/)
    click('│worker_main', 2)
    await tmux.until(/100 % of main/)
    click('3 Calls')
    await tmux.until(/epoll_wait/)
    click('mean')
    await tmux.until(/mean ▾/)
    click('? help')
    await tmux.until(/this help/)
    click('this help')
    await tmux.until(/mean ▾/)
    click('q quit')
    await tmux.until(/left the screen/)
    expect(tmux.isPointed()).toBe(false)
  })

  it('is not mistaken for keys, and escape is still a key', async () => {
    await open()
    tmux.keys('3', '/')
    await tmux.until(/rows that hold:/)
    tmux.mouse(35, 9, 9)
    tmux.keys('-l', 'recv')
    await tmux.until(/\/recv {3}1 of 10 rows/)
    tmux.keys('Escape')
    await tmux.until((rows) => !rows.some((row) => /rows that hold|of 10 rows/.test(row)), 'all rows')
  })

  it('scrolls the help and a deep flame graph', async () => {
    await open()
    tmux.resize(80, 24)
    tmux.keys('4')
    await tmux.until(/\d more ↓ {3}stress ──/)
    for (let n = 0; n < 3; n++) tmux.mouse(65, 20, 14)
    await tmux.until(/ ↑ 9 {3}\d+ more ↓ {3}stress ──/)
    tmux.keys('Down')
    await tmux.until(/│worker_main/)
    tmux.keys('?')
    await tmux.until(/── Keys ─+ \d+ more ↓ ──/)
    for (let n = 0; n < 30; n++) tmux.mouse(65, 20, 14)
    await tmux.until(/leave the span that is being read/)
    tmux.keys('g')
    await tmux.until(/zoom into the selected frame/)
    tmux.keys('x')
    await tmux.until(/│worker_main/)
  })

  it('stays the terminal’s own when it is asked for', async () => {
    await open('DRIVE_MOUSE=no')
    expect(tmux.isPointed()).toBe(false)
    tmux.keys('2')
    await tmux.until(/── How long do callers wait/)
  })
})

describe('what is taken away', () => {
  it('is a private file beside the recording, never over another', async () => {
    await open()
    tmux.keys('4')
    await tmux.until(/│worker_main/)
    tmux.keys('e')
    await tmux.until(/export: s the flame graph as SVG/)
    tmux.keys('s')
    await tmux.until(/written: .*stalls-blocked-stress\.svg/)
    tmux.keys('e', 's')
    await tmux.until(/written: .*stalls-blocked-stress-1\.svg/)
    tmux.keys('e', 'f')
    await tmux.until(/written: .*stalls-blocked-stress\.folded/)
    tmux.keys('3', '/')
    tmux.keys('-l', 'recv')
    tmux.keys('Enter', 'e', 'c')
    await tmux.until(/written: .*calls-stress\.csv/)
    tmux.keys('1', 'e', 's')
    await tmux.until(/written: .*timeline\.svg/)
    tmux.keys('S')
    await tmux.until(/written: .*screen\.svg/)
    expect(read('stalls-blocked-stress.svg')).toContain('<svg')
    expect(read('stalls-blocked-stress.folded')).toMatch(/^main;worker_main;.* \d+$/m)
    expect(read('calls-stress.csv')).toMatch(/^call,count,mean \[ns\]\r\nrecvmsg,\d+,\d+\r\n$/)
    expect(read('timeline.svg')).toContain('the run over time')
    expect(read('screen.svg')).toContain('Over time')
    const files = readdirSync(folder).filter((name) => /\.(svg|csv|folded)$/.test(name))
    expect(files).toHaveLength(6)
    expect(files.filter((name) => !isPrivate(name))).toEqual([])
    tmux.keys('2')
    await tmux.until((rows) => !rows.some((row) => row.includes('written:')), 'the message gone')
  })

  it('is there on every tab, and of stacks what is seen of them', async () => {
    await open()
    tmux.keys('4', 'Down', 'Down', 'Down', 'x', 'e', 's')
    await tmux.until(/written: .*stalls-blocked-stress-without-handle-request-3\.svg/)
    tmux.keys('5', 'e')
    await tmux.until(/written: .*system\.csv/)
    tmux.keys('6', 'e')
    await tmux.until(/written: .*log\.txt/)
    tmux.keys('2', 'v', 'e', 'c')
    await tmux.until(/written: .*waits-waited-over-time\.csv/)
    expect(read('stalls-blocked-stress-without-handle-request-3.svg')).toContain('shown: without handle_request_3')
    expect(read('system.csv')).toMatch(/^of,number,unit,idle,baseline,stress\r\n.*,per_s,/)
    expect(read('log.txt')).toMatch(/^ +00:25 {2}phase {2}stress$/m)
    expect(read('waits-waited-over-time.csv')).toMatch(/^stress,25,26,\d+,\d+,\d+\r$/m)
  })

  it('goes to the clipboard', async () => {
    await open()
    tmux.keys('4', 'Down', 'Down', 'y')
    await tmux.until(/copied worker_main/)
    expect(tmux.clipboard()).toBe('worker_main')
  })

  it('is said not to be written where it cannot', async () => {
    await open(`DRIVE_SAVE=${folder}/missing/run.ndjson`)
    tmux.keys('S')
    await tmux.until(/▲ not written: .*missing: no such file or directory/)
  })
})

describe('the palette', () => {
  it('finds by a few letters, chooses, and does', async () => {
    await open()
    tmux.keys('-l', ':cal')
    await tmux.until(/tab Calls/)
    tmux.keys('Enter')
    await tmux.until(/── Which calls are made/)
    tmux.keys('-l', ':phaba')
    await tmux.until(/phase baseline/)
    tmux.keys('Enter')
    await tmux.until(/baseline \(pinned\)/)
    tmux.keys('-l', ':mark canary')
    tmux.keys('Enter')
    tmux.keys('6')
    await tmux.until(/mark +canary/)
    tmux.keys(':')
    await tmux.until(/1 of \d+/)
    tmux.keys('Escape')
    await tmux.until((rows) => !rows.some((row) => /tab completes/.test(row)), 'the palette gone')
  })
})
