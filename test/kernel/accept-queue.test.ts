import { expect, test } from 'vitest'
import { z } from 'zod'
import { acceptQueue } from '../../probes/catalog/accept-queue.ts'
import { bucketCeil, bucketFloor, type Histogram } from '../../probes/histogram.ts'
import { attach } from './attach.ts'
import { freshNetns } from './netns.ts'
import { boottimeNs, lastWindowEndUs, netCounter, phaseData, telemetryDelta } from './readings.ts'
import { kernelSuite, network } from './requirements.ts'
import { startWorkload } from './workload.ts'

/** a time that is known to lie between two, ns */
const between = z.tuple([z.number(), z.number()])
const truthSchema = z.object({
  depth_max: z.number(),
  limit: z.number(),
  waits: z.array(between),
  waiting_since: z.array(between),
})
const portSchema = z.object({ port: z.number() })
const toleranceNs = 1e6

kernelSuite('accept-queue against waits known from the client’s side', () => {
  test('every wait is within one bucket + 1 ms, the connections left are still waiting, depth and limit are right', async () => {
    const server = await startWorkload('accept', [
      '--backlog',
      '128',
      '--prompt',
      '20',
      '--accepted',
      '100',
      '--left',
      '10',
    ])
    const { port } = await server.hear('ready', portSchema)
    const attached = await attach(['accept-queue', '--pid', String(server.pid)])
    server.say('go')
    const truth = await server.hear('truth', truthSchema)
    await attached.stop()

    const data = phaseData(attached.records, acceptQueue)
    const listener = data.listeners[String(port)]
    expect(listener).toMatchObject({ accepted: truth.waits.length, untracked: 0, limit: truth.limit })
    expect(wrongWaits(listener?.latency, truth.waits)).toEqual([])
    // The server looks just before accept(); the probe at accept() or at its return.
    expect(truth.depth_max - (listener?.depth_max ?? 0)).toBeOneOf([0, 1])

    const endNs = boottimeNs(attached.records, lastWindowEndUs(attached.records, 'accept-queue'))
    expect(data.waiting.map((one) => one.port)).toEqual(truth.waiting_since.map(() => port))
    const ages = data.waiting.map((one) => one.age_ns).sort((a, b) => a - b)
    const oldest = sortedEnds(truth.waiting_since.map(([low, high]) => [endNs - high, endNs - low]))
    // 5 ms: the clocks of recording and kernel are compared here
    for (const [i, age] of ages.entries()) expect(isWithin(age, oldest[i], 5e6), `${age} of ${oldest[i]}`).toBe(true)
  })

  test('connections queued before the attach are told as untracked, not with a wrong wait', async () => {
    const server = await startWorkload('accept', [
      '--prompt',
      '0',
      '--accepted',
      '30',
      '--left',
      '0',
      '--every-ms',
      '400',
    ])
    const { port } = await server.hear('ready', portSchema)
    server.say('go') // the queue fills at once and empties over 12 s: attaching is quicker on any machine
    const attached = await attach(['accept-queue', '--pid', String(server.pid)])
    const truth = await server.hear('truth', truthSchema)
    await attached.stop()

    const listener = phaseData(attached.records, acceptQueue).listeners[String(port)]
    expect(listener?.latency?.count).toBe(0)
    expect(listener?.untracked).toBeGreaterThan(0)
    expect(listener?.untracked).toBeLessThanOrEqual(truth.waits.length)
  })
})

kernelSuite(
  'accept-queue overflow in the target’s own network namespace',
  () => {
    test('the overflows shown are those of the target’s namespace', async () => {
      const { prefix } = freshNetns()
      // A queue for 4 holds 5; the SYNs of 20 more are dropped, again and again.
      const shape = [
        '--backlog',
        '4',
        '--prompt',
        '0',
        '--accepted',
        '5',
        '--left',
        '0',
        '--extra',
        '20',
        '--hold-ms',
        '1500',
      ]
      const server = await startWorkload('accept', shape, { prefix })
      const { port } = await server.hear('ready', portSchema)
      const attached = await attach(['accept-queue', '--pid', String(server.pid)])
      const before = netCounter(server.pid, 'TcpExt', 'ListenOverflows')
      server.say('go')
      const truth = await server.hear('truth', truthSchema)
      const overflows = netCounter(server.pid, 'TcpExt', 'ListenOverflows') - before
      await attached.stop()

      expect(overflows).toBeGreaterThanOrEqual(20)
      expect(telemetryDelta(attached.records, 'netns', 'TcpExt.ListenOverflows')).toBe(overflows)
      const listener = phaseData(attached.records, acceptQueue).listeners[String(port)]
      expect(listener).toMatchObject({ accepted: 5, limit: 4 })
      expect(truth.depth_max - (listener?.depth_max ?? 0)).toBeOneOf([0, 1])
      expect(wrongWaits(listener?.latency, truth.waits)).toEqual([])
    })
  },
  network,
)

/**
 * The histogram's values and the known waits, both in order of size, side by side: those that do not agree within one
 * bucket and 1 ms. (The i-th smallest wait lies between the i-th smallest lower and the i-th smallest upper end.)
 */
function wrongWaits(histogram: Histogram | null | undefined, waits: readonly (readonly [number, number])[]): string[] {
  const buckets = (histogram?.buckets ?? []).flatMap(([bucket, count]) => Array.from({ length: count }, () => bucket))
  const known = sortedEnds(waits)
  if (buckets.length !== known.length) return [`${buckets.length} values of ${known.length}`]
  return buckets.flatMap((bucket, i) => {
    const [low, high] = known[i] ?? [0, 0]
    const [floor, ceil] = [bucketFloor(Math.max(0, bucket - 1)), bucketCeil(bucket + 1)]
    const agrees = floor <= high + toleranceNs && ceil >= low - toleranceNs
    return agrees ? [] : [`bucket ${bucketFloor(bucket)}..${bucketCeil(bucket)} for ${low}..${high}`]
  })
}

function sortedEnds(spans: readonly (readonly [number, number])[]): [number, number][] {
  const lows = spans.map(([low]) => low).sort((a, b) => a - b)
  const highs = spans.map(([, high]) => high).sort((a, b) => a - b)
  return lows.map((low, i) => [low, highs[i] ?? low])
}

const isWithin = (value: number, span: readonly [number, number] | undefined, margin: number): boolean =>
  span !== undefined && value >= span[0] - margin && value <= span[1] + margin
