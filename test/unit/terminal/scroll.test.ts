import { describe, expect, it } from 'vitest'
import { profileOf } from '../../../audit/index.ts'
import { bindings } from '../../../ui/terminal/bindings/all.ts'
import { flameOfScene } from '../../../ui/terminal/flame/shown.ts'
import { layoutOf } from '../../../ui/terminal/layout.ts'
import { flameWindow } from '../../../ui/terminal/panels/flame.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'
import { initialState, type ScreenState, tabsOf } from '../../../ui/terminal/state.ts'
import { bodyOf, press } from '../../../ui/terminal/update.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'
import { screen } from './screen-text.ts'

const run = syntheticRun(60)
const [TABLE, FLAME] = [2, 3]

const sceneOf = (state: Partial<ScreenState>): Scene => ({
  model: run.model,
  catalog: syntheticCatalog(),
  profileOf,
  state: { ...initialState, ...state },
  live: true,
  title: '',
})

/** What is on the screen after these keys. */
function pressed(keys: readonly string[], from: Partial<ScreenState>, columns = 80, rows = 24) {
  let scene = sceneOf(from)
  const layout = layoutOf({ columns, rows })
  for (const key of keys) scene = { ...scene, state: press(scene, key, bodyOf(scene, layout)).state }
  return { state: scene.state, rows: screen(scene, columns, rows) }
}

describe('the help', () => {
  it.each([
    [80, 24],
    [160, 24],
    [60, 15],
    [200, 50],
  ])('has every line within reach at %ix%i', (columns, rows) => {
    const lines = bindings.flatMap(({ help }) => (help ? [help.does] : []))
    const seen = new Set<string>()
    const keys: string[] = []
    for (let page = 0; page < 12; page++) {
      for (const row of pressed(['?', ...keys], { tab: FLAME }, columns, rows).rows) seen.add(row)
      keys.push('pagedown')
    }
    const all = [...seen].join('\n')
    // What is too long for a column goes on below.
    for (const word of lines.flatMap((line) => line.split(' '))) expect(all).toContain(word)
    for (const line of lines) if (line.length < Math.min(columns, 76) - 24) expect(all).toContain(line)
  })

  it('says that there is more, and what is above; the nearest stands first', () => {
    const [first, last] = [pressed(['?'], { tab: FLAME }).rows, pressed(['?', 'G'], { tab: FLAME }).rows]
    expect(first[3]).toMatch(/^── Keys ─+ \d+ more ↓ ──$/)
    expect(first[4]).toMatch(/^ {2}flame graph$/)
    expect(last[3]).toMatch(/^── Keys ─+ ↑ \d+ ──$/)
    expect(last.join('\n')).toMatch(/leave the span that is being read/)
    expect(first.at(-1)).toMatch(/↑↓ scroll {3}esc close {3}q quit/)
  })
})

describe('a flame graph that is deeper than its place', () => {
  const textOf = ({ rows }: ReturnType<typeof flameWindow>) =>
    rows.map(
      ({ runs, tree, isAbove }) => `${isAbove} ${tree.root} ${runs.map(({ node, x }) => `${node}@${x}`).join(' ')}`,
    )
  const shownOf = (keys: readonly string[], top?: number) => {
    const { state } = pressed(keys, { tab: FLAME }, 120, 40)
    const { stalls } = state.flames
    const scene = sceneOf({
      ...state,
      flames: { stalls: { root: [], selected: [], ...stalls, ...(top === undefined ? {} : { top }) } },
    })
    const shown = flameOfScene(scene, tabsOf(scene.model, scene.catalog)[FLAME])
    if (!shown) throw new Error('there are stacks')
    return shown
  }

  it.each([
    ['from its root', []],
    ['from its root at the bottom', ['i']],
    ['zoomed', ['down', 'down', 'down', 'enter']],
    ['a sandwich', ['down', 'down', 'down', 's']],
    ['a sandwich at the bottom', ['down', 'down', 'down', 's', 'i']],
  ])('is seen row by row: %s', (_, keys) => {
    const all = textOf(flameWindow(shownOf(keys), 120, 500, ''))
    for (const height of [1, 5, 12]) {
      const { most } = flameWindow(shownOf(keys), 120, height, '')
      expect(most).toBe(all.length - height)
      for (const top of [0, 1, Math.floor(most / 2), most]) {
        const seen = textOf(flameWindow(shownOf(keys, top), 120, height, ''))
        const from = keys.includes('i') ? most - top : top
        expect(seen).toEqual(all.slice(from, from + height))
      }
    }
  })

  it('goes by pages and to its ends, and comes back to the selected frame with the next step', () => {
    const top = (...keys: string[]) => pressed(keys, { tab: FLAME }).state.flames['stalls']?.top
    expect(pressed(['G'], { tab: FLAME }).rows[6]).toMatch(/ ↑ \d+ {3}stress ──$/)
    expect(top('G', 'g')).toBe(0)
    expect(top('pagedown')).toBeGreaterThan(5)
    const { state, rows } = pressed(['G', 'down'], { tab: FLAME })
    expect(state.flames['stalls']).toEqual({ root: [], selected: ['main'] })
    expect(rows.join('\n')).toMatch(/│main/)
  })
})

describe('figures and a table that do not both fit', () => {
  it('are one page: the table comes into sight, to its last row', () => {
    const first = pressed([], { tab: TABLE }, 80, 12).rows.join('\n')
    expect(first).toMatch(/per request/)
    expect(first).not.toMatch(/recvmsg/)
    expect(first).toMatch(/^ \d+ more ↓ +idle +baseline +stress/m)
    expect(pressed(['G'], { tab: TABLE }, 80, 12).rows.join('\n')).toMatch(/recvmsg/)
    const seen = new Set<string>()
    for (let n = 0; n < 20; n++)
      for (const row of pressed(
        Array.from({ length: n }, () => 'j'),
        { tab: TABLE },
        80,
        12,
      ).rows)
        seen.add(row)
    for (const name of ['epoll_wait', 'read', 'futex', 'close', 'recvmsg'])
      expect([...seen].some((row) => row.startsWith(` ${name} `))).toBe(true)
  })
})
