import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sortAsTracer } from '../../../probes/symbols/tracer-order.ts'

/** Where std::sort (GCC 12, libstdc++) has put each of n entries whose keys are (7 i + 3) mod 5. */
const asStdSort: [entries: number, order: number[]][] = [
  [16, [1, 6, 11, 4, 9, 14, 2, 7, 12, 0, 5, 10, 15, 3, 8, 13]],
  [17, [1, 16, 11, 6, 4, 9, 14, 7, 2, 12, 5, 10, 15, 0, 3, 8, 13]],
  [
    40,
    [
      1, 36, 31, 6, 26, 21, 11, 16, 39, 34, 29, 24, 19, 14, 9, 4, 37, 12, 17, 2, 32, 22, 7, 27, 0, 35, 30, 5, 25, 20,
      10, 15, 28, 8, 23, 33, 3, 18, 38, 13,
    ],
  ],
  [
    100,
    [
      1, 36, 31, 41, 46, 26, 51, 56, 21, 61, 66, 16, 71, 76, 11, 96, 81, 86, 6, 91, 34, 74, 99, 39, 94, 44, 89, 49, 54,
      84, 59, 64, 79, 69, 24, 14, 9, 19, 29, 4, 12, 52, 82, 22, 57, 77, 97, 62, 72, 17, 67, 7, 32, 37, 2, 92, 42, 27,
      47, 87, 5, 10, 90, 80, 95, 75, 85, 0, 70, 45, 65, 25, 35, 50, 30, 60, 20, 15, 55, 40, 3, 28, 43, 93, 8, 38, 98,
      33, 88, 48, 83, 53, 23, 58, 78, 63, 13, 73, 18, 68,
    ],
  ],
]

describe('symbols that share an address', () => {
  test.each(asStdSort)('stand in the order of std::sort: %i entries', (entries, order) => {
    const starts = Float64Array.from({ length: entries }, (_, i) => (i * 7 + 3) % 5)
    expect([...sortAsTracer(starts)]).toEqual(order)
  })

  test('are sorted whatever they are, and none is lost', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 400 }), (values) => {
        const starts = Float64Array.from(values)
        const order = sortAsTracer(starts)
        expect([...starts]).toEqual([...values].sort((a, b) => a - b))
        expect(Array.from(order, (from) => values[from])).toEqual([...starts])
        expect(new Set(order).size).toBe(values.length)
      }),
    )
  })

  test('are sorted in time, even in an order made to defeat a quicksort', () => {
    const values = medianKiller(20_000)
    const starts = Float64Array.from(values)
    sortAsTracer(starts)
    expect(starts).toEqual(Float64Array.from(values).sort())
  })
})

/** Each pivot that a median of three picks is the second smallest left (Musser 1997, section 3). */
function medianKiller(length: number): number[] {
  const half = length / 2
  return Array.from({ length }, (_, i) =>
    i < half ? (i % 2 === 0 ? i + 1 : half + i + (half % 2)) : (i - half + 1) * 2,
  )
}
