import { readFile } from 'node:fs/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startGenerator } from '../../audit/load/generator.ts'
import { DEMO_BACKLOG, type DemoOptions, startDemoTarget } from '../../fixtures/targets/start.ts'

async function demo(options?: DemoOptions) {
  const target = await startDemoTarget(options)
  onTestFinished(() => target.stop())
  const url = `http://127.0.0.1:${target.port}/`
  const answerMs = async () => {
    const start = performance.now()
    const response = await fetch(url)
    expect(await response.json()).toMatchObject({ ok: true })
    return performance.now() - start
  }
  return { target, url, answerMs }
}

/** A TcpExt counter of the target's network namespace. */
async function counter(pid: number, name: string): Promise<number> {
  const [names = '', values = ''] = (await readFile(`/proc/${pid}/net/netstat`, 'utf8')).split('\n')
  return Number(values.split(' ')[names.split(' ').indexOf(name)])
}

/** CPU time of the target in user and system mode, clock ticks. */
async function systemTicks(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[12])
}

describe('the demo target', () => {
  it('overflows its accept queue when it stalls, so that SYNs are resent after a second', async () => {
    const { target, url } = await demo()
    const generator = await startGenerator({ url, keepAlive: false, connections: 1 })
    onTestFinished(() => generator.stop())
    const burst = { fromRps: 300, toRps: 300, durationMs: 900 }
    const healthy = await generator.runPhase({ id: 1, rates: burst })
    await healthy.drained
    await target.setFaults({ stall: { ms: 400, everyMs: 450 } })
    const before = await counter(target.pid, 'ListenOverflows')
    const stalled = await generator.runPhase({ id: 2, rates: burst })
    expect((await stalled.drained).planned).toBe(270)
    // 400 ms at 300/s are 120 arrivals; the queue holds the backlog and one more.
    const overflows = (await counter(target.pid, 'ListenOverflows')) - before
    expect(overflows).toBeGreaterThan(120 / 2 - DEMO_BACKLOG)
  })

  it('makes threads wait for a mutex, in turn', async () => {
    const { answerMs } = await demo({ faults: { lock: { kind: 'mutex', holdMs: 20, every: 1 } } })
    expect(await answerMs()).toBeGreaterThanOrEqual(80)
  })

  it('makes threads wait for an Atomics lock, in turn', async () => {
    const { answerMs } = await demo({ faults: { lock: { kind: 'atomics', holdMs: 20, every: 1 } } })
    expect(await answerMs()).toBeGreaterThanOrEqual(80)
  })

  it('makes needless system calls', async () => {
    const { target, answerMs } = await demo({ faults: { syscalls: 200_000 } })
    const before = await systemTicks(target.pid)
    await answerMs()
    expect(await systemTicks(target.pid)).toBeGreaterThan(before)
  })

  it('waits for its upstream on the requests that ask it', async () => {
    const { answerMs } = await demo({ faults: { upstream: { ms: 120, every: 2 } } })
    expect(await answerMs()).toBeGreaterThanOrEqual(119)
    expect(await answerMs()).toBeGreaterThan(0)
  })

  it('changes its faults while it runs, and says what it refused', async () => {
    const { target, answerMs } = await demo()
    await target.setFaults({ upstream: { ms: 150, every: 1 } })
    expect(await answerMs()).toBeGreaterThanOrEqual(149)
    await target.setFaults({})
    await answerMs()
    await target.stop()
    await expect(target.setFaults({})).rejects.toThrow(/gone/)
  })

  it('names a taken port', async () => {
    const { target } = await demo()
    await expect(startDemoTarget({ port: target.port })).rejects.toThrow(/EADDRINUSE/)
  })

  it('leaves no perf map behind', async () => {
    const { target } = await demo()
    await expect(readFile(`/tmp/perf-${target.pid}.map`, 'utf8')).resolves.toContain('JS:')
    await target.stop()
    await expect(readFile(`/tmp/perf-${target.pid}.map`)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
