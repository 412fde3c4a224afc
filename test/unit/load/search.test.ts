import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { capacitySearch, type Trial } from '../../../audit/load/search.ts'

const phase = {
  type: 'search' as const,
  name: 'search',
  kind: 'stress',
  fromRps: 100,
  toRps: 10_000,
  stepMs: 1000,
  precision: 0.05,
  thresholds: null,
}

/** A target that keeps its thresholds up to a rate. */
async function search(capacityRps: number, changes: Partial<typeof phase> = {}, by: Trial['brokenBy'] = 'target') {
  const tried: number[] = []
  const notes: string[] = []
  const found = await capacitySearch(
    { ...phase, ...changes },
    async (rps) => {
      tried.push(rps)
      return {
        rps,
        brokenBy: rps > capacityRps ? by : null,
        text: rps > capacityRps ? 'p99 99 ms > 50 ms' : 'p99 9 ms',
      }
    },
    (text) => notes.push(text),
  )
  return { found, tried, notes }
}

describe('a search for capacity', () => {
  it('doubles until a trial breaks, then halves in between', async () => {
    const { found, tried, notes } = await search(1000)
    expect(tried).toEqual([100, 200, 400, 800, 1600, 1200, 1000, 1100, 1050])
    expect(found).toEqual({
      keptRps: 1000,
      brokenBy: 'target',
      text: 'search: 1000/s keeps the thresholds (p99 9 ms), 1050/s does not (p99 99 ms > 50 ms)',
    })
    expect(notes).toHaveLength(tried.length)
    expect(notes[4]).toBe('search: 1600/s broken: p99 99 ms > 50 ms')
  })

  it('finds any capacity to its precision in few trials', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 100, max: 9999 }),
        fc.constantFrom(0.01, 0.05, 0.2),
        async (capacity, precision) => {
          const { found, tried } = await search(capacity, { precision })
          expect(found?.keptRps).toBeLessThanOrEqual(capacity)
          // The answer, and one above it by the precision (or by one request/s) that breaks.
          expect(capacity).toBeLessThan((found?.keptRps ?? 0) * (1 + precision) + 1)
          expect(tried.length).toBeLessThan(20)
        },
      ),
    )
  })

  it.each([
    [
      'the highest rate of the plan',
      1e9,
      {},
      'target',
      10_000,
      /^search: 10000\/s, the highest rate of the plan, keeps/,
    ],
    ['nothing', 50, {}, 'target', null, /not even 100\/s keeps the thresholds/],
    [
      'less than the truth when the generator was the bottleneck',
      1000,
      {},
      'generator',
      1000,
      /at least 1000\/s .* the generator was the bottleneck/,
    ],
    ['no answer when the generator was the bottleneck from the start', 1, {}, 'generator', null, /no answer/],
    ['a single rate', 1e9, { fromRps: 300, toRps: 300 }, 'target', 300, /300\/s/],
  ] as const)('may answer %s', async (_name, capacity, changes, by, keptRps, text) => {
    const { found } = await search(capacity, changes, by)
    expect(found).toMatchObject({ keptRps, text: expect.stringMatching(text) })
  })

  it('has no answer when the load is stopped', async () => {
    expect(
      await capacitySearch(
        phase,
        async () => null,
        () => undefined,
      ),
    ).toBeNull()
  })
})
