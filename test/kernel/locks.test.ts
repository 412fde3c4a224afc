import { expect, test } from 'vitest'
import { z } from 'zod'
import { locks } from '../../probes/catalog/locks.ts'
import { attach } from './attach.ts'
import { phaseData, phaseStacks, sumOf } from './readings.ts'
import { kernelSuite } from './requirements.ts'
import { startWorkload } from './workload.ts'

const truthSchema = z.record(z.string(), z.object({ waited_ns: z.number(), contended: z.number() }))

kernelSuite('locks against a mutex held for a known time', () => {
  test.each([
    { threads: 'that live on', ends: '0' },
    { threads: 'that end before the window does', ends: '1' },
  ])(
    'threads $threads: waits within 5 %, classed mutex with the waiting function in the stack; an idle pool is idle',
    async ({ ends }) => {
      const program = await startWorkload('locks', ['--hold-ms', '20', '--rounds', '50', '--threads-end', ends])
      const attached = await attach(['locks', '--pid', String(program.pid), '--interval', '4s'])
      program.say('park')
      await program.hear('parked', z.object({}))
      await attached.mark('contention')
      program.say('go')
      const truth = await program.hear('truth', truthSchema)
      await attached.mark('after')
      await attached.stop()

      const stacks = phaseStacks(attached.records, 'locks', 'contention')
      const { user } = phaseData(attached.records, locks, 'contention')
      const takers = Object.values(truth)
      const waited = takers.reduce((sum, taker) => sum + taker.waited_ns, 0)
      expect(Math.abs(user.wait_ns / waited - 1), `${user.wait_ns} of ${waited} ns`).toBeLessThan(0.05)
      expect(user.waits).toBeGreaterThanOrEqual(takers.reduce((sum, taker) => sum + taker.contended, 0))
      expect(user.contended, 'one address').toBeGreaterThan(0)
      for (const name of ['wait_first', 'wait_second']) {
        const seen = sumOf(stacks, name, { lock: 'user', class: 'mutex' })
        const known = truth[name]?.waited_ns ?? 0
        expect(Math.abs(seen / known - 1), `${name}: ${seen} of ${known} ns`).toBeLessThan(0.05)
      }
      const mutexes = stacks.filter((row) => row.dims['class'] === 'mutex')
      expect(new Set(mutexes.map((row) => row.dims['address'])).size, 'all at one address').toBe(1)

      // Both take it in one function: the same waits by lock and by who waits.
      const mutexRows = (user.by_lock ?? []).filter((row) => row.class === 'mutex')
      expect(mutexRows).toMatchObject([{ waiter: 'take', name: 'contended', address: mutexes[0]?.dims['address'] }])
      expect(Math.abs((mutexRows[0]?.wait_ns ?? 0) / waited - 1), `${mutexRows[0]?.wait_ns}`).toBeLessThan(0.05)
      expect(mutexRows[0]?.count).toBeGreaterThanOrEqual(takers.reduce((sum, taker) => sum + taker.contended, 0))

      // Four threads wait on a condition variable through the whole phase.
      const idle = stacks.filter((row) => row.dims['class'] === 'idle')
      expect(idle.reduce((sum, row) => sum + row.count, 0)).toBe(4)
      const phases = attached.records.findLast((record) => record.type === 'phase' && record.name === 'contention')
      const spanNs = phases?.type === 'phase' ? ((phases.end_us ?? 0) - phases.start_us) * 1000 : 0
      const idleNs = idle.reduce((sum, row) => sum + row.value, 0)
      expect(Math.abs(idleNs / (4 * spanNs) - 1), `${idleNs} of 4 x ${spanNs} ns`).toBeLessThan(0.03)
    },
  )
})
