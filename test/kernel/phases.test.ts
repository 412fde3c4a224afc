import { expect, test } from 'vitest'
import { z } from 'zod'
import { offCpu } from '../../probes/catalog/off-cpu.ts'
import { syscalls } from '../../probes/catalog/syscalls.ts'
import { attach } from './attach.ts'
import { phaseData, phaseOf, phaseStacks, sumOf } from './readings.ts'
import { kernelSuite } from './requirements.ts'
import { startWorkload } from './workload.ts'

const truthSchema = z.object({ name: z.string(), calls: z.number(), asleep_ns: z.number() })
const behaviours = ['getppid', 'getuid', 'getgid'] as const

kernelSuite('phases of a program that changes its behaviour at each mark', () => {
  test('each phase shows all of its own behaviour and nothing of the others; an open wait is split between them', async () => {
    const program = await startWorkload('phases')
    const attached = await attach(['syscalls', 'off-cpu', '--pid', String(program.pid), '--interval', '300ms'])
    const truths: z.infer<typeof truthSchema>[] = []
    for (const [i, name] of behaviours.entries()) {
      await attached.mark(name)
      program.say(name)
      await program.hear('began', z.literal(name), i)
      const windows = attached.records.filter((record) => record.type === 'window').length
      await attached.until(
        'window',
        () => attached.records.filter((record) => record.type === 'window').length >= windows + 6,
      )
      program.say('idle')
      truths.push(await program.hear('truth', truthSchema, i))
    }
    await attached.mark('after')
    await attached.stop()

    for (const truth of truths) {
      const calls = phaseData(attached.records, syscalls, truth.name).syscalls
      const stacks = phaseStacks(attached.records, 'off-cpu', truth.name)
      for (const name of behaviours) {
        expect(calls[name]?.count ?? 0, `${name} in phase ${truth.name}`).toBe(name === truth.name ? truth.calls : 0)
        const asleep = sumOf(stacks, `nap_${name}`)
        if (name !== truth.name) expect(asleep, `nap_${name} in phase ${truth.name}`).toBe(0)
        // 5 %: every nap's clock is read around the sleep, some 20 us of 2 ms are on the CPU
        else expect(Math.abs(asleep / truth.asleep_ns - 1), `${asleep} of ${truth.asleep_ns} ns`).toBeLessThan(0.05)
      }
    }
    // parked_main blocks in one read() from the first phase to beyond the last: each phase has its own part of that wait.
    for (const name of behaviours.slice(1)) {
      const { startUs, endUs } = phaseOf(attached.records, name)
      const parked = sumOf(phaseStacks(attached.records, 'off-cpu', name), 'parked_main', { state: 'blocked' })
      expect(Math.abs(parked / ((endUs - startUs) * 1000) - 1), `parked ${parked} ns in ${name}`).toBeLessThan(0.03)
      expect(phaseData(attached.records, offCpu, name).open?.threads).toBeGreaterThanOrEqual(1)
    }
  })
})
