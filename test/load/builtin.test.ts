import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type BuiltinOptions, builtinDriver } from '../../audit/load/builtin.ts'
import type { Course } from '../../audit/load/driver.ts'
import type { LoadSlice } from '../../audit/load/generator.ts'
import type { PlannedPhase, SearchPhase, TimedPhase } from '../../audit/plan/plan.ts'
import { httpServer } from './servers.ts'

const load: BuiltinOptions['load'] = {
  protocol: 'http/1.1',
  connections: 10,
  keepAlive: true,
  timeoutMs: 2000,
  maxInFlight: 1000,
  maxQueue: 1000,
  workers: null,
  requests: [
    {
      name: 'home',
      method: 'GET',
      path: '/',
      headers: {},
      body: null,
      weight: 1,
      expect: { status: [], bodyIncludes: null },
    },
  ],
  tls: { ca: null, verify: true, serverName: null },
}
const timed = (name: string, rps: number, durationMs: number, discard = false): TimedPhase => ({
  type: 'timed',
  name,
  kind: name,
  durationMs,
  fromRps: rps,
  toRps: rps,
  discard,
  thresholds: null,
})
const thresholds = { p50Ms: null, p99Ms: null, p999Ms: null, errors: 0.01 }

/** Keeps what a run is told, and what it told: the phases of the kernel's side. */
function courseOf(onBegin: (name: string) => void = () => undefined) {
  const begun: string[] = []
  const slices: LoadSlice[] = []
  const notes: string[] = []
  let id = 1
  const course: Course = {
    firstPhase: id,
    begin: async (name, kind) => {
      begun.push(`${name} (${kind})`)
      onBegin(name)
      return { id: ++id, atNs: process.hrtime.bigint() }
    },
    slice: (slice) => slices.push(slice),
    note: (text) => notes.push(text),
  }
  const sentIn = (phase: number) =>
    slices.filter((slice) => slice.phase === phase).reduce((sum, { sent }) => sum + sent, 0)
  return { course, begun, slices, notes, sentIn }
}

function driverFor(url: string, phases: readonly PlannedPhase[], changes: Partial<BuiltinOptions> = {}) {
  const driver = builtinDriver({ load, url, phases, thresholds, ...changes })
  onTestFinished(() => driver.stop())
  return driver
}

describe('the built-in load', { timeout: 30_000 }, () => {
  it('drives the phases of a plan one after the other', async () => {
    const requestsAt: Record<string, number> = {}
    const server = await httpServer()
    const { course, begun, slices, notes, sentIn } = courseOf((name) => {
      requestsAt[name] = server.requests
    })
    const phases = [
      timed('idle', 0, 300),
      timed('warmup', 50, 200, true),
      timed('baseline', 100, 500),
      timed('stress', 200, 500),
    ]
    const driver = driverFor(server.url, phases)
    expect(driver.pids()).toEqual([])
    const ran = driver.run(course)
    await vi.waitFor(() => expect(driver.pids().length).toBe(1), { timeout: 10_000 })
    const pids = driver.pids()
    expect(await ran).toEqual({ failed: null, reasons: [] })
    expect(begun).toEqual(['warmup (warmup)', 'baseline (baseline)', 'stress (stress)'])
    // Nothing reaches the target while it is idle; connections open with the first load, and each answer is in before the next phase.
    expect(requestsAt).toEqual({ warmup: 0, baseline: 10 + 10, stress: 10 + 10 + 50 })
    expect([1, 2, 3, 4].map(sentIn)).toEqual([0, 0, 50, 100])
    expect(slices.filter(({ phase }) => phase === 2)).toEqual([])
    expect(notes).toEqual([])
    expect(driver.pids()).toEqual([])
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow()
  })

  it('finds the highest rate that keeps the thresholds, in phases of their own', async () => {
    let recent: number[] = []
    // Serves what came in the last 200 ms up to its capacity, and refuses the rest.
    const server = await httpServer((_, response) => {
      const now = performance.now()
      recent = [...recent.filter((ms) => ms > now - 200), now]
      response.writeHead(recent.length > 60 ? 503 : 200).end()
    })
    const phase: SearchPhase = {
      type: 'search',
      name: 'search',
      kind: 'stress',
      fromRps: 50,
      toRps: 2000,
      stepMs: 500,
      precision: 0.25,
      thresholds: null,
    }
    const { course, begun, notes, sentIn } = courseOf()
    const validity = { minAchieved: 0.5, maxSendLagP99Ms: 10_000, maxGeneratorCpu: 0.8 } // a busy machine is not what this is about
    const { failed, reasons } = await driverFor(server.url, [timed('warmup', 50, 100, true), phase], { validity }).run(
      course,
    )
    expect(failed).toBeNull()
    expect(begun.slice(0, 4)).toEqual([
      'search 50/s (stress)',
      'search 100/s (stress)',
      'search 200/s (stress)',
      'search 400/s (stress)',
    ])
    expect(sentIn(3)).toBe(50) // 100/s for half a second
    const kept = Number(/search: (\d+)\/s keeps the thresholds/.exec(reasons[0] ?? '')?.[1])
    // The server serves 300/s.
    expect(kept).toBeGreaterThanOrEqual(200)
    expect(kept).toBeLessThan(400)
    expect(notes.at(-1)).toBe(reasons[0])
    expect(notes.length).toBe(begun.length + 1)
  })

  it('fails when not even the first rate of a search is kept', async () => {
    const server = await httpServer((_, response) => response.writeHead(500).end())
    const phase: SearchPhase = {
      type: 'search',
      name: 'search',
      kind: 'stress',
      fromRps: 50,
      toRps: 200,
      stepMs: 200,
      precision: 0.1,
      thresholds: null,
    }
    const { course, sentIn } = courseOf()
    const validity = { minAchieved: 0.5, maxSendLagP99Ms: 10_000, maxGeneratorCpu: 0.8 }
    expect(await driverFor(server.url, [phase], { validity }).run(course)).toEqual({
      failed: true,
      reasons: ['search: not even 50/s keeps the thresholds (errors 100 %, limit 1 %)'],
    })
    expect(sentIn(1)).toBe(10)
  })

  it('stops at once: no request after', async () => {
    const server = await httpServer()
    const { course, begun } = courseOf()
    const driver = driverFor(server.url, [timed('soak', 300, 60_000), timed('next', 10, 1000)])
    const ran = driver.run(course)
    await vi.waitFor(() => expect(server.requests).toBeGreaterThan(100), { timeout: 10_000, interval: 5 })
    await driver.stop()
    const atStop = server.requests
    expect(await ran).toEqual({ failed: null, reasons: [] })
    expect(begun).toEqual([])
    await server.close()
    expect(server.requests - atStop).toBeLessThanOrEqual(10) // what was on its way on ten connections
  })

  it('stops before it has begun', async () => {
    const server = await httpServer()
    const { course } = courseOf()
    const driver = driverFor(server.url, [timed('load', 100, 60_000)])
    const ran = driver.run(course)
    await driver.stop()
    expect(await ran).toEqual({ failed: null, reasons: [] })
    expect(server.requests).toBe(0)
  })

  it('says when there is no target, before any phase has passed', async () => {
    const { course, begun } = courseOf()
    await expect(driverFor('http://127.0.0.1:1/', [timed('idle', 0, 60_000)]).run(course)).rejects.toMatchObject({
      code: 'target_unreachable',
    })
    expect(begun).toEqual([])
  })
})
