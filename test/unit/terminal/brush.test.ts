import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSpan, profileOf, type RecordingRecord, type Span } from '../../../audit/index.ts'
import { placesOf } from '../../../ui/terminal/bindings/all.ts'
import type { Effect } from '../../../ui/terminal/bindings/binding.ts'
import { brushAt, lanesRect } from '../../../ui/terminal/brush-at.ts'
import { brush, createCells, rowText } from '../../../ui/terminal/cells.ts'
import { drawFooter, drawHeader, drawTabs } from '../../../ui/terminal/chrome.ts'
import { lanesOf } from '../../../ui/terminal/lanes.ts'
import { layoutOf } from '../../../ui/terminal/layout.ts'
import { withSpans } from '../../../ui/terminal/overlay.ts'
import { INVERSE, ink } from '../../../ui/terminal/palette.ts'
import { drawPanel } from '../../../ui/terminal/panels/panel.ts'
import { partsOf } from '../../../ui/terminal/parts.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'
import { edgesMoved, spanName, timeRemark } from '../../../ui/terminal/span-words.ts'
import { initialState, type ScreenState } from '../../../ui/terminal/state.ts'
import { timeAxis } from '../../../ui/terminal/time-axis.ts'
import { initialTime, type TimeState } from '../../../ui/terminal/time-state.ts'
import { press } from '../../../ui/terminal/update.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'

const S = 1_000_000
const catalog = syntheticCatalog()
const records: RecordingRecord[] = []
const run = syntheticRun(60, 40, (record) => records.push(record))
const SIZE = { columns: 120, rows: 40 }
const layout = layoutOf(SIZE)

const stateWith = (time: Partial<TimeState>, more: Partial<ScreenState> = {}): ScreenState => ({
  ...initialState,
  ...more,
  time: { ...initialTime, ...time },
})
const sceneOf = (state: ScreenState = initialState): Scene => ({
  ...{ model: run.model, catalog, profileOf, state, live: true, title: 'run.ndjson' },
})

function type(keys: readonly string[], from: ScreenState = initialState): { state: ScreenState; effects: Effect[] } {
  let state = from
  const effects: Effect[] = []
  for (const key of keys) {
    const update = press(sceneOf(state), key, { width: SIZE.columns, height: 30 })
    state = update.state
    if (update.effect) effects.push(update.effect)
  }
  return { state, effects }
}

function span(id: number, letter: string, fromUs: number, toUs: number): Span {
  const made = createSpan(catalog, { id, name: spanName(letter, { fromUs, toUs }), fromUs, toUs })
  for (const record of records) made.add(record)
  return made.result()
}

/** The screen as text; inverted cells between brackets where `marked`. */
function screen(scene: Scene, { columns, rows }: typeof SIZE, marked = false): string[] {
  const own = layoutOf({ columns, rows })
  const cells = createCells(own.columns, own.rows)
  const part = (y: number, height: number) => brush(cells, { x: 0, y, width: columns, height })
  drawHeader(scene, part(0, own.header))
  drawTabs(scene, part(own.header, own.tabs))
  drawPanel(scene, part(own.panel.y, own.panel.height))
  drawFooter(scene, part(own.rows - own.footer, own.footer))
  let isInverted = false
  const sgr = (style: number) => {
    const isMarked = (style & INVERSE) !== 0 || ((style >> 8) & 0xff) === ink.selected
    const sign = isMarked === isInverted ? '' : isInverted ? ']' : '['
    isInverted = isMarked
    return marked ? sign : ''
  }
  return Array.from({ length: own.rows }, (_, y) => {
    const text = rowText(cells, y, sgr).replace(/\x1b\[0m$/, marked && isInverted ? ']' : '')
    isInverted = false
    return text.trimEnd()
  })
}

describe('brushing by keys', () => {
  it('begins where something is recorded already, or in the middle of the phase that is pinned', () => {
    expect(type(['b']).state.time.brush).toMatchObject({ atUs: 58 * S, anchorUs: null })
    expect(type(['b'], { ...initialState, phaseId: 1 }).state.time.brush).toMatchObject({ atUs: 15 * S })
  })

  it.each([
    [['b', 'left', 'h'], 56, null],
    [['b', 'H', 'shift-left', 'l'], 39, null],
    [['b', 'right', 'L'], 59, null],
    [['b', 'H', ' ', 'H', 'H'], 28, 48],
    [['b', ...Array.from({ length: 9 }, () => 'H')], 0, null],
  ])('%j stands at %i s', (keys, at, anchor) => {
    expect(type(keys).state.time.brush).toMatchObject({
      atUs: at * S,
      anchorUs: anchor === null ? null : anchor * S,
    })
  })

  it('looks at what was selected: whole cells, both ends in it, in whichever direction', () => {
    for (const keys of [
      ['b', 'H', ' ', 'H', 'enter'],
      ['b', 'H', 'H', ' ', 'L', ' ', 'left', 'enter'],
    ]) {
      const { state, effects } = type(keys)
      expect(effects).toEqual([{ do: 'span', fromUs: 38 * S, toUs: 49 * S }])
      expect(state.time).toMatchObject({ brush: null, reading: { fromUs: 38 * S, toUs: 49 * S } })
    }
  })

  it('never asks for time outside of the run', () => {
    const key = fc.constantFrom('left', 'right', 'H', 'L', ' ', 'up', 'p', 'b')
    fc.assert(
      fc.property(fc.array(key, { maxLength: 20 }), (keys) => {
        const [effect] = type(['b', ...keys, 'enter']).effects
        if (effect?.do !== 'span') throw new Error('no span was asked for')
        expect(effect.fromUs).toBeGreaterThanOrEqual(0)
        expect(effect.toUs).toBeLessThanOrEqual(run.model.nowUs)
        expect(effect.toUs).toBeGreaterThan(effect.fromUs)
      }),
      { numRuns: 100 },
    )
  })

  it('leaves by esc, also what is being read, and removes the spans by c', () => {
    expect(type(['b', 'escape']).state.time.brush).toBeNull()
    const left = type(['b', 'enter', 'escape'])
    expect(left.state.time.reading).toBeNull()
    expect(left.effects.at(-1)).toEqual({ do: 'stop-reading' })
    const cleared = type(['b', 'c'], { ...initialState, phaseId: -1 })
    expect(cleared.state).toMatchObject({ phaseId: null, time: { brush: null } })
    expect(cleared.effects).toEqual([{ do: 'drop-spans' }])
  })

  it('chooses a lane, brings it into sight and pins it', () => {
    const [first, , third] = lanesOf(sceneOf())
    expect(type(['b', 'down', 'down']).state.time.brush?.lane).toBe(third?.key)
    const { state } = type(['4', 'b', 'down', 'down', 'p', 'escape'])
    expect(state.time.pinned).toEqual([third?.key])
    expect(partsOf(sceneOf(state), { width: 120, height: 34 }).shown).toContainEqual(third)
    expect(type(['b', 'p', 'p']).state.time.pinned).toEqual([])
    expect(type(['b', 'p']).state.time.pinned).toEqual([first?.key])
  })

  it('keeps the other keys where they are', () => {
    expect(type(['b', '2']).state).toMatchObject({ tab: 1, time: { brush: { atUs: 58 * S } } })
    expect(placesOf(sceneOf(type(['4', 'b']).state))).toEqual(['brush', 'flame', 'everywhere'])
  })
})

describe('brushing by mouse', () => {
  const drag = (columns: readonly number[], from = initialState) => {
    let update = { state: from } as ReturnType<typeof brushAt>
    const effects: unknown[] = []
    for (const [i, column] of columns.entries()) {
      const scene = sceneOf(update.state)
      const lanes = lanesRect(scene, layout)
      if (!lanes) throw new Error('no lanes')
      update = brushAt(scene, lanes, column, i === 0 ? 'down' : i === columns.length - 1 ? 'up' : 'drag')
      if (update.effect) effects.push(update.effect)
    }
    return { state: update.state, effects }
  }
  const axis = timeAxis(sceneOf(), SIZE.columns)
  const columnOf = (second: number) => (axis?.label ?? 0) + 1 + second

  it('looks at what was dragged over, forth or back', () => {
    for (const columns of [
      [columnOf(30), columnOf(32), columnOf(39), columnOf(39)],
      [columnOf(39), columnOf(31), columnOf(30), columnOf(30)],
    ])
      expect(drag(columns).effects).toEqual([{ do: 'span', fromUs: 30 * S, toUs: 40 * S }])
  })

  it('only places the cursor where nothing was dragged', () => {
    const { state, effects } = drag([columnOf(30), columnOf(30)])
    expect(state.time.brush).toMatchObject({ atUs: 30 * S, anchorUs: null })
    expect(effects).toEqual([])
  })

  it('means the nearest cell beside the plot', () => {
    expect(drag([0, 3, 119]).effects).toEqual([{ do: 'span', fromUs: 0, toUs: 60 * S }])
  })

  it('finds the lanes where they are drawn', () => {
    for (const tab of [0, 1, 3, 4]) {
      const scene = sceneOf({ ...initialState, tab })
      const rect = lanesRect(scene, layout)
      const rows = screen(scene, SIZE)
      expect(rows[rect?.y ?? -1]).toMatch(/^ requests\/s/)
      // Names of phases, and a clock.
      expect(rows.slice(rect?.y, (rect?.y ?? 0) + (rect?.height ?? 0)).slice(-2)).toEqual([
        expect.stringMatching(/└idle/),
        expect.stringMatching(/╵00:00/),
      ])
    }
  })
})

describe('lanes', () => {
  const lanesIn = (state: ScreenState, rows = 40, columns = 120) =>
    partsOf(sceneOf(state), { width: columns, height: layoutOf({ columns, rows }).panel.height }).shown.length

  it('are two, all that fit, or none, as L says', () => {
    const all = lanesOf(sceneOf()).length
    const counts = [[], ['L'], ['L', 'L'], ['L', 'L', 'L']].map((keys) => lanesIn(type(['4', ...keys]).state))
    expect(counts).toEqual([2, all, 0, 2])
  })

  it('give way first below 80x24, and come back for a reader who brushes', () => {
    const flame = { ...initialState, tab: 3 }
    expect([lanesIn(flame, 24, 80), lanesIn(flame, 23, 80), lanesIn(flame, 24, 50)]).toEqual([2, 0, 0])
    expect(lanesIn(type(['4', 'b']).state, 12, 80)).toBeGreaterThanOrEqual(2)
  })

  it('keep a pinned one where none are wanted', () => {
    expect(lanesIn(stateWith({ lanes: 'none', pinned: ['metric.overflows'] }, { tab: 3 }))).toBe(1)
  })

  it('show what the kernel counts as rates', () => {
    const lane = lanesOf(sceneOf()).find(({ key }) => key === 'metric.overflows')
    const last = lane?.points.at(-1)
    expect([last?.startUs, last?.endUs, last?.value]).toEqual([59 * S, 60 * S, 7])
  })

  it.each([
    ['brush', 120, 40, stateWith({ brush: { atUs: 50 * S, anchorUs: 31 * S, endUs: null, lane: null } }, { tab: 3 })],
    [
      'brush',
      80,
      24,
      stateWith({ brush: { atUs: 40 * S, anchorUs: null, endUs: null, lane: 'load.p99' } }, { tab: 1 }),
    ],
    ['lanes', 120, 40, stateWith({ lanes: 'all', pinned: ['metric.overflows'] }, { tab: 3 })],
  ] as const)('draw the %s at %ix%i', async (name, columns, rows, state) => {
    const text = screen(sceneOf(state), { columns, rows }, true).join('\n')
    await expect(`${text}\n`).toMatchFileSnapshot(`golden/${name}-${columns}x${rows}.txt`)
  })

  it('never write outside their rectangle', () => {
    const us = fc.integer({ min: -S, max: 100 * S })
    const some = fc.record({
      lanes: fc.constantFrom('two' as const, 'all' as const, 'none' as const),
      pinned: fc.constantFrom<string[]>([], ['metric.overflows', 'gone']),
      brush: fc.option(
        fc.record({ atUs: us, anchorUs: fc.option(us), endUs: fc.option(us), lane: fc.constantFrom(null, 'load.p99') }),
      ),
      reading: fc.constant(null),
    })
    const rect = fc.record({
      ...{ x: fc.integer({ min: 0, max: 30 }), y: fc.integer({ min: 0, max: 10 }) },
      ...{ width: fc.integer({ min: 0, max: 160 }), height: fc.integer({ min: 0, max: 45 }) },
    })
    const tab = fc.integer({ min: 0, max: 4 })
    fc.assert(
      fc.property(some, rect, tab, (time, { x, y, width, height }, at) => {
        const cells = createCells(200, 60)
        drawPanel(sceneOf(stateWith(time, { tab: at })), brush(cells, { x, y, width, height }))
        cells.code.forEach((code, index) => {
          const [column, row] = [index % 200, Math.floor(index / 200)]
          const isInside = column >= x && column < x + width && row >= y && row < y + height
          if (!isInside && (code !== 0x20 || cells.style[index] !== 0)) throw new Error(`wrote at ${column},${row}`)
        })
      }),
      { numRuns: 60 },
    )
  })
})

describe('a span on the screen', () => {
  const spans = [span(-1, 'A', 10 * S, 20 * S), span(-2, 'B', 40 * S, 50 * S)]
  const over = withSpans({ model: run.model, profileOf }, spans)
  const shelf = { spans, progress: null, said: null }
  const scene = (state: Partial<ScreenState>): Scene => ({
    ...{ ...over, catalog, state: { ...initialState, ...state }, live: true, title: 'run.ndjson', shelf },
  })

  it('is reached by p like a phase, and leaves the run as it is', () => {
    expect(run.model.phases).toHaveLength(3)
    const update = press(scene({ phaseId: null }), 'P', { width: 120, height: 30 })
    expect(update.state.phaseId).toBe(-2)
  })

  it('has its column in tables, its own flame graph, and its place in the lanes', async () => {
    const text = screen(scene({ phaseId: -2 }), { columns: 140, rows: 40 }, true).join('\n')
    await expect(`${text}\n`).toMatchFileSnapshot('golden/spans-140x40.txt')
    const flame = screen(scene({ phaseId: -1, tab: 3 }), SIZE).join('\n')
    expect(flame).toMatch(/ A 00:10-00:20 \(pinned\) ──/)
    expect(flame).toMatch(/│all 1\.\d+ ms/)
  })

  it('says in words how far its edges moved', () => {
    const whole = { ...spans[0], fromUs: 10 * S, toUs: 20 * S }
    const words = (covered: Span['covered'], stacks: Span['stacks'] = null) =>
      edgesMoved({ ...whole, covered, stacks } as Span)[0]
    expect(words({ fromUs: 10 * S, toUs: 20 * S })).toBe('A 00:10-00:20: to the edges')
    expect(words({ fromUs: 9.6 * S, toUs: 20.4 * S }, { fromUs: 12 * S, toUs: 20 * S })).toBe(
      'A 00:10-00:20: its windows begin 400 ms earlier and end 400 ms later; its stacks begin 2.00 s later',
    )
  })

  it('says the same in signs where there is no room for the words', () => {
    const said = {
      of: -1,
      texts: edgesMoved({
        ...spans[0],
        fromUs: 10 * S,
        toUs: 20 * S,
        covered: { fromUs: 9.6 * S, toUs: 20 * S },
        stacks: null,
      } as Span),
    }
    const shown = { ...sceneOf({ ...initialState, phaseId: -1 }), shelf: { ...shelf, said } }
    expect(timeRemark(shown, 120)?.text).toBe('A 00:10-00:20: its windows begin 400 ms earlier')
    expect(timeRemark(shown, 45)?.text).toBe('A 00:10-00:20: windows −400 ms to ±0')
  })

  it('tells the clock while it is selected, and the progress while it is read', () => {
    const selecting = sceneOf(stateWith({ brush: { atUs: 40 * S, anchorUs: 30 * S, endUs: null, lane: null } }))
    expect(timeRemark(selecting, 120)?.text).toBe('00:30-00:41 (11.0 s)   15:04:35-15:04:46 UTC   space sets the end')
    const reading = { ...sceneOf(stateWith({ reading: { fromUs: 0, toUs: S } })), shelf: { ...shelf, progress: 0.4 } }
    expect(timeRemark(reading, 120)?.text).toMatch(/^reading 00:00-00:01 .*: 40 % {3}esc leaves$/)
  })
})
