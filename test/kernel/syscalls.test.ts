import { expect, test } from 'vitest'
import { z } from 'zod'
import { syscalls } from '../../probes/catalog/syscalls.ts'
import { attach } from './attach.ts'
import { boottimeNs, lastWindowEndUs, phaseData } from './readings.ts'
import { kernelSuite } from './requirements.ts'
import { startWorkload } from './workload.ts'

const truthSchema = z.object({
  counts: z.record(z.string(), z.number()),
  errors: z.record(z.string(), z.record(z.string(), z.number())),
  slept_ns: z.number(),
  pending: z.object({ name: z.string(), since_ns: z.number() }),
})

kernelSuite('syscalls against a program that knows its own', () => {
  test('counts and errnos are exact, time in calls within 3 %, and the call that never returns is pending', async () => {
    const program = await startWorkload('syscalls')
    const attached = await attach(['syscalls', '--pid', String(program.pid)])
    program.say('go')
    const truth = await program.hear('truth', truthSchema)
    const { code } = await attached.stop()
    expect(code).toBe(130)

    const data = phaseData(attached.records, syscalls)
    for (const [name, count] of Object.entries(truth.counts)) {
      expect(data.syscalls[name]?.count, name).toBe(count)
      expect(data.syscalls[name]?.latency.count, name).toBe(count)
      expect(data.syscalls[name]?.errors, name).toEqual(truth.errors[name] ?? {})
    }
    const slept = data.syscalls['clock_nanosleep']?.total_ns ?? 0
    expect(Math.abs(slept / truth.slept_ns - 1)).toBeLessThan(0.03)

    const age = boottimeNs(attached.records, lastWindowEndUs(attached.records, 'syscalls')) - truth.pending.since_ns
    const pending = data.pending.filter((call) => call.name === truth.pending.name)
    expect(pending).toHaveLength(1)
    expect(Math.abs((pending[0]?.age_ns ?? 0) - age)).toBeLessThan(5e6)
  })

  test('nothing of the same calls is lost or counted twice over many windows', async () => {
    const program = await startWorkload('syscalls', ['--rounds', '6'])
    const attached = await attach(['syscalls', '--pid', String(program.pid), '--interval', '200ms'])
    program.say('go')
    const truth = await program.hear('truth', truthSchema)
    await attached.stop()

    const data = phaseData(attached.records, syscalls)
    const counted = Object.fromEntries(Object.keys(truth.counts).map((name) => [name, data.syscalls[name]?.count]))
    expect(counted).toEqual(truth.counts)
  })

  test('two attaches at once, with different targets, each see their own target only', async () => {
    const [first, second] = [await startWorkload('syscalls'), await startWorkload('syscalls', ['--rounds', '2'])]
    const [one, two] = await Promise.all(
      [first, second].map((program) => attach(['syscalls', '--pid', String(program.pid)])),
    )
    if (!one || !two) throw new Error('two attaches')
    first.say('go')
    second.say('go')
    const truths = await Promise.all([first, second].map((program) => program.hear('truth', truthSchema)))
    await Promise.all([one.stop(), two.stop()])

    for (const [i, attached] of [one, two].entries())
      for (const [name, count] of Object.entries(truths[i]?.counts ?? {}))
        expect(phaseData(attached.records, syscalls).syscalls[name]?.count, `${i} ${name}`).toBe(count)
  })
})
