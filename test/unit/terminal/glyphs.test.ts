import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { brush, createCells, rowText } from '../../../ui/terminal/cells.ts'
import { asciiOf, asciiText, toAscii } from '../../../ui/terminal/glyphs.ts'

const root = join(import.meta.dirname, '../../../')
const ours = ['ui/terminal', 'ui/text', 'ui/flame', 'probes/catalog', 'audit/telemetry'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/glyphs|viewer|svg|embed/.test(name))
    .map((name) => readFileSync(join(root, folder, name), 'utf8')),
)

describe('a terminal without UTF-8', () => {
  it('has a stand-in for every glyph that the panels draw', () => {
    const used = new Set(ours.flatMap((text) => text.match(/[^\x00-\x7e]/gu) ?? []))
    expect(used.size).toBeGreaterThan(20)
    const missing = [...used].filter((glyph) => asciiText(glyph) === '?')
    expect(missing).toEqual([])
  })

  it('sees levels and bars grow', () => {
    expect(asciiText('▁▂▃▄▅▆▇█ ██▍ ░▒▓')).toBe('_.-:=+*# ##. .:%')
  })

  it('sees braille by its number of dots', () => {
    expect(asciiText('\u2800\u2801\u28ff')).toBe(' .*')
  })

  it('reads letters without their accents, and no others', () => {
    expect(asciiText('Größe é 漢字')).toBe('Gro?e e ??')
  })

  it('gets one ASCII cell for each cell, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 40 }), (codes) => {
        const text = codes.map((code) => String.fromCodePoint(code)).join('')
        const cells = createCells(40, 1)
        brush(cells).text(0, 0, text)
        toAscii(cells)
        const row = rowText(cells, 0, () => '')
        expect(row).toMatch(/^[\x20-\x7e]*$/)
        expect(row.length).toBeLessThanOrEqual(40)
      }),
    )
  })

  it('leaves the marks of the cell writer alone', () => {
    expect(asciiOf(0xffffffff)).toBe(0xffffffff)
  })
})
