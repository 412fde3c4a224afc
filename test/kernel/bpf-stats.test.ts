import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { measurePrograms } from '../../audit/telemetry/kernel-cost.ts'
import { descendants } from './attach.ts'
import { eventually } from './lines.ts'
import { kernelSuite } from './requirements.ts'

const SWITCH = '/proc/sys/kernel/bpf_stats_enabled'
const state = () => readFileSync(SWITCH, 'utf8').trim()
const guardsOf = (pid: number) => descendants(pid).filter(({ comm }) => comm === 'sh' || comm === 'cat')

kernelSuite('the measurement of programs that --bpf-stats switches on for the host', () => {
  test('is undone at the end, also without the guard, and the guard ends with it', async ({ skip }) => {
    skip(state() !== '0', 'somebody else has switched it on')
    for (const isGuardKilled of [false, true]) {
      const undo = measurePrograms()
      onTestFinished(undo)
      expect(state()).toBe('1')
      const [guard] = guardsOf(process.pid)
      if (isGuardKilled && guard) process.kill(guard.pid, 'SIGKILL')
      undo()
      expect(state()).toBe('0')
      await eventually('the guard is gone', () => guardsOf(process.pid).length === 0, 5_000)
    }
  })

  test('is undone by the guard when the recorder is killed', async ({ skip }) => {
    skip(state() !== '0', 'somebody else has switched it on')
    const module = join(import.meta.dirname, '../../audit/telemetry/kernel-cost.ts')
    const script = `import { measurePrograms } from ${JSON.stringify(module)}; measurePrograms(); console.log('on'); setInterval(() => 0, 1000)`
    const recorder = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void recorder.kill('SIGKILL'))
    await once(createInterface({ input: recorder.stdout }), 'line')
    expect(state()).toBe('1')
    recorder.kill('SIGKILL')
    await eventually('it is off again', () => state() === '0', 5_000)
  })
})
