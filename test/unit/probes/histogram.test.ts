import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bucketCeil,
  bucketFloor,
  bucketOf,
  emptyHistogram,
  type Histogram,
  histogramOf,
  mean,
  mergeHistograms,
  percentile,
} from '../../../probes/histogram.ts'
import { dialectOf } from '../../../probes/script/dialect.ts'
import { variable } from '../../../probes/script/expr.ts'
import { log16 } from '../../../probes/script/parts.ts'
import { printStatement } from '../../../probes/script/print.ts'

const LARGEST = 2 ** 53 - 1

/** Values of every size alike: most numbers below 2^53 have 50 bits or more. */
const value = fc
  .tuple(fc.integer({ min: 0, max: 53 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([bits, share]) => Math.min(LARGEST, Math.floor(share * 2 ** bits)))
const edges = Array.from({ length: 54 }, (_, bits) => 2 ** bits).flatMap((power) => [power - 1, power, power + 1])
const edgeValues = edges.filter((edge) => edge <= LARGEST)
const values = fc.array(value, { maxLength: 60 })
const histogramOfValues = (all: readonly number[]): Histogram =>
  histogramOf(
    all.map((one) => [bucketOf(one), 1] as const),
    all.reduce((a, b) => a + b, 0),
  )

describe('a bucket', () => {
  test('holds exactly the values from its floor to its ceiling', () => {
    const holds = (n: number) => {
      const bucket = bucketOf(n)
      expect(bucketFloor(bucket)).toBeLessThanOrEqual(n)
      expect(bucketCeil(bucket)).toBeGreaterThan(n)
      expect(bucketOf(bucketFloor(bucket))).toBe(bucket)
    }
    edgeValues.forEach(holds)
    fc.assert(fc.property(value, holds))
  })

  test('begins where the one below ends, and is at most 6.25 % wide', () => {
    for (let bucket = 0; bucket < bucketOf(LARGEST); bucket++) {
      expect(bucketCeil(bucket)).toBe(bucketFloor(bucket + 1))
      if (bucket >= 16) expect(bucketCeil(bucket) / bucketFloor(bucket)).toBeLessThanOrEqual(1 + 1 / 16)
    }
  })

  test('of a value below 16 is the value', () => {
    for (let n = 0; n < 16; n++) expect(bucketOf(n)).toBe(n)
  })

  test('is the one the kernel programs compute by shifts', () => {
    const ladder = printedLadder()
    const same = (n: number) => {
      expect(Number(ladder(BigInt(n)))).toBe(bucketOf(n))
    }
    edgeValues.forEach(same)
    fc.assert(fc.property(value, same))
  })
})

/** The printed shifts and ifs, run as JavaScript on 64-bit integers. */
function printedLadder(): (value: bigint) => bigint {
  const printer = { dialect: dialectOf([0, 17, 0]), layout: null, resultName: () => '', scratchName: () => '' }
  const statements = log16(variable('int', 'value'), 'lat', () => [])
  const body = statements.flatMap((statement) => printStatement(printer, statement, '')).join('\n')
  const names = new Set([...body.matchAll(/\$\w+/g)].map(([name]) => name))
  names.delete('$value')
  const asJavaScript = body.replaceAll('(uint64)', '').replace(/(?<![\w$])\d+/g, '$&n')
  return runInNewContext(`($value) => { let ${[...names].join(', ')}\n${asJavaScript}\nreturn $lat_b }`)
}

describe('a histogram', () => {
  test('built from buckets in any order has them once, ascending, without empty ones', () => {
    expect(
      histogramOf(
        [
          [20, 2],
          [3, 1],
          [20, 5],
          [7, 0],
        ],
        99,
      ),
    ).toEqual({
      unit: 'ns',
      scheme: 'log16',
      count: 8,
      sum: 99,
      max: bucketCeil(20) - 1,
      buckets: [
        [3, 1],
        [20, 7],
      ],
    })
  })

  test('has a maximum at most 6.25 % above the true one', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), (all) => {
        const { max } = histogramOfValues(all)
        expect(max).toBeGreaterThanOrEqual(Math.max(...all))
        expect(max).toBeLessThanOrEqual(Math.max(...all) * 1.0625)
      }),
    )
  })

  test('merges as if all values had been in one', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const merged = mergeHistograms(histogramOfValues(a), histogramOfValues(b))
        expect({ ...merged, sum: 0 }).toEqual({ ...histogramOfValues([...a, ...b]), sum: 0 })
      }),
    )
  })

  test('merges in any order and grouping to the same', () => {
    // Sums of whole numbers that stay exact: 60 values of up to 2^40.
    const small = fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { maxLength: 60 }).map(histogramOfValues)
    fc.assert(
      fc.property(small, small, small, (a, b, c) => {
        expect(mergeHistograms(a, b)).toEqual(mergeHistograms(b, a))
        expect(mergeHistograms(mergeHistograms(a, b), c)).toEqual(mergeHistograms(a, mergeHistograms(b, c)))
        expect(mergeHistograms(a, emptyHistogram())).toEqual(a)
      }),
    )
  })

  test('is not changed by merging', () => {
    const [a, b] = [histogramOfValues([1, 100]), histogramOfValues([100, 5000])]
    const before = structuredClone([a, b])
    mergeHistograms(a, b)
    expect([a, b]).toEqual(before)
  })
})

describe('a percentile', () => {
  test('of nothing is unknown', () => {
    expect(percentile(emptyHistogram(), 0.5)).toBeNull()
    expect(mean(emptyHistogram())).toBeNull()
  })

  test('lies in the bucket of the value of that rank', () => {
    const some = fc.array(value, { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(some, fc.double({ min: 0, max: 1, noNaN: true }), (all, q) => {
        const sorted = all.toSorted((a, b) => a - b)
        const truth = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN
        const bucket = bucketOf(truth)
        const found = percentile(histogramOfValues(all), q) ?? Number.NaN
        expect(found).toBeGreaterThanOrEqual(bucketFloor(bucket))
        expect(found).toBeLessThan(bucketCeil(bucket))
      }),
    )
  })

  test('never falls when the share rises', () => {
    const some = fc.array(value, { minLength: 1, maxLength: 60 }).map(histogramOfValues)
    fc.assert(
      fc.property(some, (histogram) => {
        let last = 0
        for (let q = 0; q <= 1; q += 0.05) {
          const at = percentile(histogram, q) ?? Number.NaN
          expect(at).toBeGreaterThanOrEqual(last)
          last = at
        }
        expect(percentile(histogram, 1)).toBe(histogram.max)
      }),
    )
  })

  test('does not hide the mean, which is exact', () => {
    expect(mean(histogramOfValues([1, 2, 3, 1_000_000]))).toBe(1_000_006 / 4)
  })
})
