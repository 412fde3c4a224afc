import { expect, test } from 'vitest'
import { goneThreads } from '../../../probes/engine/gone-threads.ts'
import { eq } from '../../../probes/script/expr.ts'
import { openMap } from '../../../probes/script/maps.ts'
import type { PerThread } from '../../../probes/script/thread-end.ts'

const since = openMap('since', 'int', 'int')
const kind = openMap('kind', 'int', 'int')
const perThread: PerThread = { since, maps: [since, kind], isKnown: (thread) => eq(thread, 0) }
const program = { perThread: [perThread] }
const entries = (of: Record<number, number>) => ({ entries: Object.entries(of) as [string, number][] })
const SECOND = 1e9
const CUT = 100 * SECOND

const living = new Map([
  [7, 10 * SECOND],
  [8, 90 * SECOND],
])
/** by when each living thread was made */
const isThere = (thread: number, sinceNs: number) =>
  living.has(thread) && (sinceNs === 0 || (living.get(thread) ?? 0) <= sinceNs)
const find = (open: Record<string, Record<number, number>>) =>
  goneThreads(new Map(Object.entries(open).map(([name, of]) => [`@${name}`, entries(of)])), CUT, program, isThere)

test('threads that wait and live are left alone', () => {
  expect(find({ since: { 7: 20 * SECOND, 8: 95 * SECOND }, kind: { 7: 1, 8: 1 } })).toEqual({
    all: new Set(),
    waited: false,
  })
})

test('a thread that has ended is forgotten, and said when its wait would have counted', () => {
  expect(find({ since: { 9: 20 * SECOND }, kind: { 9: 1 } })).toEqual({ all: new Set([9]), waited: true })
})

test('one that ended just after the cut is forgotten without a word', () => {
  expect(find({ since: { 9: CUT - 1e6 } })).toEqual({ all: new Set([9]), waited: false })
})

test('what is left of a thread without a wait is forgotten', () => {
  expect(find({ since: { 9: 0 }, kind: { 9: 1, 10: 1 } })).toEqual({ all: new Set([9, 10]), waited: false })
})

test('a number that another thread has since is not the thread that waited', () => {
  expect(find({ since: { 8: 20 * SECOND } })).toEqual({ all: new Set([8]), waited: true })
})

test('this very thread is there', () => {
  const own = goneThreads(new Map([['@kind', entries({ [process.pid]: 1, 4194305: 1 })]]), CUT, program)
  expect(own.all).toEqual(new Set([4_194_305]))
})
