import { mkdtempSync, rmSync } from 'node:fs'
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
  folder = mkdtempSync(join(tmpdir(), 'probe-brush-'))
  tmux = startTmux(join(folder, 'socket'), 140, 40)
})
afterEach(() => {
  tmux.kill()
  rmSync(folder, { recursive: true })
})

/** Starts the screen on an invented run that is 60 s old. */
async function open({ stepMs = 0, isRecorded = true } = {}): Promise<void> {
  const record = isRecorded ? `DRIVE_RECORD=${folder}/run.ndjson` : ''
  tmux.run(`${record} ${DRIVE} ${folder}/report 60 ${stepMs}`)
  await tmux.until(/^ probe {2}api.*1 Overview[^\n]*\n── Over time.* q quit/s)
}

describe('a span of time', () => {
  it('is brushed by keys, becomes a phase beside the others, and a second one stands beside it', async () => {
    await open()
    tmux.keys('b')
    await tmux.until(/◆ 00:58-00:59 .*space sets the start/)
    tmux.keys('H', 'Space', 'H')
    await tmux.until(/◆ 00:38-00:49 \(11\.0 s\) {3}15:04:43-15:04:54 UTC {3}space sets the end/)
    tmux.keys('Enter')
    await tmux.until(/◆ A 00:38-00:49: to the edges/)
    // Its column, its place in the lanes, its flame graph.
    await tmux.until(/idle +baseline +▲ stress +span A/)
    await tmux.until(/└stress +A─/)
    tmux.keys('4')
    await tmux.until(/A 00:38-00:49 \(pinned\)[\s\S]*│all [\d.]+ ms/)
    tmux.keys('b', 'H', 'H', 'H', 'Space', 'H', 'Enter')
    await tmux.until(/◆ B 00:0\d-00:\d\d: to the edges/)
    tmux.keys('1')
    await tmux.until(/span A +span B/)
    tmux.keys('p')
    await tmux.until(/\bidle 1\/3|stress 3\/3/)
    tmux.keys('b', 'c')
    await tmux.until((rows) => !rows.some((row) => /A 00:38/.test(row)), 'no spans')
  })

  it('is read out of a recording that is still being written', async () => {
    await open({ stepMs: 100 })
    tmux.keys('b', 'H', 'H', 'Space', 'H', 'Enter')
    await tmux.until(/◆ A \d\d:\d\d-\d\d:\d\d: to the edges/)
    await tmux.until(/baseline +▲ stress +span A/)
  })

  it('cannot be had without a recording, and says why until the next key', async () => {
    await open({ isRecorded: false })
    tmux.keys('b', 'Enter')
    await tmux.until(/cannot look at a span: nothing is recorded/)
    tmux.keys('v')
    const rows = await tmux.until(/▲ stress is worst so far: response p99/)
    expect(rows.join('\n')).not.toMatch(/cannot look/)
  })

  it('shows the lanes it is brushed on where L had hidden them', async () => {
    await open()
    tmux.keys('2', 'L', 'L')
    await tmux.until((rows) => rows[3]?.startsWith('──') ?? false)
    tmux.keys('b')
    await tmux.until((rows) => /^ requests\/s/.test(rows[3] ?? ''))
    tmux.keys('Escape')
    await tmux.until((rows) => rows[3]?.startsWith('──') ?? false)
  })
})
