import { expect, it, onTestFinished } from 'vitest'
import { type LoadSlice, startGenerator } from '../../audit/load/generator.ts'
import { sumHdr } from '../../audit/load/hdr.ts'
import { httpServer } from './servers.ts'

it('a load that processes share is the same load: its total, its ramp, its mix, its seconds', {
  timeout: 30_000,
}, async () => {
  const paths: string[] = []
  const server = await httpServer((request, response) => {
    paths.push(request.url ?? '')
    response.end()
  })
  const slices: LoadSlice[] = []
  const generator = await startGenerator({
    url: server.url,
    workers: 3,
    connections: 20,
    requests: [
      { path: '/a', weight: 5 },
      { path: '/b', weight: 3 },
      { path: '/c', weight: 2 },
    ],
    onSlice: (slice) => slices.push(slice),
  })
  onTestFinished(() => generator.stop())
  expect(new Set(generator.pids).size).toBe(3)
  await generator.warmUp()
  expect(server.connections).toBe(20 + 1) // and the one that proves that the target is there
  paths.length = 0
  const { startNs, endNs, drained } = await generator.runPhase({
    id: 7,
    rates: { fromRps: 100, toRps: 700, durationMs: 2500 },
  })
  expect(await drained).toEqual({ planned: 1000, sent: 1000, done: 1000, errors: {} })
  expect(
    Object.fromEntries(['/a', '/b', '/c'].map((path) => [path, paths.filter((one) => one === path).length])),
  ).toEqual({
    '/a': 500,
    '/b': 300,
    '/c': 200,
  })
  // Told once a second, one after the other, as if by one.
  expect(slices[0]?.startNs).toBe(startNs)
  for (const [i, slice] of slices.entries()) if (i > 0) expect(slice.startNs).toBe(slices[i - 1]?.endNs)
  expect(slices.slice(0, 3).map(({ endNs: end }) => Math.round(Number(end - startNs) / 1e6))).toEqual([
    1000, 2000, 2500,
  ])
  expect(slices[2]?.endNs).toBe(endNs)
  const planned = slices.map(
    ({ target_rps, startNs: from, endNs: to }) => ((target_rps ?? 0) * Number(to - from)) / 1e9,
  )
  // The integral of 100 + 240 t over the first, the second and the last half second.
  for (const [i, due] of [220, 460, 320].entries()) expect(Math.abs((planned[i] ?? 0) - due)).toBeLessThanOrEqual(1)
  expect(slices.reduce((sum, { sent }) => sum + sent, 0)).toBe(1000)
  expect(slices.reduce((sum, { hist }) => sum + sumHdr([hist.response]).total, 0)).toBe(1000)
  expect(slices.at(-1)?.in_flight).toBe(0)
})

it('a process that dies ends the others: a share of a load is not the load', { timeout: 15_000 }, async () => {
  const server = await httpServer()
  const generator = await startGenerator({ url: server.url, workers: 2, connections: 4 })
  onTestFinished(() => generator.stop())
  const ran = generator.runPhase({ id: 1, rates: { fromRps: 100, toRps: 100, durationMs: 60_000 } })
  process.kill(generator.pids[1] ?? 0, 'SIGKILL')
  await expect(ran).rejects.toMatchObject({ code: 'generator_died' })
  for (const pid of generator.pids) expect(() => process.kill(pid, 0)).toThrow()
})
