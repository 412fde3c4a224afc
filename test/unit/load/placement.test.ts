import { describe, expect, it } from 'vitest'
import { parseCpuList, workersFor } from '../../../audit/load/placement.ts'

const kept = { protocol: 'http/1.1', keepAlive: true } as const

describe('the load is shared by', () => {
  it.each([
    [100, kept, 2, 1],
    [15_000, kept, 8, 1],
    [15_001, kept, 8, 2],
    [200_000, kept, 8, 7],
    [200_000, kept, 2, 1],
    [200_000, kept, 1, 1],
    [10_000, { ...kept, keepAlive: false }, 8, 3],
    [10_000, { ...kept, protocol: 'h2' as const }, 8, 2],
  ])('%i requests/s of %o on %i cores: %i', (rps, load, cores, workers) => {
    expect(workersFor(rps, load, cores)).toBe(workers)
  })
})

it.each([
  ['0-1', [0, 1]],
  ['3', [3]],
  ['0-2,7,9-10', [0, 1, 2, 7, 9, 10]],
])('reads the CPU list %s', (list, cpus) => {
  expect(parseCpuList(list)).toEqual(cpus)
})
