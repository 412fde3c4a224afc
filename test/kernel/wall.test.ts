import { expect, test } from 'vitest'
import { applyRecord, createRunModel } from '../../audit/model/apply.ts'
import { wallOf } from '../../audit/model/wall.ts'
import { findPath, nodeName } from '../../audit/profile/frame.ts'
import { columnTotals } from '../../audit/profile/totals.ts'
import { WALL_STATES } from '../../audit/profile/wall.ts'
import { parseRecord } from '../../audit/recording/reader.ts'
import { loadCatalog } from '../../probes/index.ts'
import { attach } from './attach.ts'
import { kernelSuite } from './requirements.ts'
import { startWorkload } from './workload.ts'

/** seven and main */
const THREADS = 8

kernelSuite('the wall-clock graph against a program of known threads', () => {
  test('running, blocked and waiting for a CPU add up to the time of all threads; each thread is where it was', async () => {
    const program = await startWorkload('offcpu', ['--seconds', '60'])
    program.say('go')
    const attached = await attach(['off-cpu', 'on-cpu', '--pid', String(program.pid), '--duration', '4s'])
    const { code } = await attached.finished
    expect(code).toBe(0)

    const model = createRunModel(await loadCatalog())
    for (const line of attached.records) {
      const record = parseRecord(JSON.stringify(line))
      if (record) applyRecord(model, record)
    }
    const wall = wallOf(model)
    const [phase] = model.phases
    if (!wall || !phase) throw new Error('no wall-clock graph')
    const of = wall.phases.get(phase)
    const durationNs = ((phase.endUs ?? 0) - phase.startUs) * 1000
    expect(of).toMatchObject({ isCpuTimeKnown: true, expectedNs: THREADS * durationNs })
    expect((of?.sumNs ?? 0) / (THREADS * durationNs)).toBeGreaterThan(0.97)
    expect((of?.sumNs ?? 0) / (THREADS * durationNs)).toBeLessThan(1.03)

    const all = wall.profile()
    const totals = columnTotals(all, String(phase.id))
    const shareIn = (name: string, state: string) => {
      let ns = 0
      for (let node = 1; node < all.size; node++)
        if (nodeName(all, node) === state && isBelow(node, name)) ns += totals[node] ?? 0
      return ns / durationNs
    }
    const isBelow = (node: number, name: string): boolean => {
      for (let at = node; at > 0; at = all.parentOf[at] ?? 0) if (nodeName(all, at) === name) return true
      return false
    }
    const idleIn = (name: string) => {
      let ns = 0
      for (let node = 1; node < all.size; node++)
        if (nodeName(all, node) === name && isBelow(node, WALL_STATES.idle)) ns += totals[node] ?? 0
      return ns / durationNs
    }
    // The burner with a CPU of its own computes, two share one, the sleepers sleep: of their own time each. Who does nothing
    // but sleep delays nobody.
    expect(idleIn('nap_twenty_ms')).toBeGreaterThan(0.5)
    expect(idleIn('nap_twenty_ms') + shareIn('nap_twenty_ms', WALL_STATES.runnable)).toBeGreaterThan(0.97)
    for (const name of ['burn_left', 'burn_right']) {
      expect(shareIn(name, WALL_STATES.blocked)).toBe(0)
      const [running, ready] = [shareIn(name, WALL_STATES.onCpu), shareIn(name, WALL_STATES.runnable)]
      expect(running + ready).toBeGreaterThan(0.85)
      expect(running + ready).toBeLessThan(1.15)
    }
    // main waits for the others to end
    expect(findPath(all, [WALL_STATES.idle])).not.toBeNull()
  })
})
