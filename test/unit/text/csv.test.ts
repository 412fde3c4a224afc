import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvText } from '../../../ui/text/csv.ts'

describe('csvText', () => {
  it.each([
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['=HYPERLINK("x")', '"\'=HYPERLINK(""x"")"'],
    [-1.5, '-1.5'],
    [0, '0'],
    [null, ''],
    [Number.NaN, ''],
  ])('writes %j as %s', (value, text) => {
    expect(csvText([[value]])).toBe(`${text}\r\n`)
  })

  it('gives back what was written, and no cell that begins a formula', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), { maxLength: 5 }), (rows) => {
        const read = parse(csvText(rows))
        for (const cell of read.flat()) expect(cell).not.toMatch(/^[=+\-@\t\r]/)
        expect(read.map((row) => row.map((cell) => cell.replace(/^'(?=[=+\-@\t\r])/, '')))).toEqual(
          rows.map((row) => row.map((cell) => cell.replace(/^'(?=[=+\-@\t\r])/, ''))),
        )
      }),
    )
  })
})

/** RFC 4180, character by character. */
function parse(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let cell = ''
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const [one, two] = [text[at], text[at + 1]]
    if (quoted && one === '"' && two === '"') {
      cell += '"'
      at++
    } else if (one === '"') quoted = !quoted
    else if (!quoted && one === ',') {
      row.push(cell)
      cell = ''
    } else if (!quoted && one === '\r' && two === '\n') {
      rows.push([...row, cell])
      row = []
      cell = ''
      at++
    } else cell += one
  }
  return rows
}
