import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createLineSplitter } from '../../../probes/lines.ts'

function collect() {
  const seen = { lines: [] as string[], truncated: 0 }
  const splitter = createLineSplitter((line) => seen.lines.push(line), {
    limit: 64 * 2 ** 20,
    onDropped: () => seen.truncated++,
  })
  return { seen, splitter }
}

describe('the tracer’s output', () => {
  test('is cut into the same lines whatever its chunks', () => {
    const text = fc
      .array(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 8 })
      .map((lines) => lines.join('\n'))
    fc.assert(
      fc.property(text, fc.array(fc.nat(100), { maxLength: 12 }), (whole, cuts) => {
        const bytes = Buffer.from(whole)
        const { seen, splitter } = collect()
        let from = 0
        for (const at of cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b)) {
          splitter.write(bytes.subarray(from, at))
          from = at
        }
        splitter.write(bytes.subarray(from))
        splitter.end()
        expect(seen.lines).toEqual(
          whole
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => line.replace(/\r$/, '')),
        )
        expect(seen.truncated).toBe(0)
      }),
    )
  })

  test('without an end of line at its end is a line still', () => {
    const { seen, splitter } = collect()
    splitter.write(Buffer.from('a\nb'))
    expect(seen.lines).toEqual(['a'])
    splitter.end()
    expect(seen.lines).toEqual(['a', 'b'])
  })

  test('loses a line of more than 64 MiB, says so, and goes on with the next', () => {
    const { seen, splitter } = collect()
    const mebibyte = Buffer.alloc(2 ** 20, 'x')
    splitter.write(Buffer.from('before\n'))
    for (let i = 0; i < 65; i++) splitter.write(mebibyte)
    splitter.write(Buffer.from('tail\nafter\n'))
    splitter.end()
    expect(seen).toEqual({ lines: ['before', 'after'], truncated: 1 })
  })
})
