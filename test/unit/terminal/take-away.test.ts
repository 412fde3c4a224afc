import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { profileOf } from '../../../audit/index.ts'
import type { Probe } from '../../../probes/index.ts'
import { brush, createCells } from '../../../ui/terminal/cells.ts'
import { clipboardBytes, textToCopy } from '../../../ui/terminal/copy.ts'
import { documentOf, fileName } from '../../../ui/terminal/documents.ts'
import { exportsOf } from '../../../ui/terminal/export.ts'
import { layoutOf } from '../../../ui/terminal/layout.ts'
import { BOLD, INVERSE, on, UNDERLINE } from '../../../ui/terminal/palette.ts'
import { freeze, type Scene } from '../../../ui/terminal/scene.ts'
import { screenshotSvg } from '../../../ui/terminal/screenshot.ts'
import { initialState, type ScreenState } from '../../../ui/terminal/state.ts'
import { takeAway } from '../../../ui/terminal/take-away.ts'
import { press } from '../../../ui/terminal/update.ts'
import { drawWhole } from '../../../ui/terminal/whole.ts'
import { histogramsOf } from '../../../ui/text/reading.ts'
import { systemRows } from '../../../ui/text/system-rows.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'

const run = syntheticRun(60)
const [WAITS, TABLE, FLAME, SYSTEM, LOG] = [1, 2, 3, 4, 5]
const layout = layoutOf({ columns: 120, rows: 41 })
const sceneOf = (state: Partial<ScreenState> = {}): Scene => ({
  model: run.model,
  catalog: syntheticCatalog(),
  profileOf,
  state: { ...initialState, ...state },
  live: true,
  title: 'run.ndjson',
})
function probeNamed(name: string): Probe {
  const probe = syntheticCatalog().get(name)
  if (!probe) throw new Error(`no probe ${name}`)
  return probe
}

const filtering = (filter: string) => ({ ...initialState.hands, filters: { calls: filter } })

describe('e', () => {
  const pressed = (tab: number, ...keys: string[]) => {
    let update = press(sceneOf({ tab }), 'e', { width: 120, height: 30 })
    for (const key of keys) update = press(sceneOf(update.state), key, { width: 120, height: 30 })
    return update
  }
  it.each([
    [0, 's', 'timeline'],
    [0, 'n', 'figures'],
    [TABLE, 'c', 'table'],
    [TABLE, 'n', 'figures'],
    [FLAME, 's', 'flame'],
    [FLAME, 'f', 'folded'],
    [WAITS, 'd', 'distribution'],
  ])('on tab %i and %s exports the %s', (tab, key, kind) => {
    expect(pressed(tab, key)).toMatchObject({ state: { prompt: null }, effect: { do: 'export', kind } })
  })

  it('asks nothing where there is one answer', () => {
    expect(pressed(SYSTEM).effect).toEqual({ do: 'export', kind: 'system' })
    expect(pressed(LOG).effect).toEqual({ do: 'export', kind: 'log' })
  })

  it('is for the picture over time where that is seen', () => {
    const scene = sceneOf({ tab: WAITS, views: { waits: 'heat:waited' } })
    expect(exportsOf(scene).map(({ kind }) => kind)).toEqual(['heat', 'figures'])
  })

  it('works wherever there is something to see', () => {
    for (const tab of [0, WAITS, TABLE, FLAME, SYSTEM, LOG]) expect(exportsOf(sceneOf({ tab }))).not.toEqual([])
  })

  it('says where there is nothing, until the next key', () => {
    const empty = { ...sceneOf(), model: syntheticRun(0).model }
    const { state } = press(empty, 'e', { width: 120, height: 30 })
    expect(state.hands.message?.text).toMatch(/nothing to export here/)
    expect(press(sceneOf(state), 'x', { width: 120, height: 30 }).state.hands.message).toBeNull()
  })

  it('takes other keys for no answer', () => {
    expect(pressed(FLAME, 'x').state.prompt?.kind).toBe('export')
    expect(pressed(FLAME, 'escape')).toMatchObject({ state: { prompt: null } })
  })
})

describe('a document', () => {
  const textOf = async (scene: Scene, kind: Parameters<typeof documentOf>[1]) => {
    const made = await documentOf(scene, kind)
    return { name: made?.name, text: [...(made?.pieces ?? [])].join('') }
  }

  const titleOf = (svg: string) => /<title>([^<]*)/.exec(svg)?.[1] ?? ''

  it('of a flame graph is of the view and phase seen, also when frozen', async () => {
    const views = { stalls: 'flame:runnable' }
    const { name, text } = await textOf(sceneOf({ tab: FLAME, phaseId: 1, views }), 'flame')
    expect(name).toBe('stalls-runnable-baseline.svg')
    expect(titleOf(text)).toMatch(/waiting for a CPU: baseline$/)
    const still = {
      ...sceneOf({ tab: FLAME, frozen: true }),
      ...freeze({ model: run.model, profileOf }, syntheticCatalog()),
    }
    expect(titleOf((await textOf(still, 'flame')).text)).toMatch(/blocked: stress$/)
  })

  it('of stacks holds the phase seen alone', async () => {
    const { name, text } = await textOf(sceneOf({ tab: FLAME, phaseId: 1 }), 'folded')
    expect(name).toBe('stalls-blocked-baseline.folded')
    const sum = text.split('\n').reduce((all, line) => all + Number(/ (\d+)$/.exec(line)?.[1] ?? 0), 0)
    const profile = profileOf(run.model, 'stalls', 'blocked')
    const weights = [...(profile?.self[profile.columns.indexOf('1')] ?? [])]
    expect(sum).toBeGreaterThan(0)
    expect(sum).toBe(weights.reduce((all, weight) => all + weight, 0))
  })

  it('of a table holds the rows of the filter in the order seen', async () => {
    const tables = { calls: { sort: 'mean', scroll: 0 } }
    const { text } = await textOf(sceneOf({ tab: TABLE, hands: filtering('recv'), tables }), 'table')
    expect(text).toMatch(/^call,count,mean \[ns\]\r\nrecvmsg,\d+,\d+\r\n$/)
    const all = await textOf(sceneOf({ tab: TABLE, tables }), 'table')
    const means = all.text
      .trim()
      .split('\r\n')
      .slice(1)
      .map((line) => Number(line.split(',')[2]))
    expect(means).toHaveLength(10)
    expect(means).toEqual(means.toSorted((a, b) => b - a))
  })

  it('of figures has a column a phase, and nothing where nothing is known', async () => {
    const { text } = await textOf(sceneOf(), 'figures')
    const [head, ...lines] = text.trim().split('\r\n')
    expect(head).toBe('of,figure,unit,idle,baseline,stress')
    expect(lines.find((line) => line.startsWith('Load,response p99'))).toMatch(/^Load,response p99,ms,,[\d.]+,[\d.]+$/)
    expect(lines.find((line) => line.startsWith('Waits,served,'))).toBe('Waits,served,per_s,0,2500,4800')
  })

  it('of the system is what is seen, as numbers in the unit beside them', async () => {
    const { name, text } = await textOf(sceneOf({ tab: SYSTEM }), 'system')
    expect(name).toBe('system.csv')
    const [head, ...lines] = text.trim().split('\r\n')
    expect(head).toBe('of,number,unit,idle,baseline,stress')
    expect(lines).toContain('Network,accept-queue overflows,per_s,0,0,7')
    // A row of the screen, a row of the file.
    expect(lines).toHaveLength(systemRows(run.model).rows.length)
  })

  it('of the log is all of it, a line an entry', async () => {
    const { name, text } = await textOf(sceneOf({ tab: LOG }), 'log')
    expect(name).toBe('log.txt')
    expect(text.split('\n').slice(0, 3)).toEqual([
      '   00:00  phase  idle',
      '   00:05  phase  baseline',
      '   00:25  phase  stress',
    ])
  })

  it('of a distribution counts each wait once, by phase and over time', async () => {
    const waits = run.model.phases.map((phase) => histogramsOf(probeNamed('waits'), phase)[0]?.histogram.count ?? 0)
    const rowsOf = (text: string) =>
      text
        .trim()
        .split('\r\n')
        .slice(1)
        .map((line) => line.split(','))
    const state = { tab: WAITS, views: { waits: 'heat:waited' } }
    const byPhase = await textOf(sceneOf({ tab: WAITS }), 'distribution')
    expect(byPhase.name).toBe('waits-waited-distribution.csv')
    expect(byPhase.text).toMatch(/^from \[ns\],to \[ns\],idle,baseline,stress\r\n/)
    const columns = [2, 3, 4].map((at) => rowsOf(byPhase.text).reduce((sum, row) => sum + Number(row[at]), 0))
    expect(columns).toEqual(waits)
    const overTime = await textOf(sceneOf(state), 'heat')
    expect(overTime.name).toBe('waits-waited-over-time.csv')
    const stress = rowsOf(overTime.text).filter(([phase]) => phase === 'stress')
    expect(stress.reduce((sum, row) => sum + Number(row[5]), 0)).toBe(waits[2])
    expect(stress[0]?.slice(0, 3)).toEqual(['stress', '25', '26'])
    for (const [, , , from, to] of stress) expect(Number(to)).toBeGreaterThan(Number(from))
  })

  it('of response times over the run counts each request once', async () => {
    const scene = sceneOf({ views: { overview: 'heat:response' } })
    expect(exportsOf(scene).map(({ kind }) => kind)).toEqual(['heat', 'timeline', 'figures'])
    const { name, text } = await textOf(scene, 'heat')
    expect(name).toBe('response-over-time.csv')
    const counted = text
      .trim()
      .split('\r\n')
      .slice(1)
      .reduce((sum, line) => sum + Number(line.split(',')[5]), 0)
    // The invented load tells a hundred latencies a second, and none while it is idle.
    expect(counted).toBe(55 * 100)
  })

  it('has a name that is safe in every folder', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (parts) => {
        expect(fileName(parts, '.csv')).toMatch(/^[a-z0-9][a-z0-9-]*\.csv$/)
      }),
    )
    expect(fileName(['../../etc', 'A b/c', ''], '.svg')).toBe('etc-a-b-c.svg')
    expect(fileName(['../'], '.svg')).toBe('probe.svg')
    expect(
      fileName(
        Array.from({ length: 9 }, () => 'x'.repeat(99)),
        '.svg',
      ).length,
    ).toBeLessThan(250)
  })
})

const hasXmllint = spawnSync('xmllint', ['--version']).status === 0

describe('a screenshot', () => {
  it.each([0, WAITS, TABLE, FLAME, LOG])('of tab %i says what the screen says, without scripts', (tab) => {
    const { cells } = drawWhole(sceneOf({ tab }), layout)
    const svg = screenshotSvg({ cells, title: 'run', theme: 'dark' })
    expect(textsOf(svg).join(' ')).toContain('1 Overview')
    expect(textsOf(svg).join(' ')).toContain('api[4242] +3')
    expect(svg).not.toMatch(/<script|href|onload/)
  })

  it.skipIf(!hasXmllint)('is well-formed whatever stands on the screen (needs xmllint)', () => {
    const hostile = ['<', '&', ']]>', '"', "'", '\0', '\u202e', 'é', '█', '│', ' ', '🔥', '\ud800', '\uffff']
    const text = fc.string({ unit: fc.constantFrom(...hostile) })
    const style = fc.constantFrom(0, BOLD, INVERSE, UNDERLINE, on('dark', 'kernel0', BOLD | INVERSE))
    fc.assert(
      fc.property(fc.array(fc.tuple(text, style), { maxLength: 6 }), text, (lines, title) => {
        const cells = createCells(30, 6)
        for (const [y, [line, own]] of lines.entries()) brush(cells).text(0, y, line, own)
        const input = screenshotSvg({ cells, title, theme: 'dark' })
        const { status, stderr } = spawnSync('xmllint', ['--noout', '--nonet', '-'], { input, encoding: 'utf8' })
        expect(stderr).toBe('')
        expect(status).toBe(0)
      }),
      { numRuns: 30 },
    )
  })

  it('draws bars as shapes, and a stretch of one style as one text', () => {
    const cells = createCells(10, 1)
    brush(cells).text(0, 0, 'ab█cd')
    const svg = screenshotSvg({ cells, title: '', theme: 'dark' })
    expect(textsOf(svg)).toEqual(['ab', 'cd'])
    expect(svg).toContain('<rect x="16.8" y="0" width="8.4" height="18"')
  })
})

const textsOf = (svg: string): string[] => [...svg.matchAll(/<text[^>]*>([^<]*)/g)].map(([, text = '']) => text)

describe('y', () => {
  it.each([
    [
      'the selected frame',
      { tab: FLAME, flames: { stalls: { root: [], selected: ['main', 'worker_main'] } } },
      'worker_main',
    ],
    ['what stands out, when nothing is selected', { tab: FLAME }, /^stress so far: Stalls /],
    ['what stands out', {}, /^stress is worst so far: response p99 39/],
    [
      'the table as it is filtered',
      { tab: TABLE, hands: filtering('recv') },
      /^call\tcount\tmean\nrecvmsg\t[\d.]+ k\t[\d.]+ µs$/,
    ],
    [
      'the numbers of the system',
      { tab: SYSTEM },
      /^\tidle\tbaseline\tstress\naccept-queue overflows\t0\/s\t0\/s\t7\/s$/m,
    ],
    ['the log', { tab: LOG }, /^ +00:00 {2}phase {2}idle\n/],
    ['no table where none is seen', { tab: WAITS, views: { waits: 'heat:waited' } }, /^stress so far: /],
    ['what stands out against the phase that is compared with', { compare: 0 }, /idle|nothing/],
  ])('copies %s', (_, state, text) => {
    expect(textToCopy(sceneOf(state)).text).toEqual(typeof text === 'string' ? text : expect.stringMatching(text))
  })

  it('says what the terminal is told, whole characters within 64 KiB', () => {
    expect(clipboardBytes('käse')).toEqual({ bytes: '\x1b]52;c;a8Okc2U=\x07', isCut: false })
    const { bytes, isCut } = clipboardBytes('€'.repeat(30_000))
    expect(isCut).toBe(true)
    expect(bytes.length).toBeLessThanOrEqual((64 << 10) + 16)
    expect(Buffer.from(bytes.slice(7, -1), 'base64').toString()).toMatch(/^€+$/)
  })
})

describe('taking away', () => {
  const seen = { scene: sceneOf(), layout, theme: 'dark' as const }
  const refuse = async () => {
    throw new Error('ENOSPC: no space left\x1b[2J on device')
  }

  it('says where the file stands', async () => {
    const names: string[] = []
    const save = async (name: string) => `/tmp/${names.push(name)}-${name}`
    expect(await takeAway({ do: 'screenshot' }, seen, () => undefined, save)).toEqual({
      text: 'written: /tmp/1-screen.svg',
      tone: 'good',
    })
  })

  it('says why there is none, in words that a terminal may show', async () => {
    const message = await takeAway({ do: 'export', kind: 'figures' }, seen, () => undefined, refuse)
    expect(message).toEqual({ text: 'not written: ENOSPC: no space left\\x1b[2J on device', tone: 'bad' })
  })

  it('says so when what was seen has gone', async () => {
    expect((await takeAway({ do: 'export', kind: 'table' }, seen, () => undefined, refuse)).tone).toBe('bad')
  })
})
