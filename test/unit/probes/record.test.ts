import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { histogramOf } from '../../../probes/histogram.ts'
import { byKey, count, histogram, latest, mergeData, peak, rows, wholeOrUnknown } from '../../../probes/record.ts'

const waits = (...buckets: [number, number][]) => histogramOf(buckets, 10)
const flow = (to: string, n: number) => ({ to, count: n })
const flows = () => rows(z.array(z.object({ to: z.string(), count: z.number() })), (row) => row.to)

const words: { word: string; schema: z.ZodType; a: unknown; b: unknown; sum: unknown }[] = [
  { word: 'a count adds', schema: count(), a: 2, b: 3, sum: 5 },
  { word: 'a peak keeps the higher, first', schema: peak(), a: 9, b: 3, sum: 9 },
  { word: 'a peak keeps the higher, second', schema: peak(), a: 3, b: 9, sum: 9 },
  {
    word: 'a histogram adds bucket by bucket',
    schema: histogram(),
    a: waits([1, 1], [5, 2]),
    b: waits([5, 3], [9, 1]),
    sum: histogramOf(
      [
        [1, 1],
        [5, 5],
        [9, 1],
      ],
      20,
    ),
  },
  { word: 'what is so at the end replaces', schema: latest(z.array(z.number())), a: [1, 2], b: [], sum: [] },
  { word: 'what is so at the end replaces a number', schema: latest(z.number()), a: 8, b: 2, sum: 2 },
  {
    word: 'rows of one identity add, the others stand beside, biggest first',
    schema: flows(),
    a: [flow('x', 5), flow('y', 1)],
    b: [flow('y', 7), flow('z', 2)],
    sum: [flow('y', 8), flow('x', 5), flow('z', 2)],
  },
  {
    word: 'keys of one side only are kept',
    schema: byKey(count()),
    a: { EAGAIN: 1 },
    b: { EAGAIN: 2, EPIPE: 4 },
    sum: { EAGAIN: 3, EPIPE: 4 },
  },
  {
    word: 'names that every object inherits are names like others',
    schema: byKey(count()),
    a: { read: 1 },
    b: { constructor: 2, toString: 3 },
    sum: { read: 1, constructor: 2, toString: 3 },
  },
  {
    word: 'records within records',
    schema: z.object({ ports: byKey(z.object({ n: count(), depth: peak().nullable(), limit: latest(z.number()) })) }),
    a: { ports: { 80: { n: 1, depth: 4, limit: 128 } } },
    b: { ports: { 80: { n: 2, depth: null, limit: 64 }, 81: { n: 1, depth: 1, limit: 1 } } },
    sum: { ports: { 80: { n: 3, depth: 4, limit: 64 }, 81: { n: 1, depth: 1, limit: 1 } } },
  },
]

describe('two windows of a phase add up', () => {
  test.each(words)('$word', ({ schema, a, b, sum }) => {
    const before = structuredClone([a, b])
    expect(mergeData(schema, a, b)).toEqual(sum)
    expect([a, b], 'the windows themselves stay as they were').toEqual(before)
  })

  test.each(words)('$word: nullable', ({ schema, a, b, sum }) => {
    expect(mergeData(schema.nullable(), a, b)).toEqual(sum)
    expect(mergeData(schema.optional(), a, b)).toEqual(sum)
  })
})

describe('an unknown side', () => {
  const sides = words.flatMap(({ word, schema, a }) => [
    { word: `${word}: null after it`, schema, first: a, second: null, kept: a },
    { word: `${word}: null before it`, schema, first: null, second: a, kept: a },
    { word: `${word}: absent after it`, schema, first: a, second: undefined, kept: a },
    { word: `${word}: absent before it`, schema, first: undefined, second: a, kept: a },
  ])
  test.each(sides)('$word', ({ schema, first, second, kept }) => {
    expect(mergeData<unknown>(schema.nullish(), first, second)).toEqual(kept)
  })

  test('of both is unknown still, not zero', () => {
    expect(mergeData(count().nullable(), null, null)).toBeNull()
    const record = z.object({ n: count(), idle: count().optional() })
    expect(mergeData<z.infer<typeof record>>(record, { n: 1 }, { n: 2 })).toEqual({ n: 3 })
  })
})

test('what is known of a part only is unknown of the whole', () => {
  const record = z.object({ n: wholeOrUnknown(count()) })
  const sum = (a: number | null, b: number | null) => mergeData<z.infer<typeof record>>(record, { n: a }, { n: b }).n
  expect([sum(1, 2), sum(1, null), sum(null, 2), sum(null, null)]).toEqual([3, null, null, null])
  expect(mergeData(z.record(z.string(), record), { a: { n: 1 } }, { b: { n: null } })).toEqual({
    a: { n: 1 },
    b: { n: null },
  })
})

test('a word used in two places adds in each by its own rule', () => {
  const shared = z.array(z.number())
  const record = z.object({ open: latest(shared), other: latest(z.number().nullable()), n: count() })
  expect(
    mergeData<z.infer<typeof record>>(record, { open: [1], other: 4, n: 1 }, { open: [2], other: null, n: 1 }),
  ).toEqual({ open: [2], other: 4, n: 2 })
})
