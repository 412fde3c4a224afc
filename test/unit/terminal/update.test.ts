import { describe, expect, it } from 'vitest'
import { profileOf } from '../../../audit/index.ts'
import { bindings } from '../../../ui/terminal/bindings/all.ts'
import type { Effect } from '../../../ui/terminal/bindings/binding.ts'
import { keyNames } from '../../../ui/terminal/keys.ts'
import { freeze, type Scene } from '../../../ui/terminal/scene.ts'
import { initialState, KEYED_TABS, keyOfTab, type ScreenState } from '../../../ui/terminal/state.ts'
import { press } from '../../../ui/terminal/update.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'

const run = syntheticRun(60)
const catalog = syntheticCatalog()
const FLAME = 3
const TABLE = 2

/** Presses keys one after the other; the state at the end and all effects. */
function type(
  keys: readonly string[],
  from: Partial<ScreenState> = {},
  live = true,
  height = 30,
  leaving?: string,
): { state: ScreenState; effects: Effect[] } {
  let state: ScreenState = { ...initialState, ...from }
  const effects: Effect[] = []
  for (const key of keys) {
    const scene: Scene = { model: run.model, catalog, profileOf, state, live, title: '', leaving }
    const update = press(scene, key, { width: 120, height })
    state = update.state
    if (update.effect) effects.push(update.effect)
  }
  return { state, effects }
}

describe('leaving', () => {
  const asked = (keys: readonly string[], live = true) => type(keys, {}, live, 30, 'stop the load?')
  it.each([
    ['q asks where more than the screen would end', ['q'], [], 'leave'],
    ['n stays', ['q', 'n'], [], undefined],
    ['enter stays', ['q', 'enter'], [], undefined],
    ['esc stays', ['q', 'escape'], [], undefined],
    ['q twice stays', ['q', 'q'], [], undefined],
    ['any other key goes on asking', ['q', 'x', 'down'], [], 'leave'],
    ['y leaves', ['q', 'y'], [{ do: 'quit' }], undefined],
    ['ctrl-c asks nothing', ['ctrl-c'], [{ do: 'quit' }], undefined],
    ['nor while it is asked', ['q', 'ctrl-c'], [{ do: 'quit' }], undefined],
    ['ctrl-z suspends', ['ctrl-z'], [{ do: 'suspend' }], undefined],
    ['and in a prompt', ['/', 'ctrl-z'], [{ do: 'suspend' }], 'search'],
  ] as const)('%s', (_what, keys, effects, prompt) => {
    const { state, effects: done } = asked(keys)
    expect(done).toEqual(effects)
    expect(state.prompt?.kind).toBe(prompt)
  })
  it('asks nothing in a replay, or where nothing else ends', () => {
    expect(asked(['q'], false).effects).toEqual([{ do: 'quit' }])
    expect(type(['q']).effects).toEqual([{ do: 'quit' }])
  })
})

describe('keys', () => {
  it.each([
    ['3 opens the third tab', ['3'], { tab: 2 }],
    ['9 does nothing when there are five tabs', ['9'], { tab: 0 }],
    ['tab goes round', ['tab', 'tab', 'tab', 'tab', 'tab', 'tab'], { tab: 0 }],
    ['shift-tab goes back', ['shift-tab'], { tab: 5 }],
    ['? opens the help', ['?'], { help: true }],
    ['any key closes the help', ['?', 'x'], { help: false }],
    ['but for those that scroll it', ['?', 'down', 'G', 'k', ' '], { help: true }],
    ['it begins at its first line again', ['?', 'G', 'x', '?'], { help: true, tables: { help: { scroll: 0 } } }],
    ['p pins the first phase', ['p'], { phaseId: 0 }],
    ['P pins the last', ['P'], { phaseId: 2 }],
    ['p after the last follows the run again', ['P', 'p'], { phaseId: null }],
    ['z freezes', ['z'], { frozen: true }],
    ['z again goes on', ['z', 'z'], { frozen: false }],
    ['/ takes a search', ['/', 'f', 'u', 'tex', 'backspace', 'enter'], { search: 'fute', prompt: null }],
    ['esc leaves the prompt and keeps the search', ['/', 'x', 'escape'], { search: '', prompt: null }],
    [
      '/ again begins with the last search, selected',
      ['/', 'a', 'enter', '/'],
      { prompt: { text: 'a', selected: true } },
    ],
    ['what is typed takes its place', ['/', 'a', 'enter', '/', 'b', 'c', 'enter'], { search: 'bc' }],
    ['backspace takes it away', ['/', 'ab', 'enter', '/', 'backspace', 'enter'], { search: '' }],
    ['an arrow leaves it', ['/', 'a', 'enter', '/', 'up', 'enter'], { search: 'a' }],
    ['esc ends the search', ['/', 'x', 'enter', 'escape'], { search: '' }],
    ['keys are text in a prompt', ['/', 'q', '?', '1'], { prompt: { kind: 'search', text: 'q?1' }, tab: 0 }],
    ['control characters are no text', ['/', 'a', '\x1b', '\x9b', 'b'], { prompt: { kind: 'search', text: 'ab' } }],
    ['an unknown key changes nothing', ['ü'], {}],
  ] as const)('%s', (_, keys, expected) => {
    expect(type(keys).state).toMatchObject(expected)
  })

  it.each([
    ['q', ['q'], [{ do: 'quit' }]],
    ['ctrl-c', ['ctrl-c'], [{ do: 'quit' }]],
    ['q in the help', ['?', 'q'], [{ do: 'quit' }]],
    ['ctrl-l', ['ctrl-l'], [{ do: 'redraw' }]],
    ['m and a name', ['m', 'canary', 'enter'], [{ do: 'mark', label: 'canary' }]],
    ['m without a name', ['m', ' ', 'enter'], []],
    ['m, then esc', ['m', 'x', 'escape'], []],
  ] as const)('%s asks the outside', (_, keys, effects) => {
    expect(type(keys).effects).toEqual(effects)
  })

  it('cannot mark a replay', () => {
    expect(type(['m'], {}, false).state.prompt).toBeNull()
  })

  it('moves through a flame graph, zooms in and out', () => {
    const down = type(['down', 'down', 'down'], { tab: FLAME }).state.flames['stalls']
    expect(down?.selected.slice(0, 2)).toEqual(['main', 'worker_main'])
    expect(down?.selected).toHaveLength(3)
    const along = type(['down', 'down', 'down', 'right', 'left'], { tab: FLAME }).state.flames['stalls']
    expect(along?.selected).toHaveLength(3)
    const zoomed = type(['down', 'down', 'enter'], { tab: FLAME }).state.flames['stalls']
    expect(zoomed).toEqual({ root: ['main', 'worker_main'], selected: ['main', 'worker_main'] })
    const out = type(['down', 'down', 'enter', 'backspace'], { tab: FLAME }).state.flames['stalls']
    expect(out).toEqual({ root: ['main'], selected: ['main', 'worker_main'] })
    expect(type(['down', 'up', 'up'], { tab: FLAME }).state.flames['stalls']?.selected).toEqual([])
  })

  it('goes from match to match and round', () => {
    const matches = new Set<string>()
    let keys = ['/', 'futex', 'enter']
    for (let i = 0; i < 4; i++) {
      const selected = type(keys, { tab: FLAME }).state.flames['stalls']?.selected
      expect(selected?.at(-1)).toBe('futex_wait_[k]')
      matches.add(String(selected))
      keys = [...keys, 'n']
    }
    expect(matches.size).toBeGreaterThan(1)
    const forth = type(['/', 'futex', 'enter', 'n', 'n', 'N'], { tab: FLAME }).state.flames['stalls']?.selected
    expect(forth).toEqual(type(['/', 'futex', 'enter', 'n'], { tab: FLAME }).state.flames['stalls']?.selected)
  })

  it('begins a search at its widest match, and stays where there is none', () => {
    const first = type(['/', 'futex', 'enter'], { tab: FLAME }).state.flames['stalls']?.selected
    expect(
      type(['/', 'futex', 'enter', 'n', 'n', '/', 'enter'], { tab: FLAME }).state.flames['stalls']?.selected,
    ).toEqual(first)
    expect(type(['down', '/', 'nowhere', 'enter'], { tab: FLAME }).state.flames['stalls']?.selected).toEqual(['main'])
  })

  it('finds matches below the panel', () => {
    const low = syntheticRun(60)
    const state = { ...initialState, tab: FLAME, prompt: { kind: 'search' as const, text: 'schedule_timeout' } }
    const scene: Scene = { model: low.model, catalog, profileOf, state, live: true, title: '' }
    const update = press(scene, 'enter', { width: 120, height: 3 })
    expect(update.state.flames['stalls']?.selected.at(-1)).toBe('schedule_timeout_[k]')
  })

  it('takes the views of the overview in turn: response times over the run, each probe with a distribution', () => {
    const views = [['v'], ['v', 'v']].map((keys) => type(keys).state.views['overview'])
    expect(views).toEqual(['heat:response', 'waits'])
    expect(type(['v', 'v'], { phaseId: 0 }).state.views['overview']).toBe('table')
  })

  it('takes the views of a tab in turn', () => {
    const views = [[], ['v'], ['v', 'v'], ['v', 'v', 'v']].map(
      (keys) => type(keys, { tab: FLAME }).state.views['stalls'],
    )
    expect(views).toEqual([undefined, 'flame:runnable', 'numbers', 'flame:blocked'])
  })

  it('sorts a table by its columns in turn and scrolls it', () => {
    const sorts = [['s'], ['s', 's'], ['s', 's', 's', 's']].map(
      (keys) => type(keys, { tab: TABLE }).state.tables['calls']?.sort,
    )
    expect(sorts).toEqual(['name', 'count', null])
  })

  it.each([
    ['down twice, up once', ['down', 'down', 'up'], 10, 1],
    ['up at the top', ['up'], 10, 0],
    ['to the end, where there are 10 rows and room for 6', ['G'], 10, 4],
    ['no further than that', ['end', 'down', 'pagedown', 'up'], 10, 3],
    ['back to the top', ['G', 'g'], 10, 0],
    ['nowhere when all rows are in sight', ['down', 'G'], 30, 0],
  ])('scrolls a table: %s', (_, keys, height, scroll) => {
    expect(type(keys, { tab: TABLE }, true, height).state.tables['calls']?.scroll).toBe(scroll)
  })

  it.each([
    ['canary\r5', {}, ['c', 'a', 'n', 'a', 'r', 'y', 'enter', '5']],
    ['q\x7f\t', {}, ['q', 'backspace', 'tab']],
    ['ü🔥', {}, ['ü', '🔥']],
    ['c', { ctrl: true }, ['ctrl-c']],
    ['', { tab: true, shift: true }, ['shift-tab']],
    ['', { downArrow: true }, ['down']],
    ['', { delete: true }, ['delete']],
  ])('are told apart when they come as %j with %j', (input, some, names) => {
    const none = {
      ctrl: false,
      shift: false,
      tab: false,
      return: false,
      escape: false,
      backspace: false,
      delete: false,
    }
    const moves = {
      upArrow: false,
      downArrow: false,
      leftArrow: false,
      rightArrow: false,
      pageDown: false,
      pageUp: false,
      home: false,
      end: false,
    }
    expect(keyNames(input, { ...none, ...moves, ...some })).toEqual(names)
  })

  it('are all in the help, or beside a key that is', () => {
    const described = new Set(bindings.flatMap(({ help }) => help?.keys.split(/\s+/) ?? []))
    // Those of the help itself are those of every list.
    const undescribed = bindings.filter(
      ({ keys, help, where }) => !help && where !== 'help' && !keys.some((key) => described.has(key)),
    )
    // These share a line: 1-9, arrows and their letters, page keys, delete.
    const shared = new Set(['2', '3', '4', '5', '6', '7', '8', '9', 'down', 'left', 'right', 'pageup'])
    expect(undescribed.flatMap(({ keys }) => keys).filter((key) => !shared.has(key))).toEqual([])
  })

  it('each mean one thing where the reader is', () => {
    const keys = bindings.flatMap(({ keys: own, where }) => own.map((key) => `${where} ${key}`))
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('freeze', () => {
  it('keeps what was known while the run goes on', () => {
    const growing = syntheticRun(30)
    const still = freeze({ model: growing.model, profileOf }, catalog)
    const before = structuredClone(still.model.phases.at(-1)?.load?.done)
    const weights = still.profileOf(still.model, 'stalls', 'blocked')?.self.map((column) => [...column])
    for (let n = 0; n < 5; n++) growing.second()
    expect(still.model.phases.at(-1)?.load?.done).toBe(before)
    expect(growing.model.phases.at(-1)?.load?.done).not.toBe(before)
    expect(still.profileOf(still.model, 'stalls', 'blocked')?.self.map((column) => [...column])).toEqual(weights)
  })
})

it('calls a tab by the key that leads to it, wherever it is named', () => {
  expect([0, 8, 9, 10].map(keyOfTab)).toEqual(['1', '9', '0', ''])
  const keyed = bindings.filter(({ keys }) => keys.length === 1 && /^\d$/.test(keys[0] ?? ''))
  expect(keyed.map(({ keys }) => keys[0])).toEqual(Array.from({ length: KEYED_TABS }, (_, index) => keyOfTab(index)))
})
