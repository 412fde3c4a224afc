import { describe, expect, it } from 'vitest'
import { type PhaseTelemetry, profileOf } from '../../../audit/index.ts'
import type { Effect } from '../../../ui/terminal/bindings/binding.ts'
import { rowText } from '../../../ui/terminal/cells.ts'
import { layoutOf } from '../../../ui/terminal/layout.ts'
import type { Pointer } from '../../../ui/terminal/mouse.ts'
import { point } from '../../../ui/terminal/point.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'
import { initialState, type ScreenState } from '../../../ui/terminal/state.ts'
import { drawWhole } from '../../../ui/terminal/whole.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'

const run = syntheticRun(60)
const [TABLE, FLAME, LOG] = [2, 3, 5]
const layout = layoutOf({ columns: 120, rows: 41 })

const sceneOf = (state: Partial<ScreenState>): Scene => ({
  model: run.model,
  catalog: syntheticCatalog(),
  profileOf,
  state: { ...initialState, ...state },
  live: true,
  title: '',
})

const rowsOf = (scene: Scene, size = layout): string[] => {
  const { cells } = drawWhole(scene, size)
  return Array.from({ length: cells.height }, (_, y) => rowText(cells, y, () => '').replaceAll('\x1b[0m', ''))
}

/** Where a text stands on the screen: its `nth` occurrence in reading order. */
function find(scene: Scene, text: string, size = layout): { x: number; y: number } {
  for (const [y, row] of rowsOf(scene, size).entries()) if (row.includes(text)) return { x: row.indexOf(text), y }
  throw new Error(`no ${text} on the screen`)
}

/** A source of telemetry with so many counters that grew. */
function cpuOf(count: number): PhaseTelemetry {
  const all = (value: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`counter_${i}`, value]))
  const [first, last] = [all(0), all(100)]
  return { firstUs: 0, lastUs: 1e6, first, last, low: {}, high: {}, restarted: [] }
}

/** Presses a button where a text stands. */
function on(text: string, from: Partial<ScreenState> = {}, pointer: Partial<Pointer> = {}, size = layout) {
  const scene = sceneOf(from)
  return point(scene, { kind: 'press', button: 'left', ...find(scene, text, size), ...pointer }, size)
}

describe('a click', () => {
  it.each([
    ['a tab', '3 Calls', {}, { tab: TABLE }],
    ['the last tab', '6 Log', {}, { tab: LOG }],
    ['a hint of the footer', '? help', {}, { help: true }],
    ['a hint that asks', 'm mark', {}, { prompt: { kind: 'mark' } }],
    ['a view', ' waiting for a CPU', { tab: FLAME }, { views: { stalls: 'flame:runnable' } }],
    ['a title of a table', 'mean', { tab: TABLE }, { tables: { calls: { sort: 'mean', scroll: 0 } } }],
    ['the help, which closes it', 'this help', { help: true }, { help: false }],
    ['empty space', '    ', { tab: TABLE }, { tab: TABLE }],
  ])('on %s', (_, text, from, expected) => {
    expect(on(text, from).state).toMatchObject(expected)
  })

  it('on a hint does what the key asks of the outside', () => {
    const effects: (Effect | undefined)[] = [on('q quit').effect, on('? help').effect]
    expect(effects).toEqual([{ do: 'quit' }, undefined])
  })

  it('on a phase pins it, once more lets go', () => {
    const scene = sceneOf({})
    const y = rowsOf(scene).findIndex((row) => / idle +baseline +▲ stress/.test(row))
    const x = rowsOf(scene)[y]?.indexOf('baseline') ?? 0
    const press = { kind: 'press', button: 'left', x, y } as const
    const pinned = point(scene, press, layout).state
    expect(pinned.phaseId).toBe(1)
    expect(point({ ...scene, state: pinned }, press, layout).state.phaseId).toBeNull()
  })

  it('on a frame selects it, on the selected one zooms in; the other buttons zoom out', () => {
    const selected = on('│worker_main', { tab: FLAME }, {}).state
    expect(selected.flames['stalls']).toEqual({ root: [], selected: ['main', 'worker_main'] })
    const zoomed = on('│worker_main', selected).state
    expect(zoomed.flames['stalls']).toEqual({ root: ['main', 'worker_main'], selected: ['main', 'worker_main'] })
    for (const button of ['right', 'middle'] as const) {
      const out = on('│worker_main', zoomed, { button }).state
      expect(out.flames['stalls']?.root).toEqual(['main'])
    }
  })

  it('on a title that sorts gives the own order back', () => {
    const sorted = on('mean', { tab: TABLE }).state
    expect(on('mean ▾', sorted).state.tables['calls']?.sort).toBeNull()
  })

  it('on the lanes sets a start, dragging an end, and letting go looks at what is between', () => {
    const scene = sceneOf({})
    const pressed = point(scene, { kind: 'press', button: 'left', x: 40, y: 4 }, layout).state
    expect(pressed.time.brush).not.toBeNull()
    // The pointer may leave the lanes meanwhile.
    const dragged = point({ ...scene, state: pressed }, { kind: 'drag', button: 'left', x: 50, y: 30 }, layout).state
    const { state, effect } = point(
      { ...scene, state: dragged },
      { kind: 'release', button: 'left', x: 50, y: 30 },
      layout,
    )
    // The plot begins in column 23.
    expect(effect).toEqual({ do: 'span', fromUs: 17e6, toUs: 28e6 })
    expect(state.hands.drag).toBeNull()
    expect(state.tab).toBe(0)
  })

  it('on a line of the palette does it, elsewhere leaves the palette', () => {
    const open = { prompt: { kind: 'command', text: 'tab' } } as const
    expect(on('tab Calls', open).state).toMatchObject({ tab: TABLE, prompt: null })
    expect(on('1 Overview', { ...open, tab: LOG }).state).toMatchObject({ tab: LOG, prompt: null })
  })

  it('takes a message away', () => {
    const hands = { ...initialState.hands, message: { text: 'done', tone: 'good' as const } }
    expect(on('3 Calls', { hands }).state.hands.message).toBeNull()
  })
})

describe('the wheel', () => {
  const small = layoutOf({ columns: 120, rows: 18 })
  it.each([
    ['a table', 'epoll_wait', { tab: TABLE }, 'calls'],
    ['the phases', 'requests/s', {}, 'overview'],
  ])('scrolls %s', (_, text, from, name) => {
    const down = on(text, from, { kind: 'wheel', button: 'down' }, small).state
    expect(down.tables[name]?.scroll).toBe(3)
    const up = point({ ...sceneOf(down) }, { kind: 'wheel', button: 'up', x: 5, y: 12 }, small).state
    expect(up.tables[name]?.scroll).toBe(0)
  })

  it('scrolls a deep flame graph and selects nothing', () => {
    const wheel = { kind: 'wheel', button: 'down' } as const
    const place = { root: [], selected: ['main', 'worker_main'] }
    const down = on('│worker_main', { tab: FLAME, flames: { stalls: place } }, wheel).state
    expect(down.flames['stalls']).toEqual({ ...place, top: 3 })
    const rows = rowsOf(sceneOf(down))
    expect(rows.join('\n')).not.toMatch(/│worker_main/)
    expect(rows.find((row) => row.includes('Where do threads'))).toMatch(/ ↑ 3 {3}\d+ more ↓ {3}stress ──$/)
  })

  it('goes to callees and callers where all of a flame graph is in sight', () => {
    const wheel = { kind: 'wheel', button: 'down' } as const
    const down = on('│worker_main', { tab: FLAME }, wheel, layoutOf({ columns: 120, rows: 80 })).state
    expect(down.flames['stalls']?.selected).toEqual(['main'])
  })

  it.each([
    ['the log', 5, '── Log'],
    ['the system', 4, 'What did the system'],
  ])('reaches the other end of %s', (_, tab, title) => {
    const tiny = layoutOf({ columns: 80, rows: 9 })
    const long = syntheticRun(60).model
    for (let n = 0; n < 30; n++) long.notes.push({ tUs: n * 1e6, text: `note ${n}`, kind: 'note' })
    for (const { telemetry } of long.phases) telemetry.set('cpu', cpuOf(9))
    let state: ScreenState = { ...initialState, tab }
    const scene = () => ({ ...sceneOf(state), model: long })
    const turn = (button: 'up' | 'down') => {
      const at = { kind: 'wheel', button, x: 5, y: 3 } as const
      for (let n = 0; n < 20; n++) state = point(scene(), at, tiny).state
      return rowsOf(scene(), tiny)
    }
    expect(rowsOf(scene(), tiny).join('\n')).toContain(title)
    const [first, last] = [turn('up'), turn('down')]
    expect(first.join('\n')).toMatch(/more ↓/)
    expect(last.join('\n')).toMatch(/↑ \d/)
    expect(last.join('\n')).not.toMatch(/more ↓/)
  })

  it('scrolls the help', () => {
    const down = on('this help', { help: true }, { kind: 'wheel', button: 'down' }, layoutOf({ columns: 80, rows: 24 }))
    expect(down.state).toMatchObject({ help: true, tables: { help: { scroll: 3 } } })
  })

  it('goes through the list of the palette', () => {
    const prompt = { kind: 'command', text: '' } as const
    const down = on('1 Overview', { prompt }, { kind: 'wheel', button: 'down' }).state
    expect(down.hands.chosen).toBe(1)
  })
})

it('what answers the pointer lies on the screen, at any size', () => {
  for (const [columns, rows] of [
    [120, 41],
    [60, 15],
    [20, 5],
  ] as const)
    for (const tab of [0, 1, TABLE, FLAME, 4, LOG]) {
      const size = layoutOf({ columns, rows })
      const { spots } = drawWhole(sceneOf({ tab }), size)
      expect(spots.length).toBeGreaterThan(0)
      for (const { rect } of spots.filter((spot) => spot.rect.width > 0 && spot.rect.height > 0)) {
        expect(rect.x + rect.width).toBeLessThanOrEqual(size.columns)
        expect(rect.y + rect.height).toBeLessThanOrEqual(size.rows)
      }
    }
})
