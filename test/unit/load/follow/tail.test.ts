import { execFileSync } from 'node:child_process'
import { appendFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { tailFile } from '../../../../audit/load/follow/tail.ts'
import { testFolder } from './reading.ts'

/** Follows a file and keeps what it reads; `⟲` stands where it started anew. */
function follow(path: string, fromStart = true) {
  const stopping = new AbortController()
  const seen = { text: '', largest: 0 }
  const done = (async () => {
    const tail = tailFile(path, { fromStart, signal: stopping.signal, onRestart: () => (seen.text += '⟲') })
    for await (const chunk of tail) {
      seen.largest = Math.max(seen.largest, chunk.length)
      seen.text += chunk.toString('latin1')
    }
  })()
  onTestFinished(() => stopping.abort())
  const until = (text: string) => vi.waitFor(() => expect(seen.text).toBe(text), { timeout: 5000, interval: 5 })
  return { seen, until, stop: () => stopping.abort(), done }
}

test('what is added to a file is read as it comes', async () => {
  const path = join(testFolder(), 'f')
  writeFileSync(path, 'one ')
  const { until, stop, done, seen } = follow(path)
  await until('one ')
  appendFileSync(path, 'two')
  await until('one two')
  appendFileSync(path, ' last')
  stop()
  await done
  expect(seen.text).toBe('one two last')
})

test('a file that is not there yet is waited for', async () => {
  const path = join(testFolder(), 'f')
  const { until, stop, done } = follow(path)
  writeFileSync(path, 'late')
  await until('late')
  stop()
  await done
})

test('what a file holds already may be passed over', async () => {
  const path = join(testFolder(), 'f')
  writeFileSync(path, 'old ')
  const { until, seen } = follow(path, false)
  // Whatever is read first is new: append until something is.
  await vi.waitFor(
    () => {
      appendFileSync(path, 'n')
      expect(seen.text).not.toBe('')
    },
    { timeout: 5000, interval: 20 },
  )
  expect(seen.text).toMatch(/^n+$/)
  writeFileSync(path, '')
  await vi.waitFor(() => expect(seen.text).toMatch(/^n+⟲$/), { timeout: 5000, interval: 5 })
  const before = seen.text
  appendFileSync(path, 'again')
  await until(`${before}again`)
})

test('a file that is cut short is read from its start', async () => {
  const path = join(testFolder(), 'f')
  writeFileSync(path, 'a long beginning')
  const { until } = follow(path)
  await until('a long beginning')
  truncateSync(path, 0)
  await until('a long beginning⟲')
  appendFileSync(path, 'new')
  await until('a long beginning⟲new')
})

test('a file that is rotated is read to its end, then the new one', async () => {
  const path = join(testFolder(), 'f')
  writeFileSync(path, 'one')
  const { until } = follow(path)
  await until('one')
  appendFileSync(path, ', its end')
  renameSync(path, `${path}.1`)
  writeFileSync(path, 'two')
  await until('one, its end⟲two')
})

test('a file that was rotated just before the end is read, and the one in its place', async () => {
  const path = join(testFolder(), 'f')
  writeFileSync(path, 'one')
  const { until, stop, done, seen } = follow(path)
  await until('one')
  appendFileSync(path, ', its end')
  renameSync(path, `${path}.1`)
  writeFileSync(path, 'two')
  stop()
  await done
  expect(seen.text).toBe('one, its end⟲two')
})

test('a big file comes in pieces, and the reader sets the pace', async () => {
  const path = join(testFolder(), 'f')
  const text = 'x'.repeat(1_000_000)
  writeFileSync(path, text)
  const { stop, done, seen } = follow(path)
  stop()
  await done
  expect(seen.text).toBe(text)
  expect(seen.largest).toBeLessThanOrEqual(64 * 1024)
})

test('what is no regular file is refused, a FIFO without waiting for a writer', async () => {
  const folder = testFolder()
  await expect(follow(folder).done).rejects.toMatchObject({ code: 'samples_unreadable' })
  const fifo = join(folder, 'fifo')
  execFileSync('mkfifo', [fifo])
  await expect(follow(fifo).done).rejects.toMatchObject({ code: 'samples_unreadable', fix: expect.any(String) })
})
