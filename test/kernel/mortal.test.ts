import { expect, test } from 'vitest'
import { z } from 'zod'
import { locks } from '../../probes/catalog/locks.ts'
import { offCpu } from '../../probes/catalog/off-cpu.ts'
import { syscalls } from '../../probes/catalog/syscalls.ts'
import { attach } from './attach.ts'
import { phaseData, phaseOf } from './readings.ts'
import { kernelSuite } from './requirements.ts'
import { startWorkload } from './workload.ts'

const truthSchema = z.object({ counts: z.record(z.string(), z.number()), lived_ns: z.number() })

kernelSuite('threads that have ended', () => {
  test('count for nothing afterwards and fill no map; calls that return in odd ways are counted, and not pending', async () => {
    const program = await startWorkload('mortal')
    const attached = await attach(['off-cpu', 'locks', 'syscalls', '--pid', String(program.pid), '--follow'])
    program.say('go')
    const truth = await program.hear('truth', truthSchema)
    await attached.mark('after')
    await attached.mark('later')
    await attached.stop()

    expect(attached.records.filter((record) => record.type === 'loss' && record.kind === 'map_full')).toEqual([])
    const lengthNs = (phase: string) => {
      const { startUs, endUs } = phaseOf(attached.records, phase)
      return (endUs - startUs) * 1000
    }
    // No thread waits longer than it lives: the main thread for all of the phase, the others as long as they were there.
    const busy = phaseData(attached.records, offCpu, 'attach')
    expect(busy.blocked_ns + busy.runnable_ns).toBeLessThan((lengthNs('attach') + truth.lived_ns) * 1.01)
    for (const phase of ['after', 'later']) {
      const rest = phaseData(attached.records, offCpu, phase)
      expect(rest.open?.threads, phase).toBe(1)
      expect(rest.blocked_ns + rest.runnable_ns, phase).toBeLessThan(lengthNs(phase) * 1.01)
      expect(phaseData(attached.records, locks, phase).user.by_class, phase).toEqual({})
      expect(
        phaseData(attached.records, syscalls, phase).pending.map(({ name }) => name),
        phase,
      ).toEqual(['readv'])
    }
    const calls = phaseData(attached.records, syscalls, 'attach').syscalls
    const counted = Object.fromEntries(Object.keys(truth.counts).map((name) => [name, calls[name]?.count]))
    expect(counted).toEqual(truth.counts)
    expect(calls['rt_sigreturn']?.errors).toEqual({})
  })
})
