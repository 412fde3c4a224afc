import { expect, test } from 'vitest'
import { z } from 'zod'
import { wakeups } from '../../probes/catalog/wakeups.ts'
import { attach } from './attach.ts'
import { phaseData, phaseStacks, type Stack } from './readings.ts'
import { kernelSuite } from './requirements.ts'
import { startWorkload } from './workload.ts'

const truthSchema = z.record(z.string(), z.object({ elapsed_ns: z.number(), cpu_ns: z.number(), asked_ns: z.number() }))

kernelSuite('wakeups against threads whose wakers are known', () => {
  test('a reader is woken by the thread that writes, a sleeper by the clock’s interrupt', async () => {
    const program = await startWorkload('offcpu', ['--seconds', '3'])
    const attached = await attach(['wakeups', '--pid', String(program.pid), '--interval', '6s'])
    program.say('go')
    const truth = await program.hear('truth', truthSchema)
    await attached.stop()

    const stacks = phaseStacks(attached.records, 'wakeups')
    const [before, after] = [partOf('before'), partOf('after')]
    const reader = stacks.filter((row) => before(row).includes('read_when_fed'))
    const byWriter = reader.filter((row) => after(row).includes('feed_every_ten_ms'))
    expect(sum(byWriter)).toBeGreaterThan(0.95 * sum(reader))
    expect(sum(reader)).toBeGreaterThan(0.9 * (truth['read_when_fed']?.elapsed_ns ?? 0))
    for (const row of byWriter) expect(row.frames.at(-1)).toBe('[offcpu]')

    const sleeper = stacks.filter((row) => before(row).includes('nap_twenty_ms'))
    const byClock = sleeper.filter((row) => row.frames.at(-1) === '[interrupt]')
    expect(sum(byClock)).toBeGreaterThan(0.95 * sum(sleeper))
    expect(sum(sleeper)).toBeGreaterThan(0.9 * (truth['nap_twenty_ms']?.asked_ns ?? 0))
    // What the interrupt interrupted is nobody's waker.
    for (const row of byClock) expect(after(row).filter((name) => !/_\[k\]$|^\[interrupt\]$/.test(name))).toEqual([])

    const data = phaseData(attached.records, wakeups)
    expect(data.blocked_ns).toBe(sum(stacks))
    expect(data.wakeups).toBe(stacks.reduce((n, row) => n + row.count, 0))
    expect(data.wakeups).toBeGreaterThan(1000)
  })
})

const sum = (stacks: readonly Stack[]): number => stacks.reduce((n, row) => n + row.value, 0)
const partOf =
  (side: 'before' | 'after') =>
  ({ frames }: Stack): string[] => {
    const at = frames.indexOf('[woken by]')
    return side === 'before' ? frames.slice(0, at) : frames.slice(at + 1)
  }
