import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  brush,
  type Cells,
  clearCells,
  createCells,
  diffCells,
  forgetCells,
  rowText,
} from '../../../ui/terminal/cells.ts'

const sgr = (style: number) => `\x1b[${style}m`

/** As much of a terminal as the writer uses: jumps, styles, text. */
function play(screen: Cells, bytes: string): void {
  let [x, y, style] = [0, 0, 0]
  for (const [token, row, column, colour] of bytes.matchAll(/\x1b7|\x1b8|\x1b\[(\d+);(\d+)H|\x1b\[(\d+)m|./gu)) {
    if (row && column) [y, x] = [Number(row) - 1, Number(column) - 1]
    else if (colour) style = Number(colour)
    else if (!token.startsWith('\x1b')) {
      const at = y * screen.width + x++
      screen.code[at] = token.codePointAt(0) ?? 0
      screen.style[at] = style
    }
  }
}

const grid = fc.array(fc.tuple(fc.constantFrom(...'ab█│ ·'), fc.integer({ min: 0, max: 3 })), {
  minLength: 60,
  maxLength: 60,
})
function cellsOf(content: [string, number][]): Cells {
  const cells = createCells(12, 5)
  content.forEach(([glyph, style], at) => {
    brush(cells).text(at % 12, Math.floor(at / 12), glyph, style)
  })
  return cells
}

describe('diffCells', () => {
  it('turns what a terminal shows into what is wanted, whatever both are', () => {
    fc.assert(
      fc.property(grid, grid, (before, after) => {
        const [shown, next] = [cellsOf(before), cellsOf(after)]
        const terminal = cellsOf(before)
        play(terminal, diffCells(shown, next, 0, 5, sgr))
        expect(terminal.code).toEqual(next.code)
        expect(terminal.style).toEqual(next.style)
        expect(diffCells(shown, next, 0, 5, sgr)).toBe('')
      }),
    )
  })

  it('touches only its rows', () => {
    const next = createCells(4, 3)
    for (const y of [0, 1, 2]) brush(next).text(0, y, 'abcd')
    expect(diffCells(createCells(4, 3), next, 1, 2, sgr)).toBe('\x1b7\x1b[2;1H\x1b[0mabcd\x1b[0m\x1b8')
  })

  it('jumps over what is unchanged, and repeats a short gap instead', () => {
    const shown = createCells(20, 1)
    brush(shown).text(0, 0, 'aXb', 1)
    const next = createCells(20, 1)
    brush(next).text(0, 0, 'cXd', 1)
    brush(next).text(19, 0, 'e', 1)
    expect(diffCells(shown, next, 0, 1, sgr)).toBe('\x1b7\x1b[1;1H\x1b[1mcXd\x1b[1;20He\x1b[0m\x1b8')
  })

  it('draws every cell after the terminal was forgotten', () => {
    const shown = createCells(3, 1)
    forgetCells(shown)
    expect(diffCells(shown, createCells(3, 1), 0, 1, sgr)).toContain('   ')
  })
})

describe('brush', () => {
  const any = fc.record({
    rect: fc.record({
      x: fc.integer({ min: -5, max: 15 }),
      y: fc.integer({ min: -5, max: 15 }),
      width: fc.integer({ min: -2, max: 15 }),
      height: fc.integer({ min: -2, max: 15 }),
    }),
    inner: fc.record({
      x: fc.integer({ min: -5, max: 15 }),
      y: fc.integer({ min: -5, max: 15 }),
      width: fc.integer({ min: -2, max: 15 }),
      height: fc.integer({ min: -2, max: 15 }),
    }),
    x: fc.integer({ min: -9, max: 20 }),
    y: fc.integer({ min: -9, max: 20 }),
    text: fc.string({ unit: 'grapheme', maxLength: 20 }),
  })

  it('never writes outside its rectangle, nor a part of it outside the part', () => {
    fc.assert(
      fc.property(any, ({ rect, inner, x, y, text }) => {
        const cells = createCells(10, 10)
        const whole = brush(cells, rect)
        whole.text(x, y, text, 1)
        whole.fill(x, y, 30, '#', 1)
        expect(outside(cells, rect)).toBe(0)
        clearCells(cells)
        whole.part(inner).text(x, y, text, 1)
        expect(outside(cells, rect)).toBe(0)
        const absolute = {
          x: Math.max(0, rect.x) + Math.max(0, inner.x),
          y: Math.max(0, rect.y) + Math.max(0, inner.y),
        }
        expect(outside(cells, { ...inner, ...absolute })).toBe(0)
      }),
    )
  })

  function outside(
    cells: Cells,
    { x, y, width, height }: { x: number; y: number; width: number; height: number },
  ): number {
    let count = 0
    cells.style.forEach((style, at) => {
      const [column, row] = [at % cells.width, Math.floor(at / cells.width)]
      if (style === 1 && !(column >= x && column < x + width && row >= y && row < y + height)) count++
    })
    return count
  }

  it.each([
    ['wide', '漢', '·'],
    ['emoji', '🔥', '·'],
    ['combining', 'e\u0301', 'e·'],
    ['right to left', '\u202eא', '··'],
    ['escape', '\x1b[2J', '·[2J'],
    ['ours', '▏█│…›×µ–┊└', '▏█│…›×µ–┊└'],
  ])('gives each glyph one column: %s', (_, text, expected) => {
    const cells = createCells(12, 1)
    brush(cells).text(0, 0, text)
    expect(rowText(cells, 0, sgr)).toBe(expected)
  })
})

describe('rowText', () => {
  it('carries styles, drops blanks at the end and ends plain', () => {
    const cells = createCells(9, 1)
    brush(cells).text(brush(cells).text(1, 0, 'a'), 0, 'b', 4)
    expect(rowText(cells, 0, sgr)).toBe(' a\x1b[4mb\x1b[0m')
  })
})
