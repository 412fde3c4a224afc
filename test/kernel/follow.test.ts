import { expect, test } from 'vitest'
import { z } from 'zod'
import { syscalls } from '../../probes/catalog/syscalls.ts'
import { attach } from './attach.ts'
import { phaseData } from './readings.ts'
import { kernelSuite } from './requirements.ts'
import { startWorkload } from './workload.ts'

const truthSchema = z.object({
  own: z.record(z.string(), z.number()),
  tree: z.record(z.string(), z.number()),
  processes: z.number(),
})

kernelSuite('following a process tree', () => {
  test.each([
    { follow: ['--follow'], sees: 'every call of every child, from its first system call on', whose: 'tree' },
    { follow: [], sees: 'the process alone', whose: 'own' },
  ] as const)('attach $follow sees $sees', async ({ follow, whose }) => {
    const program = await startWorkload('forker')
    const attached = await attach(['syscalls', '--pid', String(program.pid), ...follow])
    program.say('go')
    const truth = await program.hear('truth', truthSchema)
    await attached.stop()

    const calls = phaseData(attached.records, syscalls).syscalls
    for (const name of ['getppid', 'getuid']) expect(calls[name]?.count ?? 0, name).toBe(truth[whose][name] ?? 0)
  })
})
