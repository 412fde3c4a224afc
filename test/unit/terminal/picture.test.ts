import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodeName, type Profile, pathOf, profileOf, totals } from '../../../audit/index.ts'
import { extractProfile } from '../../../ui/flame/embed.ts'
import { documentOf } from '../../../ui/terminal/documents.ts'
import { stackFile } from '../../../ui/terminal/flame/file.ts'
import { flameOfScene } from '../../../ui/terminal/flame/shown.ts'
import { freeze, type Scene } from '../../../ui/terminal/scene.ts'
import { initialState, type ScreenState, tabsOf } from '../../../ui/terminal/state.ts'
import { press } from '../../../ui/terminal/update.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'
import { profileOf as profileOfStacks } from '../profile/stacks.ts'
import { wallRun } from './wall-run.ts'

const run = syntheticRun(60)
const FLAME = 3
const STRESS = '2'
const base: Omit<Scene, 'state'> = {
  model: run.model,
  catalog: syntheticCatalog(),
  profileOf,
  live: true,
  title: 'run.ndjson',
}

/** The scene after these keys on the stacks. */
function pressed(keys: readonly string[], from: Partial<ScreenState> = {}): Scene {
  let state: ScreenState = { ...initialState, tab: FLAME, ...from }
  for (const key of keys) state = press({ ...base, state }, key, { width: 120, height: 30 }).state
  return { ...base, state }
}

async function exported(scene: Scene) {
  const [svg, folded] = await Promise.all([documentOf(scene, 'flame'), documentOf(scene, 'folded')])
  const text = [...(svg?.pieces ?? [])].join('')
  const lines = [...(folded?.pieces ?? [])].join('').trim().split('\n')
  return { name: svg?.name, text, ...extractProfile(text), lines, foldedName: folded?.name }
}

const weightOf = (lines: readonly string[]): number =>
  lines.reduce((sum, line) => sum + Number(/ (\d+)$/.exec(line)?.[1] ?? Number.NaN), 0)

const totalIn = (profile: Profile, column = STRESS): number =>
  totals(profile)[profile.columns.indexOf(column)]?.[0] ?? Number.NaN

function seen(scene: Scene) {
  const shown = flameOfScene(scene, tabsOf(scene.model, scene.catalog)[scene.state.tab])
  if (!shown) throw new Error('there are stacks')
  return shown
}

const titleLines = (svg: string): string[] =>
  [...svg.matchAll(/<text class="quiet" [^>]*>([^<]*)/g)].map(([, text = '']) => text)

describe('an exported flame graph', () => {
  it.each([
    ['as it is', []],
    ['without a function', ['down', 'down', 'down', 'x']],
    ['only through a function', ['down', 'down', 'down', 'right', 'o']],
    ['reversed', ['r']],
    ['with recursion collapsed', ['c']],
    ['without one, reversed and collapsed', ['down', 'down', 'down', 'x', 'c', 'r']],
  ])('holds the stacks that are seen: %s', async (_, keys) => {
    const scene = pressed(keys)
    const shown = seen(scene)
    const { profile, lines } = await exported(scene)
    expect(totalIn(profile)).toBe(totalIn(shown.tree.profile))
    expect(weightOf(lines)).toBe(totalIn(shown.tree.profile))
    expect(functionsOf(profile)).toEqual(functionsOf(shown.tree.profile))
  })

  it('says in its head what was done to the stacks, and in its name', async () => {
    const { text, name, foldedName } = await exported(pressed(['down', 'down', 'down', 'x', 'c']))
    expect(titleLines(text)[0]).toBe('shown: without handle_request_3, recursion collapsed')
    expect(name).toBe('stalls-blocked-stress-without-handle-request-3-collapsed.svg')
    expect(foldedName).toBe('stalls-blocked-stress-without-handle-request-3-collapsed.folded')
    expect(titleLines((await exported(pressed([]))).text)[0]).toMatch(/^api\[4242\]/)
  })

  it('is zoomed to what is zoomed to, and its stacks are those below it', async () => {
    const scene = pressed(['down', 'down', 'down', 'enter'])
    const path = scene.state.flames['stalls']?.root
    const { profile, about, lines, text } = await exported(scene)
    expect(pathOf(profile, about.start?.node ?? 0)).toEqual(path)
    // The whole is in the file: the reader zooms out.
    expect(totalIn(profile)).toBe(totalIn(seen(scene).whole))
    const { tree } = seen(scene)
    expect(weightOf(lines)).toBe(tree.weights.width[tree.root])
    for (const line of lines) expect(line.startsWith(`${path?.join(';')};`)).toBe(true)
    expect(text).toContain('zoomed to worker_main')
    // Drawn without scripts too: the zoomed frame is as wide as its callers.
    const widths = [...text.matchAll(/<rect class="\S+" x="0" width="([\d.]+)"/g)].map(([, width]) => width)
    expect(new Set(widths.slice(0, 4)).size).toBe(1)
  })

  it('of a sandwich begins as one, and its stacks are those through the function', async () => {
    const scene = pressed(['down', 'down', 'down', 's'])
    const { tree, callers } = seen(scene)
    const { about, text, lines, name } = await exported(scene)
    expect(about.start?.of).toBe('handle_request_3')
    expect(name).toBe('stalls-blocked-stress-around-handle-request-3.svg')
    expect(weightOf(lines)).toBe(totalIn(tree.profile))
    for (const line of lines) expect(line.split(/[; ]/)).toContain('handle_request_3')
    const rows = text.split('<g transform="translate(0 ').slice(1)
    expect(callers && functionsOf(callers.profile)).toContain('worker_main')
    const at = rows.findIndex((row) => row.includes('>handle_request_3</text>') && row.split('<rect').length === 2)
    expect([rows[at - 2], rows[at - 1]]).toEqual([
      expect.stringContaining('>main</text>'),
      expect.stringContaining('>worker_main</text>'),
    ])
    expect(rows.length - at).toBe(levelsOf(tree.profile) - 1)
    expect(text).toContain('around handle_request_3')
  })

  it('tells weights in the unit that is seen', async () => {
    const unitOf = async (...keys: string[]) => {
      const { about, text } = await exported(pressed(keys))
      const column = about.columns.find(({ key }) => key === STRESS)
      return [about.start?.unit, column?.divide?.per, /<text class="numbers"[^>]*>([^<]*)/.exec(text)?.[1]]
    }
    expect(await unitOf()).toEqual([undefined, 'request', expect.stringMatching(/^3\.42 ms\/request/)])
    expect(await unitOf('u')).toEqual([undefined, 'second', expect.stringMatching(/^16\.6 s\/second/)])
    expect(await unitOf('u', 'u')).toEqual(['total', 'request', expect.anything()])
    expect(await unitOf('u', 'u', 'u')).toEqual(['share', 'request', expect.anything()])
  })

  it('of two phases compares what is compared, in the same unit', async () => {
    const texts = async (...keys: string[]) => readable((await exported(pressed(['d', ...keys]))).text)
    const { about, name } = await exported(pressed(['d']))
    expect(name).toBe('stalls-blocked-stress-against-baseline.svg')
    expect(about.view).toEqual([1, 2])
    expect(await texts()).toContain('baseline 1.08 ms/request → stress 3.42 ms/request')
    expect(await texts('u')).toMatch(/baseline \S+ m?s\/second → stress 16\.6 s\/second/)
    expect(await texts('u', 'u')).toMatch(/baseline 100 % → stress 100 %/)
  })

  it('is searched for what is searched for, and shows it without scripts', async () => {
    const { about, text } = await exported(pressed([], { search: 'futex' }))
    expect(about.start?.search).toBe('futex')
    expect(readable(text)).toContain('searched for futex')
    const found = [...text.matchAll(/<g class="match"><title>([^\n<]*)/g)].map(([, name]) => name)
    expect(found.length).toBeGreaterThan(0)
    expect(new Set(found)).toEqual(new Set(['futex_wait']))
  })

  it('has its root where it is seen, also when the screen is frozen', async () => {
    const scene = pressed(['i', 'down', 'x'])
    expect((await exported(scene)).about.invert).toBe(true)
    const still = { ...scene, ...freeze({ model: run.model, profileOf }, syntheticCatalog()) }
    expect((await exported(still)).text).toBe((await exported(scene)).text)
  })

  it('never says that a part is all', async () => {
    const { text } = await exported(pressed(['down', 'down', 'down', 'right', 'o']))
    expect(readable(text)).toContain('100 % of what is shown')
    expect(readable(text)).not.toContain('% of stress')
  })
})

describe('stacks that are no probe’s', () => {
  it('the wall clock is exported as it is seen, also frozen', async () => {
    const source = await wallRun()
    const scene: Scene = { ...base, ...source, state: { ...initialState, tab: 3 } }
    const { name, profile, lines, text } = await exported(scene)
    expect(name).toMatch(/^wall-\S+\.svg$/)
    expect(totalIn(profile, '0')).toBe(totalIn(seen(scene).tree.profile, '0'))
    expect(lines.some((line) => line.includes('[blocked]'))).toBe(true)
    expect(readable(text)).toContain('Wall clock')
    const still = { ...scene, ...freeze(source, source.catalog) }
    expect((await exported(still)).text).toBe(text)
  })

  it('a file is exported under its own name, and opens again as it was left', async () => {
    const profile = profileOfStacks([
      { frames: ['main', 'read_[k]'], value: 30, column: 'a' },
      { frames: ['main', 'parse'], value: 10, column: 'a' },
    ])
    const options = { title: 'x', lines: ['2 stacks'], columns: [{ key: 'a', label: 'all' }], view: { column: 'a' } }
    const file = stackFile({ profile, value: 'count', options })
    const scene = (flames: ScreenState['flames']): Scene => ({
      ...{ ...base, live: false, title: '/tmp/before.folded', catalog: new Map() },
      ...{ model: file.model, profileOf: file.profileOf },
      state: { ...initialState, ...file.start, flames },
    })
    const zoom = ['main', 'read_[k]']
    const { name, about, profile: again, lines } = await exported(scene({ file: { root: zoom, selected: zoom } }))
    expect(name).toMatch(/^before-all\.svg$/)
    expect(lines).toEqual(['main;read_[k] 30'])
    const { columns, start, title } = about
    const reopened = stackFile({
      profile: again,
      value: 'count',
      options: { title, lines: [], columns, ...(start ? { start } : {}), view: { column: columns[0]?.key ?? '' } },
    })
    expect(reopened.start.flames?.['file']).toEqual({ root: zoom, selected: zoom })
  })
})

it('a place that is gone is no reason to fail: any keys give files of the same weight', async () => {
  const key = fc.constantFrom('down', 'right', 'up', 's', 'x', 'o', 'c', 'r', 'enter', 'u', 'd', 'p', 'i', 'backspace')
  await fc.assert(
    fc.asyncProperty(fc.array(key, { maxLength: 10 }), async (keys) => {
      const scene = pressed(keys)
      const { text, lines } = await exported(scene)
      expect(text.split('<metadata>')[0]).not.toMatch(/NaN|undefined|Infinity/)
      const shown = seen(scene)
      const sum = shown.pair ? null : (shown.tree.weights.width[shown.tree.root] ?? 0)
      if (sum !== null && lines[0] !== '') expect(weightOf(lines)).toBeCloseTo(sum, 3)
    }),
    { numRuns: 40 },
  )
}, 60_000)

/** Rows of all its boxes, with the root's. */
function levelsOf(profile: Profile): number {
  let levels = 0
  for (let node = 0; node < profile.size; node++) levels = Math.max(levels, pathOf(profile, node).length + 1)
  return levels
}

/** The functions that stacks pass through. */
function functionsOf(profile: Profile): string[] {
  const names = new Set<string>()
  for (let node = 1; node < profile.size; node++) names.add(nodeName(profile, node))
  return [...names].sort()
}

const readable = (svg: string): string => svg.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
