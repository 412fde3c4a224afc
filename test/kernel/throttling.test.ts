import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { attach } from './attach.ts'
import { attachAsText } from './attach-text.ts'
import { eventually } from './lines.ts'
import { telemetryDelta } from './readings.ts'
import { kernelSuite } from './requirements.ts'

kernelSuite('a target that its cgroup holds back', () => {
  test('is throttled for as long as the kernel says, and the text says so beside the wait for a CPU', async (ctx) => {
    const limited = startLimited()
    if (typeof limited === 'string') return ctx.skip(limited)
    const { pid, throttledUs } = limited
    await eventually('it is throttled', () => throttledUs() > 0, 10_000)
    const attached = await attach(['off-cpu', '--pid', String(pid)])
    const [before, after] = [throttledUs(), throttledUs() + 1e6]
    const reading = await attachAsText(['off-cpu', '--pid', String(pid)])
    await eventually('it is throttled for a second more', () => throttledUs() > after, 30_000)
    const text = await reading.stop()
    const atTheLeast = throttledUs() - before
    await attached.stop()

    // The recording begins before the test's first look and ends after its last.
    expect(telemetryDelta(attached.records, 'cgroup', 'own.cpu.throttled_usec')).toBeGreaterThanOrEqual(atTheLeast)
    expect(telemetryDelta(attached.records, 'cgroup', 'own.cpu.throttled_usec')).toBeLessThanOrEqual(throttledUs())
    expect(text).toMatch(/waiting for a CPU [\d.]+ m?s \(throttled [\d.]+ m?s by the CPU limit of 20\.0 %\)/)
  })
})

/** A process that wants all of a processor and may have a fifth; a text: why this host cannot limit it. */
function startLimited(): { pid: number; throttledUs: () => number } | string {
  const group = limitedGroup()
  if (group === null) return 'no cpu controller of either version can be used on this host'
  const child = spawn('/bin/sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' })
  const pid = child.pid ?? 0
  const ended = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
    await eventually('the group is empty', () => readFileSync(join(group, 'cgroup.procs'), 'utf8').trim() === '', 5000)
    rmdirSync(group)
  })
  writeFileSync(join(group, 'cgroup.procs'), String(pid))
  return {
    pid,
    throttledUs: () => {
      const text = readFileSync(join(group, 'cpu.stat'), 'utf8')
      const [, us] = /^throttled_usec (\d+)$/m.exec(text) ?? []
      const [, ns] = /^throttled_time (\d+)$/m.exec(text) ?? []
      return us === undefined ? Number(ns) / 1000 : Number(us)
    },
  }
}

/** A fresh group with a limit of 20 %, by version 1 or 2, whichever has the controller here. */
function limitedGroup(): string | null {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
  const v1 = mounts.find(([, , type, options]) => type === 'cgroup' && options?.split(',').includes('cpu'))?.[1]
  const v2 = mounts.find(([, , type]) => type === 'cgroup2')?.[1]
  const name = `probe-test-${process.pid}`
  if (v1 !== undefined) {
    const group = join(v1, name)
    mkdirSync(group)
    writeFileSync(join(group, 'cpu.cfs_period_us'), '100000')
    writeFileSync(join(group, 'cpu.cfs_quota_us'), '20000')
    return group
  }
  if (v2 === undefined) return null
  const group = join(v2, name)
  mkdirSync(group)
  if (existsSync(join(group, 'cpu.max'))) {
    writeFileSync(join(group, 'cpu.max'), '20000 100000')
    return group
  }
  rmdirSync(group)
  return null
}
