import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** Lines of a stream as they come, for tests that wait for one of them. */
export interface Lines<T> {
  readonly all: readonly T[]
  /** The first line, seen or still to come, that `wanted` accepts; rejects when the stream ends without it. */
  until(wanted: (line: T) => boolean, what: string): Promise<T>
  /** resolves when the stream has ended */
  readonly ended: Promise<void>
}

/** @param parse turns a line into what the test works with, null: not for it; what it throws, `until` and `ended` reject with */
export function readLines<T>(stream: Readable, parse: (line: string) => T | null): Lines<T> {
  const all: T[] = []
  const waiting = new Set<() => void>()
  let over: Error | true | null = null
  const wake = () => {
    for (const check of waiting) check()
  }
  const reader = createInterface({ input: stream })
  // A process that is killed may leave half a line: what cannot be read counts once another line follows it.
  let unreadable: Error | null = null
  reader.on('line', (text) => {
    over ??= unreadable
    try {
      const line = parse(text)
      if (line !== null) all.push(line)
    } catch (error) {
      unreadable = error instanceof Error ? error : new Error(String(error))
    }
    wake()
  })
  const ended = new Promise<void>((resolve, reject) => {
    const finish = () => {
      over ??= true
      wake()
      if (over === true) resolve()
      else reject(over)
    }
    reader.on('close', finish)
    stream.on('close', finish) // destroyed by the test: the reader never hears of it
  })
  ended.catch(() => undefined) // reported by whoever waits for it
  return {
    all,
    ended,
    until: (wanted, what) =>
      new Promise((resolve, reject) => {
        const check = () => {
          const found = all.find(wanted)
          if (found !== undefined) resolve(found)
          else if (over !== null) reject(over === true ? new Error(`the stream ended before: ${what}`) : over)
          else return
          waiting.delete(check)
        }
        waiting.add(check)
        check()
      }),
  }
}

/** Waits until something outside becomes true, looking every 20 ms; fails with `what` after `withinMs`. */
export async function eventually(what: string, condition: () => boolean, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
