import { expect, test } from 'vitest'
import { z } from 'zod'
import { offCpu } from '../../probes/catalog/off-cpu.ts'
import { attach } from './attach.ts'
import { phaseData, phaseStacks, sumOf } from './readings.ts'
import { kernelSuite } from './requirements.ts'
import { startWorkload } from './workload.ts'

const ofClass = z.record(z.string(), z.number())
const truthSchema = z.object({ work: ofClass, blocked: ofClass, lock: ofClass, unknown: ofClass })

kernelSuite('waits by what they are for', () => {
  test('each kind is classed as what it is, for as long as it lasted', async () => {
    const program = await startWorkload('kinds')
    const attached = await attach(['off-cpu', '--pid', String(program.pid), '--interval', '6s'])
    program.say('go')
    const truth = await program.hear('truth', truthSchema)
    await attached.stop()

    const stacks = phaseStacks(attached.records, 'off-cpu')
    const data = phaseData(attached.records, offCpu)
    // Who was woken waits for a CPU, which a busy host makes long: the clocks of the threads hold both.
    const runnable = (name: string) => sumOf(stacks, name, { state: 'runnable' })
    const expectNear = (what: string, seen: number, woken: number, known: number) => {
      expect(seen, `${what}: ${seen} of ${known} ns`).toBeLessThan(1.03 * known)
      expect(seen + woken, `${what}: ${seen} and ${woken} of ${known} ns`).toBeGreaterThan(0.97 * known)
    }
    // The tracer keeps stacks by a hash of 17 bits: of some hundred one may be lost to another.
    const lost = new Set(Object.keys({ ...truth.work, ...truth.blocked }).filter((name) => sumOf(stacks, name) === 0))
    expect(lost.size, [...lost].join()).toBeLessThan(2)
    for (const [name, known] of Object.entries(truth.work)) {
      if (lost.has(name)) continue
      const seen = sumOf(stacks, name, { for: 'work' })
      // it kept house also before
      if (name === 'keep_house') expect(seen + runnable(name)).toBeGreaterThan(0.97 * known)
      else expectNear(name, seen, runnable(name), known)
      expect(sumOf(stacks, name, { state: 'blocked' }), `${name}: all of it`).toBe(seen)
    }
    for (const [name, known] of Object.entries(truth.blocked)) {
      if (lost.has(name)) continue
      const seen = sumOf(
        stacks.filter(({ dims }) => dims['for'] === undefined),
        name,
        { state: 'blocked' },
      )
      expectNear(name, seen, runnable(name), known)
      expect(sumOf(stacks, name, { state: 'blocked' }), `${name}: all of it`).toBe(seen)
    }
    const all = (of: Record<string, number>) => Object.values(of).reduce((a, b) => a + b, 0)
    // Not: the words that its first thread reads through a socket of a pair, from before the attach.
    const unknown = sumOf(stacks, 'futex_wait', { for: 'unknown' })
    const [locked, woken] = [data.lock_ns ?? 0, runnable('futex_wait')]
    expectNear('locks', locked, woken, all(truth.lock))
    expectNear('of unknown kind', unknown, woken, all(truth.unknown))
    expectNear('both', locked + unknown, woken, all(truth.lock) + all(truth.unknown))
    expect((data.idle_ns ?? 0) + (data.working_ns ?? 0) + (data.unknown_ns ?? 0)).toBe(data.blocked_ns)
  })
})
