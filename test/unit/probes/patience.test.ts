import { spawn } from 'node:child_process'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createPatience, type Patience } from '../../../probes/engine/patience.ts'

const DAY = 86_400_000
const patience: Patience = { leastMs: 300, silentMs: 300, busyNs: 1_000_000, mostMs: DAY }

function start(body: string): number {
  const child = spawn(process.execPath, ['-e', body], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  if (child.pid === undefined) throw new Error('node could not be started')
  return child.pid
}

/** Resolves when it is over; the test ends without that when it is not. */
function over(pid: number | null, given: () => Patience) {
  let isOver = false
  let waiting: { end: () => void } | null = null
  const told = new Promise<string>((resolve) => {
    waiting = createPatience(
      () => pid,
      given,
      (waited) => {
        isOver = true
        resolve(waited)
      },
    )
  })
  onTestFinished(() => waiting?.end())
  return { told, isOver: () => isOver }
}

describe('how long a process is waited for', () => {
  test('one that does nothing, or is not there: as long as was said', async () => {
    const idle = start('setInterval(() => {}, 1e6)')
    expect(await over(idle, () => patience).told).toMatch(/^\d+ s$/)
    expect(await over(null, () => patience).told).toMatch(/^\d+ s$/)
  })

  test('one that works: longer, up to the most', async () => {
    const busy = start('for (;;);')
    const working = over(busy, () => patience)
    // The same, but for the bound: it is over first, whatever this machine does.
    const bounded = { ...patience, mostMs: 2_000 }
    await over(busy, () => bounded).told
    expect(working.isOver()).toBe(false)
  })

  test('less, from the moment that somebody waits for the end', async () => {
    let current = { ...patience, leastMs: DAY }
    const waited = over(null, () => current)
    await over(null, () => patience).told
    expect(waited.isOver()).toBe(false)
    current = patience
    await waited.told
  })
})
