import { expect, test } from 'vitest'
import type { LoadSlice } from '../../../audit/load/generator.ts'
import { sumHdr } from '../../../audit/load/hdr.ts'
import { createSampleBooks, type Sample } from '../../../audit/load/samples.ts'

const ns = (ms: number) => BigInt(Math.round(ms * 1e6))
const ok = (startMs: number, responseMs = 10, phase: number | null = null): Sample => ({
  startNs: ns(startMs),
  responseMs,
  serviceMs: responseMs,
  outcome: 'ok',
  phase,
})
function booksOf() {
  const slices: LoadSlice[] = []
  return { slices, books: createSampleBooks((slice) => slices.push(slice)) }
}
const shape = (slices: LoadSlice[]) =>
  slices.map((s) => [s.phase, Number(s.startNs) / 1e6, Number(s.endNs) / 1e6, s.target_rps, s.done])

test('a request belongs to the phase of its start and to the second of its end', () => {
  const { books, slices } = booksOf()
  books.begin({ id: 1, atNs: ns(0), plannedRps: () => 2 })
  books.add(ok(100))
  books.add(ok(900, 600))
  books.begin({ id: 2, atNs: ns(2000), plannedRps: () => 4 })
  books.add(ok(1990, 500))
  books.add(ok(2010))
  books.close(ns(3000))
  expect(shape(slices)).toEqual([
    [1, 0, 1000, 2, 1],
    [1, 1000, 2000, 2, 1],
    [1, 2000, 3000, 0, 1],
    [2, 2000, 3000, 4, 1],
  ])
})

test('what the tool calls its phase goes before the time', () => {
  const { books, slices } = booksOf()
  books.begin({ id: 1, atNs: ns(0), plannedRps: null })
  books.begin({ id: 2, atNs: ns(1000), plannedRps: null })
  books.add(ok(997, 1, 2))
  books.close(ns(2000))
  expect(shape(slices)).toEqual([[2, 1000, 2000, null, 1]])
})

test('a second is told once it has settled; what comes later has a slice of its own, planned nothing', () => {
  const { books, slices } = booksOf()
  books.begin({ id: 1, atNs: ns(0), plannedRps: () => 1 })
  books.add(ok(100))
  books.settle(ns(2400))
  expect(slices).toEqual([])
  books.settle(ns(2600))
  books.add(ok(200))
  books.settle(ns(2700))
  expect(shape(slices)).toEqual([
    [1, 0, 1000, 1, 1],
    [1, 0, 1000, 0, 1],
  ])
})

test('a planned second without a request is told, an unplanned one is not', () => {
  const { books, slices } = booksOf()
  books.begin({ id: 1, atNs: ns(0), plannedRps: null })
  books.begin({ id: 2, atNs: ns(3000), plannedRps: () => 5 })
  books.close(ns(4500))
  expect(shape(slices)).toEqual([
    [2, 3000, 4000, 5, 0],
    [2, 4000, 4500, 5, 0],
  ])
})

test('the plan of a phase adds up to its integral, whatever its length', () => {
  const { books, slices } = booksOf()
  books.begin({ id: 1, atNs: ns(0), plannedRps: (ms) => ms / 100 })
  books.begin({ id: 2, atNs: ns(4700), plannedRps: null })
  books.close(ns(9000))
  const planned = slices.reduce((n, s) => n + ((s.target_rps ?? 0) * Number(s.endNs - s.startNs)) / 1e9, 0)
  expect(planned).toBeCloseTo((4.7 * 47) / 2, 6)
})

test('errors and what was never sent are counted; only what was answered has a latency', () => {
  const { books, slices } = booksOf()
  books.begin({ id: 1, atNs: ns(0), plannedRps: () => 10 })
  books.add({ ...ok(10, 5), outcome: 'status' })
  books.add({ ...ok(20, 0), outcome: 'connect_refused' })
  books.drop(ns(30), 7, null)
  books.close(ns(1000))
  expect(slices[0]).toMatchObject({ sent: 2, done: 2, errors: { status: 1, connect_refused: 1, dropped: 7 } })
  expect(sumHdr([slices[0]?.hist.response ?? '']).total).toBe(1)
  expect(slices[0]?.hist.send_lag).toBeNull()
})
