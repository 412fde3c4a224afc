import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findPath, profileOf, totals } from '../../../audit/index.ts'
import { brush, createCells, rowText } from '../../../ui/terminal/cells.ts'
import { stackFile } from '../../../ui/terminal/flame/file.ts'
import {
  type FlameState,
  noFlame,
  type Shape,
  shaped,
  withoutShape,
  withShape,
} from '../../../ui/terminal/flame/shape.ts'
import { unitShown, unitsOf } from '../../../ui/terminal/flame/unit.ts'
import { layoutOf } from '../../../ui/terminal/layout.ts'
import { drawPanel } from '../../../ui/terminal/panels/panel.ts'
import { freeze, type Scene } from '../../../ui/terminal/scene.ts'
import { initialState, type ScreenState } from '../../../ui/terminal/state.ts'
import { press } from '../../../ui/terminal/update.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'
import { profileOf as profileOfStacks, stacks } from '../profile/stacks.ts'
import { screen } from './screen-text.ts'
import { wallRun } from './wall-run.ts'

const run = syntheticRun(60)
const FLAME = 3
const still: Omit<Scene, 'state'> = {
  model: run.model,
  catalog: syntheticCatalog(),
  profileOf,
  live: true,
  title: 'run.ndjson',
}

/** The scene after these keys, pressed on a screen of this size. */
function pressed(
  keys: readonly string[],
  columns = 120,
  rows = 40,
  from: Partial<ScreenState> = {},
  base = still,
): Scene {
  const { panel } = layoutOf({ columns, rows })
  let state: ScreenState = { ...initialState, tab: FLAME, ...from }
  for (const key of keys) state = press({ ...base, state }, key, { width: columns, height: panel.height - 3 }).state
  return { ...base, state }
}

describe('the flame panel', () => {
  it.each([
    ['diff', 160, 40, ['d']],
    ['diff-narrow', 60, 15, ['d', 'n']],
    ['sandwich', 120, 40, ['down', 'down', 'down', 's']],
    ['hidden', 120, 30, ['down', 'down', 'down', 'x', 'c', 'i']],
  ] as const)('shows the %s at %ix%i', async (name, columns, rows, keys) => {
    const text = screen(pressed(keys, columns, rows), columns, rows).join('\n')
    await expect(`${text}\n`).toMatchFileSnapshot(`golden/flame-${name}-${columns}x${rows}.txt`)
  })

  it('begins a search where most of the time is, not at the first sliver', () => {
    const profile = profileOfStacks([
      { frames: ['main', 'a', 'lock'], value: 5, column: 'a' },
      { frames: ['main', 'b', 'lock'], value: 30, column: 'a' },
    ])
    const { model, start, ...file } = stackFile({
      profile,
      value: 'count',
      options: { title: 'x', lines: [], columns: [{ key: 'a', label: 'all' }], view: { column: 'a' } },
    })
    const scene = { ...still, model, catalog: new Map(), profileOf: file.profileOf }
    const { flames } = pressed(['/', 'lock', 'enter'], 120, 40, { tab: 0, ...start }, scene).state
    expect(Object.values(flames).map(({ selected }) => selected)).toEqual([['main', 'b', 'lock']])
  })

  it('says in a difference what is compared, both sides, and how sure that is', () => {
    const rows = screen(pressed(['d', 'down']), 120, 40)
    expect(rows.join('\n')).toMatch(/ stress − baseline ──$/m)
    expect(rows.slice(-5, -3)).toEqual([
      ' baseline 1.08 ms/request → stress 3.42 ms/request · +2.34 ms/request (×3.2)   95 %: ×2.3 to ×4.4   1.93 k events',
      ' main',
    ])
    expect(rows.at(-3)).toMatch(/^ width: the larger side, time per request .* ╳gone .* ▓new$/)
  })

  it('goes with d through the other phases, the baseline first, then to none; D goes back', () => {
    const compared = (...keys: string[]) => pressed(keys).state.compare
    expect([compared('d'), compared('d', 'd'), compared('d', 'd', 'd')]).toEqual([1, 0, null])
    expect(compared('D')).toBe(0)
  })

  it('holds tables and figures against the phase that is compared with', () => {
    const at = (compare: number | null) =>
      screen(pressed([], 120, 40, { tab: 0, compare }), 120, 40).findLast((row) =>
        row.startsWith(' Stalls blocked/req'),
      )
    expect(at(null)).toMatch(/×3\.2/)
    expect(at(0)).not.toMatch(/×3\.2/)
    const remark = screen(pressed(['D'], 120, 40, { tab: 0, phaseId: 2 }), 120, 40)
    expect(remark.find((row) => row.includes('By phase'))).toMatch(/× worse than idle/)
  })

  it('lists the top movers beside a wide graph, and goes from one to the next', () => {
    const list = (scene: Scene) => screen(scene, 160, 40).map((row) => row.slice(114))
    expect(list(pressed(['d'], 160, 40)).join('\n')).toMatch(/Top movers/)
    expect(screen(pressed(['d'], 120, 40), 120, 40).join('\n')).not.toMatch(/Top movers/)
    const selected = (...keys: string[]) => pressed(['d', ...keys], 160, 40).state.flames['stalls']?.selected.at(-1)
    expect(selected('n')).toBe('schedule_timeout_[k]')
    expect(selected('n', 'n')).toBe('futex_wait_[k]')
    expect(selected('n', 'n', 'N')).toBe('schedule_timeout_[k]')
  })

  it('prints the same weight in each unit, and names the unit', () => {
    const numbers = (...keys: string[]) => screen(pressed(keys), 120, 40).at(-4)?.trim().split('   ')[0]
    expect([numbers(), numbers('u'), numbers('u', 'u'), numbers('u', 'u', 'u')]).toEqual([
      '3.42 ms per request',
      '16.6 s per second',
      '582 s',
      '100 % of all',
    ])
    expect(numbers('u', 'u', 'u', 'u')).toBe(numbers())
  })

  it('puts the root where i says, and steps as it is drawn', () => {
    const rows = screen(pressed(['i']), 120, 40)
    expect(rows.at(-5)).toMatch(/^│all/)
    expect(pressed(['i', 'up']).state.flames['stalls']?.selected).toEqual(['main'])
    expect(pressed(['down', 'i', 'down']).state.flames['stalls']?.selected).toEqual([])
  })

  it('takes off the last thing that was done to the stacks, and stands where it stood', () => {
    const place = (...keys: string[]) => pressed(['down', 'down', 'down', ...keys]).state.flames['stalls']
    const before = place()
    expect(place('s', 'backspace')).toEqual(before)
    expect(place('s', 'escape')).toEqual(before)
    expect(place('c', 's', 'up', 'X')).toEqual(before)
    expect(place('c', 'c')).toEqual(before)
    expect(place('x')?.selected).toEqual(['main', 'worker_main'])
    expect(place('o')?.selected).toEqual(before?.selected)
  })

  it('walks from a function of a sandwich to its callers and its callees; enter makes the sandwich of another', () => {
    const place = (...keys: string[]) => pressed(['down', 'down', 'down', 's', ...keys]).state.flames['stalls']
    const [name] = place()?.selected ?? []
    expect(place('up')).toMatchObject({ isAbove: true, selected: [name, 'worker_main'] })
    expect(place('up', 'down')?.isAbove).toBeUndefined()
    expect(place('down')?.selected).toHaveLength(2)
    expect(place('up', 'enter')?.shapes).toMatchObject([{ kind: 'sandwich', name: 'worker_main' }])
  })

  it('keeps the selected frame by its path when the phase changes', () => {
    const keys = ['down', 'down', 'down', 'right']
    expect(pressed([...keys, 'p', 'p']).state.flames).toEqual(pressed(keys).state.flames)
  })
})

describe('whatever is asked for', () => {
  const key = fc.constantFrom(
    'd',
    'D',
    'u',
    'i',
    's',
    'x',
    'o',
    'c',
    'r',
    'X',
    'n',
    'enter',
    'backspace',
    'up',
    'down',
    'left',
    'right',
    'P',
  )

  it('never writes outside its rectangle, nor what is no number', () => {
    const rect = fc.record({
      x: fc.integer({ min: 0, max: 30 }),
      y: fc.integer({ min: 0, max: 10 }),
      width: fc.integer({ min: 0, max: 170 }),
      height: fc.integer({ min: 0, max: 50 }),
    })
    fc.assert(
      fc.property(fc.array(key, { maxLength: 12 }), rect, (keys, { x, y, width, height }) => {
        const cells = createCells(200, 60)
        drawPanel(pressed(keys), brush(cells, { x, y, width, height }))
        cells.code.forEach((code, at) => {
          const [column, row] = [at % 200, Math.floor(at / 200)]
          const isInside = column >= x && column < x + width && row >= y && row < y + height
          if (!isInside && code !== 0x20) throw new Error(`wrote at ${column},${row}`)
        })
        const text = Array.from({ length: 60 }, (_, line) => rowText(cells, line, () => '')).join('\n')
        expect(text).not.toMatch(/NaN|undefined|Infinity/)
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  const steps = fc.array(fc.tuple(fc.constantFrom('hide', 'collapse', 'reverse', 'only'), fc.nat(20)), { maxLength: 4 })
  const shapesOf = (some: readonly (readonly [string, number])[], names: readonly string[]): Shape[] =>
    some.flatMap(([kind, index]): Shape[] => {
      const name = names[index % Math.max(1, names.length)]
      if (kind === 'collapse') return [{ kind }]
      if (kind === 'reverse') return [{ kind, from: noFlame }]
      return name === undefined ? [] : [{ kind: kind as 'hide' | 'only', name }]
    })

  it('weights are kept: only what is left out is missing, and both sides of a sandwich weigh the same', () => {
    fc.assert(
      fc.property(stacks, steps, (added, some) => {
        const profile = profileOfStacks(added)
        const shapes = shapesOf(some, profile.names)
        const sums = (of: typeof profile | ReturnType<typeof shaped>['profile']) =>
          totals(of).map((total) => Math.round((total[0] ?? 0) * 1e6))
        const isWhole = shapes.every(({ kind }) => kind !== 'only')
        if (isWhole) expect(sums(shaped(profile, shapes).profile)).toEqual(sums(profile))
        const name = profile.names[0]
        if (name === undefined) return
        const { profile: callees, callers } = shaped(profile, [...shapes, { kind: 'sandwich', name, from: noFlame }])
        expect(callers && sums(callers)).toEqual(sums(callees))
      }),
    )
  })

  it('a selected stack is found again after a frame is hidden and recursion collapsed', () => {
    fc.assert(
      fc.property(stacks, fc.nat(), steps, (added, pick, some) => {
        const profile = profileOfStacks(added)
        const chosen = added[pick % Math.max(1, added.length)]
        if (!chosen || chosen.value === 0) return
        const shapes = shapesOf(some, profile.names).filter(({ kind }) => kind !== 'only' && kind !== 'reverse')
        const start: FlameState = { root: [], selected: chosen.frames }
        const state = shapes.reduce<FlameState>(withShape, start)
        expect(findPath(shaped(profile, state.shapes ?? []).profile, state.selected)).not.toBeNull()
        expect(
          state.shapes?.reduceRight<FlameState>((one, shape) => withoutShape(one, shape) ?? one, state).shapes,
        ).toBeUndefined()
      }),
    )
  })
})

describe('units', () => {
  const load = { requests: 10, seconds: 2 }
  const none = { requests: null, seconds: null }
  it.each([
    [[load], ['request', 'second', 'total', 'share']],
    [[none], ['total', 'share']],
    [
      [load, load],
      ['request', 'second', 'share'],
    ],
    [[load, none], ['share']],
  ])('of %j are %j: the sums of two phases are not compared', (sides, expected) => {
    expect(unitsOf(sides)).toEqual(expected)
  })

  it('are the one that says most where none, or one that cannot be said, is chosen', () => {
    expect(unitShown(null, 'ns', [load])).toBe('request')
    expect(unitShown(null, 'samples', [load])).toBe('total')
    expect(unitShown('request', 'ns', [none])).toBe('total')
    expect(unitShown('total', 'ns', [load, load])).toBe('request')
  })
})

describe('stacks that are no probe’s', () => {
  it('the wall clock is a tab where both kinds of stacks are recorded, also when it is frozen', async () => {
    const { model, catalog, profileOf: of } = await wallRun()
    const live = { model, profileOf: of }
    const scene = (source: Pick<Scene, 'model' | 'profileOf'>): Scene => ({
      ...still,
      ...source,
      catalog,
      state: { ...initialState, tab: 3 },
    })
    const rows = screen(scene(live), 100, 26)
    expect(rows[2]).toMatch(/ Wall /)
    expect(rows.join('\n')).toMatch(/│\[blocked\] 600 ms +│\[on CPU\]$/m)
    expect(rows.find((row) => row.includes('width: time'))).toMatch(/on CPU {3}blocked$/)
    expect(screen(scene(freeze(live, catalog)), 100, 26)).toEqual(rows)
  })

  it('a file of stacks is a screen of its own: its columns are phases, its facts stand above', () => {
    const profile = profileOfStacks([
      { frames: ['main', 'read_[k]'], value: 30, column: 'a' },
      { frames: ['main', 'parse'], value: 10, column: 'b' },
    ])
    const columns = [
      { key: 'a', label: 'before' },
      { key: 'b', label: 'after' },
    ]
    const file = (view: { column: string } | { base: string; candidate: string }) => {
      const {
        model,
        profileOf: of,
        start,
      } = stackFile({
        profile,
        value: 'count',
        options: { title: 'x', lines: ['2 stacks'], columns, view },
      })
      const state = { ...initialState, ...start }
      return { ...still, live: false, title: '/tmp/x.folded', model, catalog: new Map(), profileOf: of, state }
    }
    const rows = screen(file({ column: 'a' }), 100, 26)
    expect(rows[0]).toBe(' stacks  x.folded')
    expect(rows[1]).toBe(' 2 stacks')
    expect(rows[2]).toBe(' 1 Stacks')
    expect(rows[3]).toMatch(/ before ──$/)
    expect(rows.at(-4)).toMatch(/^ 30 samples {3}self 0 {3}100 % of all {3}all$/)
    expect(rows.at(-2)).toMatch(/^ · width: samples: how often a thread was seen there · \[unknown\] frames: 0 %/)
    const diff = screen(file({ base: 'a', candidate: 'b' }), 100, 20)
    expect(diff[3]).toMatch(/ after − before ──$/)
    expect(diff.join('\n')).toMatch(/parse/)
  })
})
