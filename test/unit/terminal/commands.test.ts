import { describe, expect, it } from 'vitest'
import { profileOf } from '../../../audit/index.ts'
import { brush, createCells, rowText } from '../../../ui/terminal/cells.ts'
import { commandsFor } from '../../../ui/terminal/commands.ts'
import { rank } from '../../../ui/terminal/fuzzy.ts'
import { drawPanel } from '../../../ui/terminal/panels/panel.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'
import { initialState, type ScreenState } from '../../../ui/terminal/state.ts'
import { press } from '../../../ui/terminal/update.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'

const run = syntheticRun(60)
const [TABLE, FLAME, LOG] = [2, 3, 5]
const sceneOf = (state: Partial<ScreenState> = {}, live = true): Scene => ({
  model: run.model,
  catalog: syntheticCatalog(),
  profileOf,
  state: { ...initialState, ...state },
  live,
  title: '',
})

function type(keys: readonly string[], from: Partial<ScreenState> = {}) {
  let update = press(sceneOf(from), ':', { width: 100, height: 20 })
  for (const key of keys) update = press(sceneOf(update.state), key, { width: 100, height: 20 })
  return update
}

describe('rank', () => {
  const best = (query: string, ...texts: string[]) => rank(query, texts, (text) => text)

  it.each([
    ['letters in a row before letters apart', 'cal', ['chart lanes', 'tab Calls'], 'tab Calls'],
    ['the start of words before their middle', 'ps', ['tips', 'phase stress'], 'phase stress'],
    ['the start of the text before other words', 'ph', ['next phase', 'phase idle'], 'phase idle'],
    ['the first of equals', 'tab', ['tab Calls', 'tab Log'], 'tab Calls'],
    ['what begins as it was typed', 'export svg', ['export what is seen: SVG', 'export svg'], 'export svg'],
    ['the best way through a text', 'stress', ['s t r e s phase stress', 'phase st r e s s'], 's t r e s phase stress'],
  ])('puts %s', (_, query, texts, first) => {
    expect(best(query, ...texts)[0]).toBe(first)
  })

  it('leaves out what does not hold the letters in their order, and keeps the order of equals', () => {
    expect(best('ba', 'ab', 'b a', 'ba')).toEqual(['ba', 'b a'])
    expect(best('', 'z', 'a')).toEqual(['z', 'a'])
    expect(best('x', 'x1', 'x2')).toEqual(['x1', 'x2'])
  })
})

describe('the palette', () => {
  it('offers tabs, views, phases, exports and keys, each by its own table', () => {
    const texts = commandsFor(sceneOf({ tab: FLAME }), '').map(({ text }) => text)
    for (const text of [
      'tab Overview',
      'tab Log',
      'view waiting for a CPU',
      'phase baseline',
      'phase follow',
      'export svg',
      'export folded',
      'mark NAME',
      'lanes all',
      'pin response p99',
      'zoom into the selected frame; in a sandwich: its sandwich',
      'freeze the screen; the recording goes on',
    ])
      expect(texts).toContain(text)
    expect(new Set(texts).size).toBe(texts.length)
  })

  it('offers only what means something here', () => {
    const here = (state: Partial<ScreenState>, live = true) =>
      commandsFor(sceneOf(state, live), '').map(({ text }) => text)
    expect(here({ tab: LOG }).filter((text) => /^export \w+$/.test(text))).toEqual(['export log'])
    expect(here({ tab: TABLE })).toContain('sort by the next column')
    expect(here({})).not.toContain('sort by the next column')
    expect(here({}, false)).not.toContain('mark NAME')
  })

  it.each([
    ['a tab', ['calls', 'enter'], { tab: TABLE, prompt: null }],
    ['a phase', ['phase b', 'enter'], { phaseId: 1 }],
    ['the third of the list', ['tab ', 'down', 'down', 'enter'], { prompt: null }],
    ['what a key does', ['this', ' ', 'help', 'enter'], { help: true }],
    ['what lanes stand there', ['lanes all', 'enter'], { time: { lanes: 'all' } }],
    ['a lane that stays', ['pin over', 'enter'], { time: { pinned: ['metric.overflows'] } }],
    ['a view of the overview', ['view resp', 'enter'], { views: { overview: 'heat:response' } }],
    ['completed with tab', ['phba', 'tab'], { prompt: { kind: 'command', text: 'phase baseline' } }],
    ['left with escape', ['x', 'escape'], { prompt: null, tab: 0 }],
    ['a name that nothing has', ['qqq', 'enter'], { prompt: null, tab: 0 }],
  ])('does %s', (_, keys, expected) => {
    expect(type(keys).state).toMatchObject(expected)
  })

  it('lets go of a lane that is pinned', () => {
    const { state } = type(['pin over', 'enter'])
    expect(type(['unpin over', 'enter'], state).state.time.pinned).toEqual([])
  })

  it('goes through its list and round its end', () => {
    const { length } = commandsFor(sceneOf(), '')
    expect(type(['down', 'down', 'up']).state.hands.chosen).toBe(1)
    expect(type(['up']).state.hands.chosen).toBe(length - 1)
    expect(type(['down', 'a']).state.hands.chosen).toBe(0)
  })

  it('asks the outside', () => {
    expect(type(['export svg', 'enter']).effect).toEqual({ do: 'export', kind: 'timeline' })
    expect(type(['mark', ' canary 2', 'enter']).effect).toEqual({ do: 'mark', label: 'canary 2' })
    expect(type(['quit', 'enter']).effect).toEqual({ do: 'quit' })
  })

  it('asks for the name when there is none', () => {
    expect(type(['mark', 'enter']).state.prompt).toEqual({ kind: 'command', text: 'mark ' })
  })

  it('stands above the prompt, at most eight lines, the chosen one in sight', () => {
    const prompt = { kind: 'command', text: '' } as const
    const scene = sceneOf({ prompt, hands: { ...initialState.hands, chosen: 11 } })
    const cells = createCells(100, 20)
    drawPanel(scene, brush(cells))
    const rows = Array.from({ length: 20 }, (_, y) =>
      rowText(cells, y, () => '')
        .replaceAll('\x1b[0m', '')
        .trimEnd(),
    )
    expect(rows[11]).toMatch(/─ 12 of \d+ ─/)
    expect(rows[19]).toContain(commandsFor(scene, '')[11]?.text)
  })
})
