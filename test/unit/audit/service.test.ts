import { afterEach, describe, expect, test } from 'vitest'
import { type Service, startService } from '../../../audit/run/service.ts'

const HOUR_MS = 3_600_000
let service: Service | null = null
afterEach(async () => {
  await service?.stop()
  service = null
})

/** The command of a plan: a Node.js program given as text. */
const command = (program: string, readyMs: number) => ({
  argv: [process.execPath, '-e', program] as const,
  env: {},
  cwd: null,
  readyMs,
})
/** Timers that keep this process alive. */
const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
const never = new AbortController().signal

describe('a service without a url', () => {
  test('is ready as soon as it listens anywhere', async () => {
    // Were it to wait as long as `ready` allows, this test would not end.
    service = await startService(
      command("require('node:http').createServer().listen(0, '127.0.0.1')", HOUR_MS),
      null,
      null,
      never,
    )
    expect(service.pid).toBeGreaterThan(0)
  })
  test('is ready as soon as what it started listens', async () => {
    const inner = "require('node:http').createServer().listen(0, '127.0.0.1')"
    const outer = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(inner)}]); setInterval(() => {}, 1e6)`
    service = await startService(command(outer, HOUR_MS), null, null, never)
    expect(service.pid).toBeGreaterThan(0)
  })
  test('that never listens is ready when its time is over', async () => {
    service = await startService(command('setInterval(() => {}, 1e6)', 300), null, null, never)
    expect(service.pid).toBeGreaterThan(0)
  })
  test('that ends has not come up, its last words are told, and it is not looked for any longer', async () => {
    const before = timers()
    await expect(
      startService(command("console.error('no database'); process.exit(3)", HOUR_MS), null, null, never),
    ).rejects.toThrow(/did not come up: it ended with code 3\nno database/)
    // Nobody looks for it any longer: a timer would keep this process from ending for an hour.
    await expect.poll(timers).toBeLessThanOrEqual(before)
  })
})
