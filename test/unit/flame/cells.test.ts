import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createProfile } from '../../../audit/profile/build.ts'
import { findPath } from '../../../audit/profile/frame.ts'
import { type FlameCellsOptions, type FlameRow, flameCells } from '../../../ui/flame/cells.ts'
import { profileOf, type Stack, stacks } from '../profile/stacks.ts'

const small: Stack[] = [
  { frames: ['main', 'read_[k]'], value: 3_000_000, column: '1' },
  { frames: ['main', 'run_[j]', 'parse_[j]'], value: 1_000_000, column: '1' },
  { frames: ['main', 'read_[k]'], value: 9_000_000, column: '2' },
]

describe('the flame panel', () => {
  test('prints names and weights on their boxes', () => {
    expect(lines(flameCells(profileOf(small, 'ns'), { column: '1', width: 40, height: 9 }), 40)).toEqual([
      '│all 4.00 ms                            ',
      '│main 4.00 ms                           ',
      '│read 3.00 ms                 │run      ',
      '                              │parse    ',
    ])
  })

  test('says what was added in a difference, and colours by the change', () => {
    const rows = flameCells(profileOf(small, 'ns'), {
      pair: { base: '1', candidate: '2', baseScale: 1, candidateScale: 1 },
      width: 60,
      height: 3,
    })
    expect(rows[1]?.[0]?.text.trim()).toBe('│▒ main 9.00 ms +5.00 ms (×2.3)')
    expect(rows[2]?.map((run) => run.class)).toEqual(['grown3', 'gone'])
  })

  test('classes, search and selection are on the runs', () => {
    const profile = profileOf(small, 'ns')
    const selected = findPath(profile, ['main', 'run_[j]'])
    const rows = flameCells(profile, { column: '1', width: 40, height: 9, search: 'READ', selected })
    expect(rows.flat().map((run) => [run.class, run.highlighted, run.selected])).toEqual([
      ['root', false, false],
      ['user', false, false],
      ['kernel', true, false],
      ['jit', false, true],
      ['jit', false, false],
    ])
  })

  test('a box narrower than three cells has no name', () => {
    const profile = createProfile('samples')
    for (const [name, value] of [
      ['wide', 30],
      ['three', 3],
      ['two', 2],
    ] as const)
      profile.add([name], value, 1, '1')
    const row = flameCells(profile, { column: '1', width: 35, height: 2 })[1]
    expect(row?.map((run) => run.text.trim())).toEqual(['│th', '│', '│wide 30'])
  })

  test('a selection below the panel is scrolled into sight', () => {
    const profile = createProfile('samples')
    const deep = Array.from({ length: 40 }, (_, i) => `f${i}`)
    profile.add(deep, 1, 1, '1')
    const rows = flameCells(profile, {
      column: '1',
      width: 30,
      height: 8,
      selected: findPath(profile, deep.slice(0, 30)),
    })
    expect(rows.flat().filter((run) => run.selected).length).toBe(1)
    expect(rows.length).toBe(8)
  })

  test.each([
    { column: '1', width: 0, height: 5 },
    { column: '1', width: 5, height: 0 },
    { column: '1', width: -3, height: -3 },
  ])('draws nothing into %j', (options) => {
    expect(flameCells(profileOf(small), options)).toEqual([])
  })

  test('never writes outside its rectangle, whatever the names and the size', () => {
    const hostile = fc.array(
      fc.record({
        frames: fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { minLength: 1, maxLength: 5 }),
        value: fc.integer({ min: 0, max: 1000 }),
        column: fc.constantFrom('1', '2'),
      }),
      { maxLength: 20 },
    )
    const options: fc.Arbitrary<FlameCellsOptions> = fc
      .record({ width: fc.integer({ min: 1, max: 90 }), height: fc.integer({ min: 1, max: 9 }), pair: fc.boolean() })
      .map(({ pair, ...size }) => (pair ? { ...size, pair: { base: '1', candidate: '2' } } : { ...size, column: '1' }))
    fc.assert(
      fc.property(fc.oneof(hostile, stacks), options, (added, shown) => {
        const rows = flameCells(profileOf(added), shown)
        expect(rows.length).toBeLessThanOrEqual(shown.height)
        for (const row of rows) {
          let end = 0
          for (const run of row) {
            expect(run.x).toBeGreaterThanOrEqual(end)
            expect(run.text).toMatch(ONE_CELL_GLYPHS)
            expect(run.text.length).toBe(run.width)
            end = run.x + run.width
          }
          expect(end).toBeLessThanOrEqual(shown.width)
        }
      }),
    )
  })
})

// Printable ASCII, Latin, Greek, Cyrillic, and the signs of ours.
const ONE_CELL_GLYPHS = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f│…·±▒░▓╳]*$/

function lines(rows: FlameRow[], width: number): string[] {
  return rows.map((row) => row.reduce((line, run) => line.padEnd(run.x) + run.text, '').padEnd(width))
}
