import { describe, expect, it } from 'vitest'
import { profileOf } from '../../../audit/index.ts'
import { bindingOf, bindings, placesOf } from '../../../ui/terminal/bindings/all.ts'
import type { Update } from '../../../ui/terminal/bindings/binding.ts'
import { brush, createCells, rowText } from '../../../ui/terminal/cells.ts'
import { drawFooter } from '../../../ui/terminal/chrome.ts'
import { commandsFor } from '../../../ui/terminal/commands.ts'
import { exportsOf } from '../../../ui/terminal/export.ts'
import { missing } from '../../../ui/terminal/panels/missing.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'
import { initialState, type ScreenState } from '../../../ui/terminal/state.ts'
import { press } from '../../../ui/terminal/update.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'

const { model } = syntheticRun(60)
const catalog = syntheticCatalog()
const panel = { width: 120, height: 30, whole: 36 }
const sceneOf = (state: ScreenState, live = true): Scene => ({ model, catalog, profileOf, state, live, title: '' })

/** The state after keys, and what the last of them asked of the outside. */
const pressed = (state: ScreenState, ...keys: string[]): Update =>
  keys.reduce<Update>((update, key) => press(sceneOf(update.state), key, panel), { state })

/** What the reader did with the palette itself is no part of what came of it. */
const withoutChosen = ({ state, ...update }: Update): Update => ({
  ...update,
  state: { ...state, hands: { ...state.hands, chosen: 0 } },
})

const [OVERVIEW, WAITS, TABLE, FLAME, SYSTEM, LOG] = ['1', '2', '3', '4', '5', '6']
const situations: Readonly<Record<string, readonly string[]>> = {
  overview: [OVERVIEW],
  'a distribution': [WAITS],
  'a table': [TABLE],
  'a flame graph': [FLAME, 'down', 'down', 'down'],
  'a flame graph with a search and a shape': [FLAME, 'down', 'down', 'down', '/', 'futex', 'enter', 'x'],
  'the system': [SYSTEM],
  'the log': [LOG],
  'while brushing': [WAITS, 'b', 'H', ' ', 'H', 'down'],
  'while brushing on a flame graph': [FLAME, 'b'],
  'while a span is read': [OVERVIEW, 'b', 'enter'],
}

describe.each(Object.entries(situations))('the palette, %s', (_, keys) => {
  const { state } = pressed(initialState, ...keys)
  const commands = commandsFor(sceneOf(state), '')
  const chosen = (wanted: (text: string, note: string) => boolean): Update => {
    const at = commands.findIndex(({ text, note }) => wanted(text, note))
    expect(at).toBeGreaterThanOrEqual(0)
    return withoutChosen(pressed(state, ':', ...Array.from({ length: at }, () => 'down'), 'enter'))
  }

  const places = placesOf(sceneOf(state))
  const named = bindings.flatMap((binding) => {
    const [key = ''] = binding.keys
    const isHere = bindingOf(key, places) === binding && (binding.applies?.(sceneOf(state)) ?? true)
    return binding.help && binding.listed !== false && isHere ? [{ key, does: binding.help.does }] : []
  })
  it.each(named)('does what $key does: $does', ({ key, does }) => {
    expect(chosen((text) => text === does)).toEqual(withoutChosen(pressed(state, key)))
  })

  it('names a key only for what it does here', () => {
    for (const { text, note } of commands) {
      const binding = bindings.find(({ help }) => help?.does === text)
      if (binding && note !== '') expect(bindingOf(binding.keys[0] ?? '', places)).toBe(binding)
    }
  })

  it('opens tabs as their numbers do', () => {
    for (const number of [OVERVIEW, WAITS, TABLE, FLAME, SYSTEM, LOG] as string[])
      expect(chosen((text, note) => text.startsWith('tab ') && note === number)).toEqual(
        withoutChosen(pressed(state, number)),
      )
  })

  it('exports as e and the key of the choice do', () => {
    const choices = exportsOf(sceneOf(state))
    expect(choices.length).toBeGreaterThan(0)
    for (const { word, key } of choices) {
      const keys = choices.length > 1 ? ['e', key] : ['e']
      expect(chosen((text) => text === `export ${word}`)).toEqual(withoutChosen(pressed(state, ...keys)))
    }
  })

  it('begins a phase as m does', () => {
    const byPalette = withoutChosen(pressed(state, ':', ...'mark canary', 'enter'))
    expect(byPalette).toEqual(withoutChosen(pressed(state, 'm', ...'canary', 'enter')))
    expect(byPalette.effect).toEqual({ do: 'mark', label: 'canary' })
  })

  it('goes to phases and views as p and v do, in turn', () => {
    if (bindingOf('p', places)?.where !== 'everywhere') return
    const ids = model.phases.map(({ name }) => chosen((text) => text === `phase ${name}`).state.phaseId)
    expect(ids).toEqual([['p'], ['p', 'p'], ['p', 'p', 'p']].map((presses) => pressed(state, ...presses).state.phaseId))
    for (const { text } of commands.filter((command) => command.text.startsWith('view '))) {
      const { views } = chosen((one) => one === text).state
      const byKey = [1, 2, 3, 4].map((n) => pressed(state, ...Array.from({ length: n }, () => 'v')).state.views)
      expect(byKey).toContainEqual(views)
    }
  })
})

describe('the last line', () => {
  it('names a key once, for what it does here', () => {
    const { state } = pressed(initialState, FLAME, 'b')
    const cells = createCells(220, 2)
    drawFooter(sceneOf(state), brush(cells))
    const row = rowText(cells, 1, () => '').replaceAll('\x1b[0m', '')
    expect(row).toContain('p pin lane')
    expect(row).not.toContain('p phase')
    expect(row).not.toContain('enter zoom')
  })
})

describe('L', () => {
  const lanes = (state: ScreenState, whole: number, presses: number): string[] => {
    const seen: string[] = []
    let now = state
    for (let n = 0; n < presses; n++) {
      now = press(sceneOf(now), 'L', { ...panel, whole }).state
      seen.push(now.time.lanes)
    }
    return seen
  }

  it('goes through two, all and none', () => {
    expect(lanes(pressed(initialState, WAITS).state, 36, 3)).toEqual(['all', 'none', 'two'])
  })

  it.each([
    ['where two are all that fit', WAITS, 18],
    ['where all stand there anyway', OVERVIEW, 36],
  ])('takes them away with one press %s', (_, tab, whole) => {
    expect(lanes(pressed(initialState, tab).state, whole, 2)[0]).toBe('none')
  })
})

describe('why a panel is blank', () => {
  const [phase = null] = model.phases
  const end = { type: 'end', reason: 'done', exit_code: 0, verdict: 'done' } as const

  it.each([
    ['while the run goes on', null, phase, 'no stacks in idle yet'],
    ['when it is over', end, phase, 'no stacks in idle'],
    ['before it began', null, null, 'waiting for the first window'],
    ['when it is over and had no phase', end, null, 'no stacks'],
  ])('%s', (_, over, of, text) => {
    expect(missing({ ...model, end: over }, of, 'no stacks')).toBe(text)
  })
})
