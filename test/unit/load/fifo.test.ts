import { expect, it } from 'vitest'
import { createFifo } from '../../../audit/load/fifo.ts'

it('gives back in the order of arrival, across its own compaction', () => {
  const fifo = createFifo<number>()
  const out: (number | undefined)[] = []
  let next = 0
  for (let round = 0; round < 500; round++) {
    for (let i = 0; i < 30; i++) fifo.push(next++)
    for (let i = 0; i < 29; i++) out.push(fifo.shift())
  }
  expect(fifo.size).toBe(500)
  expect(fifo.peek()).toBe(out.length)
  while (fifo.size > 0) out.push(fifo.shift())
  expect(out).toEqual(Array.from({ length: next }, (_, i) => i))
})

it('is empty before and after', () => {
  const fifo = createFifo<string>()
  expect([fifo.size, fifo.peek(), fifo.shift()]).toEqual([0, undefined, undefined])
  fifo.push('a')
  expect([fifo.shift(), fifo.size, fifo.peek(), fifo.shift()]).toEqual(['a', 0, undefined, undefined])
})
