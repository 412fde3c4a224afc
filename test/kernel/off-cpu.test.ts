import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { offCpu } from '../../probes/catalog/off-cpu.ts'
import { attach } from './attach.ts'
import { phaseData, phaseStacks, type Stack, sumOf } from './readings.ts'
import { kernelSuite } from './requirements.ts'
import { startWorkload } from './workload.ts'

const truthSchema = z.record(z.string(), z.object({ elapsed_ns: z.number(), cpu_ns: z.number(), asked_ns: z.number() }))
const sleepers = ['nap_two_ms', 'nap_twenty_ms', 'read_when_fed', 'feed_every_ten_ms']
const burners = ['burn_left', 'burn_right', 'burn_alone']

kernelSuite('off-cpu against the clocks of named threads', () => {
  test.each([
    { threads: 'that live on', ends: '0' },
    { threads: 'that end before the window does', ends: '1' },
  ])(
    'threads $threads: sleeps within 3 %, preemption never blocking, and the parts add up to wall time',
    async ({ ends }) => {
      const program = await startWorkload('offcpu', ['--seconds', '3', '--threads-end', ends])
      // Everything happens within the second window: at its cut, threads that end are gone.
      const attached = await attach(['off-cpu', '--pid', String(program.pid), '--interval', '6s'])
      program.say('go')
      const truth = await program.hear('truth', truthSchema)
      await attached.stop()

      const stacks = phaseStacks(attached.records, 'off-cpu')
      const seen = (name: string) => ({
        blocked: sumOf(stacks, name, { state: 'blocked' }),
        runnable: sumOf(stacks, name, { state: 'runnable' }),
      })
      for (const name of sleepers) {
        const { elapsed_ns, cpu_ns, asked_ns } = truth[name] ?? { elapsed_ns: 0, cpu_ns: 0, asked_ns: 0 }
        const { blocked, runnable } = seen(name)
        expect(
          within(blocked + runnable, elapsed_ns - cpu_ns, 0.03),
          described(name, blocked + runnable, elapsed_ns - cpu_ns),
        ).toBe(true)
        expect(blocked, `${name} blocked at least as long as it asked to`).toBeGreaterThan(asked_ns * 0.97)
        expect(blocked, `${name} blocked less than its own clock`).toBeLessThan(elapsed_ns * 1.03)
      }
      for (const name of burners) expect(seen(name).blocked, `${name} blocked`).toBe(0)
      // One CPU for two: each waits about half the time. Tolerance against their own CPU clocks 3 %.
      for (const name of ['burn_left', 'burn_right']) {
        const { elapsed_ns, cpu_ns } = truth[name] ?? { elapsed_ns: 0, cpu_ns: 0 }
        const { runnable } = seen(name)
        expect(within(runnable, elapsed_ns - cpu_ns, 0.03), described(name, runnable, elapsed_ns - cpu_ns)).toBe(true)
      }
      // blocked + runnable + on CPU = wall time x threads, 3 %
      const wall = sum([...sleepers, ...burners].map((name) => truth[name]?.elapsed_ns ?? 0))
      const onCpu = sum([...sleepers, ...burners].map((name) => truth[name]?.cpu_ns ?? 0))
      const off = sum([...sleepers, ...burners].map((name) => seen(name).blocked + seen(name).runnable))
      expect(within(off + onCpu, wall, 0.03), described('all threads', off + onCpu, wall)).toBe(true)
    },
  )

  test('the sums, the histograms and the stacks of a window tell the same', async () => {
    const program = await startWorkload('offcpu', ['--seconds', '1'])
    const attached = await attach(['off-cpu', '--pid', String(program.pid)])
    program.say('go')
    await program.hear('truth', truthSchema)
    await attached.stop()

    const data = phaseData(attached.records, offCpu)
    const stacks = phaseStacks(attached.records, 'off-cpu')
    expect(data.blocked_ns).toBe(total(stacks, 'blocked'))
    expect(data.runnable_ns).toBe(total(stacks, 'runnable'))
    expect(data.blocked.sum).toBeLessThanOrEqual(data.blocked_ns)
    expect(data.switches.involuntary).toBeGreaterThan(0)
    expect(data.switches.voluntary).toBeGreaterThan(500)
  })

  test('the stacks behind a tail: each wait is kept under the longest of the lengths it reached', async () => {
    const program = await startWorkload('offcpu', ['--seconds', '1'])
    const attached = await attach(['off-cpu', '--pid', String(program.pid), '--interval', '6s'])
    program.say('go')
    await program.hear('truth', truthSchema)
    await attached.stop()
    const stacks = phaseStacks(attached.records, 'off-cpu')
    const blocked = (name: string, over: string) => sumOf(stacks, name, { state: 'blocked', over })
    // A busy host makes a nap longer, never shorter.
    expect(blocked('nap_two_ms', '1 ms')).toBeGreaterThan(0.5 * sumOf(stacks, 'nap_two_ms', { state: 'blocked' }))
    expect(blocked('nap_twenty_ms', '10 ms')).toBeGreaterThan(
      0.5 * sumOf(stacks, 'nap_twenty_ms', { state: 'blocked' }),
    )
    expect(blocked('nap_twenty_ms', '1 ms')).toBe(0)
    const kept = (view: string) => offCpu.draw.flame?.views.find(({ name }) => name === view)?.keep
    const within = (view: string) => sum(stacks.filter(({ dims }) => kept(view)?.(dims)).map(({ value }) => value))
    expect(within('over-1ms')).toBeGreaterThan(within('over-10ms'))
    expect(within('blocked')).toBeGreaterThanOrEqual(within('over-1ms'))
    const tail = stacks.filter(({ dims }) => kept('over-10ms')?.(dims))
    expect(tail.every(({ value, count }) => value / count >= 1e7 * 0.99)).toBe(true)
  })

  test('a thread that slept since before the attach is blocked for all of each phase', async () => {
    const program = await startWorkload('phases')
    const threads = readdirSync(`/proc/${program.pid}/task`).length
    const attached = await attach(['off-cpu', '--pid', String(program.pid)])
    await attached.mark('second')
    await attached.stop()
    for (const name of ['attach', 'second']) {
      const phase = attached.records.findLast((record) => record.type === 'phase' && record.name === name)
      const lengthNs = phase?.type === 'phase' ? ((phase.end_us ?? 0) - phase.start_us) * 1000 : 0
      const { blocked_ns, open } = phaseData(attached.records, offCpu, name)
      // Nobody has told the program to do anything yet.
      expect(open?.threads).toBe(threads)
      expect(within(blocked_ns, threads * lengthNs, 0.01), described(name, blocked_ns, threads * lengthNs)).toBe(true)
    }
  })

  test('a thread that slept since before the attach and then goes on was blocked until then', async () => {
    const program = await startWorkload('phases')
    const attached = await attach(['off-cpu', '--pid', String(program.pid), '--interval', '1s'])
    program.say('getppid')
    await program.hear('began', z.string())
    program.say('idle')
    await program.hear('truth', z.object({ name: z.string(), calls: z.number(), asleep_ns: z.number() }))
    await attached.stop()
    const phase = attached.records.findLast((record) => record.type === 'phase')
    const lengthNs = phase?.type === 'phase' ? ((phase.end_us ?? 0) - phase.start_us) * 1000 : 0
    // main reads words, but for the moment in which it made calls; the other thread came with the first word
    const reads = sumOf(phaseStacks(attached.records, 'off-cpu'), 'readv', { state: 'blocked' })
    expect(reads).toBeGreaterThan(0.9 * lengthNs)
  })
})

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const total = (stacks: readonly Stack[], state: string): number =>
  sum(stacks.filter((row) => row.dims['state'] === state).map((row) => row.value))
const within = (value: number, truth: number, share: number): boolean => Math.abs(value / truth - 1) <= share
const described = (what: string, value: number, truth: number): string =>
  `${what}: ${value / 1e6} ms of ${truth / 1e6} ms (${value / truth})`
